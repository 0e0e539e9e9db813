//! Components whose configuration has been read: what can be asked of them before they are built.

use std::sync::Arc;

use crate::config::{ConfigError, Node, Problems, from_node};
use crate::extension::Use;
use crate::factory::{BuildContext, ComponentConfig};
use crate::probe::{Probe, ProbeContext};
use crate::router::PipelineReference;

/// A component whose configuration has been read and found valid.
pub struct Prepared<T> {
    build: Build<T>,
    memory_bound: usize,
    uses: Vec<Use>,
    pipelines: Vec<PipelineReference>,
    /// What was written; `None` for what has no configuration.
    settings: Option<Arc<Node>>,
    probes: Probes,
    component: &'static str,
}

impl<T> Clone for Prepared<T> {
    fn clone(&self) -> Self {
        Self {
            build: Arc::clone(&self.build),
            memory_bound: self.memory_bound,
            uses: self.uses.clone(),
            pipelines: self.pipelines.clone(),
            settings: self.settings.clone(),
            probes: Arc::clone(&self.probes),
            component: self.component,
        }
    }
}

type Probes = Arc<dyn Fn(&ProbeContext) -> Vec<Probe> + Send + Sync>;
type Build<T> = Arc<dyn Fn(&BuildContext) -> Result<T, ConfigError> + Send + Sync>;

impl<T> Prepared<T> {
    /// A component that `build` makes, without configuration: for tests of what stands around components.
    #[cfg(any(test, feature = "testing"))]
    pub fn from_fn(build: impl Fn(&BuildContext) -> Result<T, ConfigError> + Send + Sync + 'static) -> Self {
        Self {
            build: Arc::new(build),
            memory_bound: 0,
            uses: Vec::new(),
            pipelines: Vec::new(),
            settings: None,
            probes: Arc::new(|_| Vec::new()),
            component: "test",
        }
    }

    /// The same as if `text` were its configuration, in which it uses `extensions`.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn configured(mut self, text: &str, uses: Vec<Use>) -> Self {
        let value = crate::config::Value::String(text.to_owned());
        self.settings = Some(Arc::new(Node::new(value, crate::config::Span::default())));
        self.uses = uses;
        self
    }

    /// The same with another [`ComponentConfig::memory_bound`].
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn bounded(self, memory_bound: usize) -> Self {
        Self { memory_bound, ..self }
    }

    /// The same as a component of the type `component`.
    #[must_use]
    pub fn of_type(self, component: &'static str) -> Self {
        Self { component, ..self }
    }

    /// The name of its type, whatever alias was written.
    #[must_use]
    pub const fn component(&self) -> &'static str {
        self.component
    }

    /// Builds the component. May be called once for each pipeline that names it.
    ///
    /// # Errors
    ///
    /// What the configuration asks for and this host cannot give.
    pub fn build(&self, context: &BuildContext) -> Result<T, ConfigError> {
        (self.build)(context)
    }

    /// Whether the configuration of both says the same, references such as `${env:X}` included.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        match (&self.settings, &other.settings) {
            (Some(these), Some(those)) => these.says_the_same(those),
            (Some(_), None) | (None, Some(_)) | (None, None) => false,
        }
    }

    /// See [`ComponentConfig::memory_bound`].
    #[must_use]
    pub fn memory_bound(&self) -> usize {
        self.memory_bound
    }

    /// See [`ComponentConfig::probes`].
    #[must_use]
    pub fn probes(&self, context: &ProbeContext) -> Vec<Probe> {
        (self.probes)(context)
    }

    /// See [`ComponentConfig::uses`].
    #[must_use]
    pub fn uses(&self) -> &[Use] {
        &self.uses
    }

    /// See [`ComponentConfig::pipelines`].
    #[must_use]
    pub fn pipelines(&self) -> &[PipelineReference] {
        &self.pipelines
    }
}

pub(crate) fn read<C: ComponentConfig, T: 'static>(
    node: &Node,
    path: &str,
    problems: &mut Problems,
    build: fn(C, &BuildContext) -> Result<T, ConfigError>,
) -> Option<Prepared<T>> {
    let config = if node.is_null() { C::default() } else { from_node::<C>(node, path, problems)? };
    if let Err(error) = config.validate() {
        problems.push_invalid(node, path, error);
        return None;
    }
    let (memory_bound, uses, pipelines) = (config.memory_bound(), config.uses(), config.pipelines());
    let probed = config.clone();
    let build: Build<T> = Arc::new(move |context| build(config.clone(), context));
    let probes: Probes = Arc::new(move |context| probed.probes(context));
    let settings = Some(Arc::new(node.clone()));
    Some(Prepared { build, memory_bound, uses, pipelines, settings, probes, component: "" })
}
