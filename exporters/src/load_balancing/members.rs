//! The destinations: each has a connection, queues and retries of its own.

use std::sync::Arc;

use edgewatch_core::Signal;
use edgewatch_core::config::ConfigError;
use edgewatch_core::exporter::Sink;
use edgewatch_core::factory::{BuildContext, BuiltExporter, ExporterSpec};
use edgewatch_core::telemetry::Tenure;
use tokio_util::sync::CancellationToken;

use super::config::{Config, with_port};
use super::ring::Ring;
use super::telemetry::BalancerTelemetry;
use crate::otlp_grpc::OtlpGrpc;
use crate::queue::{self, Delivering, Sinks};

/// One destination.
pub(super) struct Member {
    /// As it was written or resolved: what the ring knows it by.
    pub(super) name: String,
    /// The label under which it is counted.
    pub(super) label: Arc<str>,
    sinks: Sinks,
    /// Ends its deliveries: it has departed, or the agent has no time left.
    pub(super) stop: CancellationToken,
}

/// The destinations at a time.
#[derive(Default)]
pub(super) struct Table {
    pub(super) members: Vec<Arc<Member>>,
    pub(super) ring: Ring,
}

/// The work for one destination.
#[must_use = "nothing is sent unless it runs"]
pub(super) struct MemberWork {
    delivering: Delivering,
    /// The sizes of its queues are shown for as long.
    tenure: Tenure,
}

impl MemberWork {
    pub(super) async fn run(self) {
        self.delivering.run().await;
        drop(self.tenure);
    }
}

/// Makes destinations.
pub(super) struct Maker {
    pub(super) config: Config,
    pub(super) context: BuildContext,
    pub(super) signals: Vec<Signal>,
    /// The end of all of them.
    pub(super) stop: CancellationToken,
}

impl Member {
    pub(super) fn sink(&self, signal: Signal) -> Option<Arc<dyn Sink>> {
        self.sinks.get(signal)
    }

    /// Whether some signal does not get through.
    pub(super) fn is_failing(&self) -> bool {
        Signal::ALL.into_iter().filter_map(|signal| self.sink(signal)).any(|sink| sink.is_failing())
    }
}

impl Table {
    /// `members` stand in the order of their names.
    pub(super) fn new(members: Vec<Arc<Member>>) -> Self {
        let ring = Ring::new(members.iter().map(|member| member.name.as_str()));
        Self { members, ring }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<Member>> {
        self.members.iter().find(|member| member.name == name)
    }
}

impl Maker {
    /// Who owns the queues on disk of the destination `name`.
    pub(super) fn owner(&self, name: &str) -> String {
        format!("{}{}", self.owners(), with_port(name))
    }

    /// What the owners of all queues on disk of this exporter begin with.
    pub(super) fn owners(&self) -> String {
        format!("{} to ", self.context.id)
    }

    /// The destination `name`, and its work.
    ///
    /// # Errors
    ///
    /// What only this host can tell, such as a certificate that cannot be read.
    pub(super) fn make(
        &self,
        name: &str,
        telemetry: &BalancerTelemetry,
    ) -> Result<(Arc<Member>, MemberWork), ConfigError> {
        let endpoint = with_port(name);
        let label = telemetry.label(&endpoint);
        let exporter = build(&self.config, &endpoint, &self.context)?;
        let built = BuiltExporter { exporter: Box::new(exporter), delivery: self.config.delivery() };
        let stop = self.stop.child_token();
        let id = self.owner(name);
        let (telemetry, tenure) = self.context.telemetry.with("endpoint", label.as_str()).for_tenure();
        let context = BuildContext { id, telemetry, ..self.context.clone() };
        let (sinks, delivering) = queue::start(built, &self.signals, &context, &stop)?;
        let member = Member { name: name.to_owned(), label: label.into(), sinks, stop };
        Ok((Arc::new(member), MemberWork { delivering, tenure }))
    }
}

/// The exporter for the destination at `endpoint`.
pub(super) fn build(
    config: &Config,
    endpoint: &str,
    context: &BuildContext,
) -> Result<OtlpGrpc, ConfigError> {
    let exporter = OtlpGrpc::build(config.exporter(endpoint), context);
    exporter.map_err(|error| error.under("protocol.otlp"))
}
