//! The contract of exporters with several destinations.

use std::sync::Arc;

use edgewatch_proto::Signal;
use tokio_util::sync::CancellationToken;

use crate::config::ConfigError;
use crate::exporter::Sink;
use crate::factory::{
    AnyExporter, BuildContext, ComponentConfig, ComponentKind, ExporterFactory, describe, read,
};
use crate::router::Work;

/// An exporter with several destinations, each of which has a queue and retries of its own.
pub trait ExporterGroup: Send {
    /// Starts serving `signals`. `stop` says that no time is left: what has not been delivered is then refused and counted.
    fn start(self: Box<Self>, signals: &[Signal], stop: &CancellationToken) -> Started;
}

/// A group at work.
pub struct Started {
    /// The end of the pipelines of each signal.
    pub sinks: Vec<(Signal, Arc<dyn Sink>)>,
    /// Ends once every sink is gone and every queue is empty.
    pub work: Work,
}

/// A group's name, configuration and construction.
pub trait GroupSpec: ExporterGroup + Sized + 'static {
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
}

impl ExporterFactory {
    /// The factory of the group `S`.
    #[must_use]
    pub const fn group<S: GroupSpec>() -> Self {
        let description =
            describe::<S::Config>(ComponentKind::Exporter, S::NAME, S::ALIASES, S::SIGNALS, S::ABOUT);
        Self::new(description, |node, path, problems| {
            read(node, path, problems, |config: S::Config, context| {
                Ok(AnyExporter::Group(Box::new(S::build(config, context)?)))
            })
        })
    }
}
