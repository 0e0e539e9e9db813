//! The contract of connectors that choose.
//!
//! An ordinary connector emits to every pipeline behind it. A router sees them one by one, decides for each batch which of
//! them get it, and learns through acknowledgements what became of it there.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use edgewatch_proto::Signal;

use crate::config::ConfigError;
use crate::exporter::Sink;
use crate::factory::{
    BuildContext, ComponentConfig, ComponentKind, Connector, ConnectorFactory, describe, read,
};
use crate::receiver::Outlet;

/// Work that goes on beside the pipelines; it ends by itself.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The pipelines behind a router, by their ids.
pub type Pipelines = BTreeMap<String, Outlet>;

/// Chooses, batch by batch, among the pipelines behind it.
pub trait Router: Send {
    /// Puts it in front of `pipelines`: every one that names it as its receiver, those of its configuration among them.
    fn connect(self: Box<Self>, pipelines: Pipelines) -> Routed;
}

/// A router at its place.
pub struct Routed {
    /// What the pipelines in front of it lead into. They let go of it when nothing more will come.
    pub sink: Arc<dyn Sink>,
    /// Follows what was sent. Ends once the sink is gone and the fate of every batch is known; until then it holds those of the
    /// pipelines behind that it may still need.
    pub work: Work,
}

/// Where a configuration names a pipeline.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PipelineReference {
    /// The dotted key, relative to the component; numbers of entries are parts of it: `priority_levels.0.1`.
    pub key: String,
    /// The id, as written.
    pub id: String,
}

/// A router's name, configuration and construction. The pipelines that its configuration names are its
/// [`ComponentConfig::pipelines`].
pub trait RouterSpec: Router + Sized + 'static {
    /// Its name in configurations.
    const NAME: &'static str;
    /// Other names that are accepted for it.
    const ALIASES: &'static [&'static str] = &[];
    /// The signals that it passes on, each as itself. One router serves pipelines of one signal.
    const SIGNALS: &'static [Signal] = &Signal::ALL;
    /// One sentence for listings.
    const ABOUT: &'static str;
    /// What a user may write.
    type Config: ComponentConfig;

    /// Builds it, once.
    ///
    /// # Errors
    ///
    /// What only this host can tell.
    fn build(config: Self::Config, context: &BuildContext) -> Result<Self, ConfigError>;
}

impl ConnectorFactory {
    /// The factory of the router `S`.
    #[must_use]
    pub const fn router<S: RouterSpec>() -> Self {
        let mut description =
            describe::<S::Config>(ComponentKind::Connector, S::NAME, S::ALIASES, S::SIGNALS, S::ABOUT);
        description.emits = S::SIGNALS;
        Self::new(description, |node, path, problems| {
            read(node, path, problems, |config: S::Config, context| {
                Ok(Connector::Router(Box::new(S::build(config, context)?)))
            })
        })
    }
}
