//! How the agent makes components from configuration, without knowing them.
//!
//! A component states its name, its configuration and its construction in one place: an implementation of [`ReceiverSpec`],
//! [`ProcessorSpec`], [`ConnectorSpec`], [`ExporterSpec`] or [`ExtensionSpec`]. The registries list factories made from those.

use std::path::PathBuf;
use std::sync::Arc;

use edgewatch_proto::Signal;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::budget::Budget;
use crate::config::{ConfigError, Node, Problems};
use crate::delivery::Delivery;
use crate::exporter::Exporter;
use crate::extension::{Extension, Offered, Offers, Service, Use};
use crate::group::ExporterGroup;
use crate::health::Health;
use crate::host::Host;
use crate::listeners::Listeners;
pub use crate::prepared::Prepared;
pub(crate) use crate::prepared::read;
use crate::probe::{Probe, ProbeContext};
use crate::processor::Processor;
use crate::receiver::Receiver;
use crate::router::{PipelineReference, Router};
use crate::telemetry::Telemetry;

/// What a user may write under a component's id.
pub trait ComponentConfig:
    Clone + Default + DeserializeOwned + JsonSchema + Send + Serialize + Sync + 'static
{
    /// Checks the rules between keys; the types carry the rules about one key.
    ///
    /// # Errors
    ///
    /// Every rule that is broken, by key.
    fn validate(&self) -> Result<(), ConfigError> {
        Ok(())
    }

    /// The extensions that it names. The configuration checks that they run and offer what they are named for.
    fn uses(&self) -> Vec<Use> {
        Vec::new()
    }

    /// The pipelines that it names, for a connector that chooses among those behind it. The configuration checks that each exists, carries
    /// the connector's signal and has it as a receiver.
    fn pipelines(&self) -> Vec<PipelineReference> {
        Vec::new()
    }

    /// What only the host can tell about it, for `edgewatch validate --deep`. Looks at the host only when a probe runs.
    fn probes(&self, _context: &ProbeContext) -> Vec<Probe> {
        Vec::new()
    }

    /// Most memory, in bytes, that this configuration can make the component hold beyond what is in flight.
    fn memory_bound(&self) -> usize {
        0
    }
}

/// What a component may use of its surroundings while it is built, and keep.
#[derive(Clone)]
pub struct BuildContext {
    /// The component's id, such as `otlp/2`.
    pub id: String,
    /// The signal of the pipeline that it is built for; `None` for what serves several.
    pub signal: Option<Signal>,
    /// Where it registers its numbers, labelled with its kind and id already.
    pub telemetry: Telemetry,
    /// The memory that telemetry in flight may occupy.
    pub budget: Budget,
    /// The state of the agent, as the outside may ask for it.
    pub health: Health,
    /// Facts about the machine.
    pub host: Arc<dyn Host>,
    /// Where state that must survive a restart is kept; `None`: nowhere.
    pub state_directory: Option<PathBuf>,
    /// What the running extensions offer.
    pub offered: Offered,
    /// What the extension offers whose place this one is to take, at a reload.
    pub former: Offers,
    /// The sockets that the process listens on.
    pub listeners: Listeners,
}

/// The five kinds of components.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ComponentKind {
    /// Brings telemetry in.
    Receiver,
    /// Changes it.
    Processor,
    /// Sends it on.
    Exporter,
    /// Leads from pipelines into pipelines.
    Connector,
    /// Serves the agent itself.
    Extension,
}

impl ComponentKind {
    /// Every kind, in the order of the sections of a configuration.
    pub const ALL: [Self; 5] =
        [Self::Receiver, Self::Processor, Self::Exporter, Self::Connector, Self::Extension];

    /// `receiver`, `processor`, ...
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Receiver => "receiver",
            Self::Processor => "processor",
            Self::Exporter => "exporter",
            Self::Connector => "connector",
            Self::Extension => "extension",
        }
    }

    /// The section of the configuration: `receivers`, `processors`, ...
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::Receiver => "receivers",
            Self::Processor => "processors",
            Self::Exporter => "exporters",
            Self::Connector => "connectors",
            Self::Extension => "extensions",
        }
    }
}

/// What can be told about a component without building it.
#[derive(Clone, Copy)]
pub struct Description {
    /// Its kind.
    pub kind: ComponentKind,
    /// Its name in configurations.
    pub name: &'static str,
    /// Other names that are accepted for it.
    pub aliases: &'static [&'static str],
    /// The signals that it takes or makes; for a connector those that it takes. Empty for extensions.
    pub signals: &'static [Signal],
    /// For a connector: the signals that it emits. For a processor: those that it derives for other pipelines.
    pub emits: &'static [Signal],
    /// For an extension: what it offers to other components.
    pub offers: &'static [Service],
    /// One sentence for listings.
    pub about: &'static str,
    /// Whether it does its work only as the first processor of a pipeline.
    pub stands_first: bool,
    /// The JSON Schema of its configuration.
    pub schema: fn() -> Schema,
    /// Its configuration when nothing is written.
    pub defaults: fn() -> serde_json::Value,
}

/// Makes components of one type.
pub struct Factory<T: 'static> {
    /// What can be told about the type.
    pub description: Description,
    prepare: Prepare<T>,
}

type Prepare<T> = fn(&Node, &str, &mut Problems) -> Option<Prepared<T>>;

/// Makes receivers.
pub type ReceiverFactory = Factory<Box<dyn Receiver>>;
/// Makes processors.
pub type ProcessorFactory = Factory<Box<dyn Processor>>;
/// Makes connectors.
pub type ConnectorFactory = Factory<Connector>;
/// Makes exporters.
pub type ExporterFactory = Factory<AnyExporter>;
/// Makes extensions.
pub type ExtensionFactory = Factory<Box<dyn Extension>>;

/// What stands between pipelines.
pub enum Connector {
    /// Has the duties of a processor; what it emits goes to every pipeline behind it, by signal.
    Processor(Box<dyn Processor>),
    /// Chooses among the pipelines behind it.
    Router(Box<dyn Router>),
}

/// What stands at the end of pipelines.
pub enum AnyExporter {
    /// Has one destination.
    One(Box<BuiltExporter>),
    /// Has several, each with a queue of its own.
    Group(Box<dyn ExporterGroup>),
}

impl AnyExporter {
    /// The exporter, when it has one destination.
    #[must_use]
    pub fn one(self) -> Option<BuiltExporter> {
        match self {
            Self::One(built) => Some(*built),
            Self::Group(_) => None,
        }
    }

    /// See [`Exporter::is_exclusive`].
    #[must_use]
    pub fn is_exclusive(&self) -> bool {
        match self {
            Self::One(built) => built.exporter.is_exclusive(),
            Self::Group(_) => false,
        }
    }
}

impl From<BuiltExporter> for AnyExporter {
    fn from(built: BuiltExporter) -> Self {
        Self::One(Box::new(built))
    }
}

/// An exporter and how it wants to be served.
pub struct BuiltExporter {
    /// Sends batches.
    pub exporter: Box<dyn Exporter>,
    /// Queue, retry and timeout around it.
    pub delivery: Delivery,
}

impl<T> Factory<T> {
    pub(crate) const fn new(description: Description, prepare: Prepare<T>) -> Self {
        Self { description, prepare }
    }

    /// Reads the configuration of one component. Every problem goes to `problems`; `None` when one of them is an error.
    pub fn prepare(&self, node: &Node, path: &str, problems: &mut Problems) -> Option<Prepared<T>> {
        Some((self.prepare)(node, path, problems)?.of_type(self.description.name))
    }

    /// Whether `name` is the component's name or one of its aliases.
    #[must_use]
    pub fn answers_to(&self, name: &str) -> bool {
        self.description.name == name || self.description.aliases.contains(&name)
    }
}

/// A receiver's name, configuration and construction.
pub trait ReceiverSpec: Receiver + Sized + 'static {
    /// Its name in configurations.
    const NAME: &'static str;
    /// Other names that are accepted for it.
    const ALIASES: &'static [&'static str] = &[];
    /// The signals that it can bring in.
    const SIGNALS: &'static [Signal];
    /// One sentence for listings.
    const ABOUT: &'static str;
    /// What a user may write.
    type Config: ComponentConfig;

    /// Builds it. Sockets and files are opened later, by [`Receiver::open`].
    ///
    /// # Errors
    ///
    /// What only this host can tell.
    fn build(config: Self::Config, context: &BuildContext) -> Result<Self, ConfigError>;
}

/// A processor's name, configuration and construction.
pub trait ProcessorSpec: Processor + Sized + 'static {
    /// Its name in configurations.
    const NAME: &'static str;
    /// Other names that are accepted for it.
    const ALIASES: &'static [&'static str] = &[];
    /// The signals that it can process.
    const SIGNALS: &'static [Signal] = &Signal::ALL;
    /// The signals beside its pipeline's that it emits to pipelines that name it as their receiver.
    const DERIVES: &'static [Signal] = &[];
    /// One sentence for listings.
    const ABOUT: &'static str;
    /// Whether it does its work only as the first processor of a pipeline.
    const STANDS_FIRST: bool = false;
    /// What a user may write.
    type Config: ComponentConfig;

    /// Builds it, once for each pipeline that names it.
    ///
    /// # Errors
    ///
    /// What only this host can tell.
    fn build(config: Self::Config, context: &BuildContext) -> Result<Self, ConfigError>;
}

/// A connector's name, configuration and construction.
pub trait ConnectorSpec: Processor + Sized + 'static {
    /// Its name in configurations.
    const NAME: &'static str;
    /// Other names that are accepted for it.
    const ALIASES: &'static [&'static str] = &[];
    /// The signals that it takes from pipelines.
    const SIGNALS: &'static [Signal];
    /// The signals that it emits. The same list as [`ConnectorSpec::SIGNALS`] when each is passed on as itself.
    const EMITS: &'static [Signal];
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

/// An exporter's name, configuration and construction.
pub trait ExporterSpec: Exporter + Sized + 'static {
    /// Its name in configurations.
    const NAME: &'static str;
    /// Other names that are accepted for it.
    const ALIASES: &'static [&'static str] = &[];
    /// The signals that it can send.
    const SIGNALS: &'static [Signal] = &Signal::ALL;
    /// One sentence for listings.
    const ABOUT: &'static str;
    /// What a user may write.
    type Config: ComponentConfig;

    /// Builds it, once, whatever the number of pipelines.
    ///
    /// # Errors
    ///
    /// What only this host can tell.
    fn build(config: Self::Config, context: &BuildContext) -> Result<Self, ConfigError>;

    /// The queue, retry and timeout that `config` asks for.
    fn delivery(config: &Self::Config) -> Delivery;
}

/// An extension's name, configuration and construction.
pub trait ExtensionSpec: Extension + Sized + 'static {
    /// Its name in configurations.
    const NAME: &'static str;
    /// Other names that are accepted for it.
    const ALIASES: &'static [&'static str] = &[];
    /// What it offers to other components.
    const OFFERS: &'static [Service] = &[];
    /// One sentence for listings.
    const ABOUT: &'static str;
    /// What a user may write.
    type Config: ComponentConfig;

    /// Builds it.
    ///
    /// # Errors
    ///
    /// What only this host can tell.
    fn build(config: Self::Config, context: &BuildContext) -> Result<Self, ConfigError>;
}

impl ReceiverFactory {
    /// The factory of `S`.
    #[must_use]
    pub const fn of<S: ReceiverSpec>() -> Self {
        let description =
            describe::<S::Config>(ComponentKind::Receiver, S::NAME, S::ALIASES, S::SIGNALS, S::ABOUT);
        Self {
            description,
            prepare: |node, path, problems| {
                read(node, path, problems, |config: S::Config, context| {
                    Ok(Box::new(S::build(config, context)?))
                })
            },
        }
    }
}

impl ProcessorFactory {
    /// The factory of `S`.
    #[must_use]
    pub const fn of<S: ProcessorSpec>() -> Self {
        let mut description =
            describe::<S::Config>(ComponentKind::Processor, S::NAME, S::ALIASES, S::SIGNALS, S::ABOUT);
        description.stands_first = S::STANDS_FIRST;
        description.emits = S::DERIVES;
        Self {
            description,
            prepare: |node, path, problems| {
                read(node, path, problems, |config: S::Config, context| {
                    Ok(Box::new(S::build(config, context)?))
                })
            },
        }
    }
}

impl ConnectorFactory {
    /// The factory of `S`.
    #[must_use]
    pub const fn of<S: ConnectorSpec>() -> Self {
        let mut description =
            describe::<S::Config>(ComponentKind::Connector, S::NAME, S::ALIASES, S::SIGNALS, S::ABOUT);
        description.emits = S::EMITS;
        Self {
            description,
            prepare: |node, path, problems| {
                read(node, path, problems, |config: S::Config, context| {
                    Ok(Connector::Processor(Box::new(S::build(config, context)?)))
                })
            },
        }
    }
}

impl ExporterFactory {
    /// The factory of `S`.
    #[must_use]
    pub const fn of<S: ExporterSpec>() -> Self {
        let description =
            describe::<S::Config>(ComponentKind::Exporter, S::NAME, S::ALIASES, S::SIGNALS, S::ABOUT);
        Self {
            description,
            prepare: |node, path, problems| {
                read(node, path, problems, |config: S::Config, context| {
                    let delivery = S::delivery(&config);
                    Ok(BuiltExporter { exporter: Box::new(S::build(config, context)?), delivery }.into())
                })
            },
        }
    }
}

impl ExtensionFactory {
    /// The factory of `S`.
    #[must_use]
    pub const fn of<S: ExtensionSpec>() -> Self {
        let mut description =
            describe::<S::Config>(ComponentKind::Extension, S::NAME, S::ALIASES, &[], S::ABOUT);
        description.offers = S::OFFERS;
        Self {
            description,
            prepare: |node, path, problems| {
                read(node, path, problems, |config: S::Config, context| {
                    Ok(Box::new(S::build(config, context)?))
                })
            },
        }
    }
}

pub(crate) const fn describe<C: ComponentConfig>(
    kind: ComponentKind,
    name: &'static str,
    aliases: &'static [&'static str],
    signals: &'static [Signal],
    about: &'static str,
) -> Description {
    Description {
        kind,
        name,
        aliases,
        signals,
        emits: &[],
        offers: &[],
        about,
        stands_first: false,
        schema: || schemars::SchemaGenerator::default().into_root_schema_for::<C>(),
        defaults: || serde_json::to_value(C::default()).unwrap_or_default(),
    }
}
