//! `service.telemetry`: how the agent tells of itself, with the Collector's keys.
//!
//! Both the Collector's present form (readers) and its former one (`metrics.address`) are read. Keys that mean nothing here are
//! accepted, so that configurations run unchanged, and reported as being without effect.

mod logs;
mod metrics;
mod resource;
mod values;

use edgewatch_core::config::ConfigError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use logs::{Encoding, Level, Logs, Sampling};
pub use metrics::{
    Detail, Metrics, Otlp, Periodic, Prometheus, Protocol, Pull, PullExporter, PushExporter, Reader,
};
pub use resource::Resource;
pub use values::{Anything, Millis};

/// How the agent tells of itself.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// The agent's own log.
    pub logs: Logs,
    /// The agent's own metrics.
    pub metrics: Metrics,
    /// The Collector's own traces. Without effect: the agent makes none.
    pub traces: Option<Anything>,
    /// Attributes that tell who is speaking, in everything that the agent tells of itself. An empty value removes one that would
    /// be there by itself: `service.name`, `service.version`, `service.instance.id`. Default: none.
    pub resource: Resource,
}

impl Telemetry {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        self.metrics.validate()
    }

    /// Keys that are set although they change nothing.
    pub(super) fn without_effect(&self) -> Vec<&'static str> {
        let mut keys = self.logs.without_effect();
        keys.extend(self.metrics.views.is_some().then_some("metrics.views"));
        keys.extend(self.traces.is_some().then_some("traces"));
        keys
    }
}
