//! The numbers of a failover.

use edgewatch_core::Signal;
use edgewatch_core::telemetry::{Counter, Gauge, Telemetry};

/// How often levels failed, and what was sent again because of it.
pub(super) struct FailoverTelemetry {
    failed: Vec<Counter>,
    level: Gauge,
    resent: [Counter; 3],
}

impl FailoverTelemetry {
    pub(super) fn new(telemetry: &Telemetry, levels: usize) -> Self {
        let failed = |level: usize| {
            telemetry.with("level", (level + 1).to_string()).counter(
                "otelcol_connector_failover_count",
                "{times}",
                "Number of times the connector failed from the respective level.",
            )
        };
        let level = telemetry.gauge(
            "edgewatch_connector_failover_level",
            "{level}",
            "Level that the last new batch was sent to; 1 is the best.",
        );
        let resent = Signal::ALL.map(|signal| {
            telemetry.with("data_type", signal.name()).counter(
                "edgewatch_connector_failover_resent_items",
                "{items}",
                "Items sent to another level after one had refused them.",
            )
        });
        Self { failed: (0..levels).map(failed).collect(), level, resent }
    }

    pub(super) fn failed(&self, level: usize) {
        if let Some(counter) = self.failed.get(level) {
            counter.add(1);
        }
    }

    pub(super) fn chosen(&self, level: usize) {
        self.level.set(level as u64 + 1);
    }

    pub(super) fn resent(&self, signal: Signal, items: usize) {
        let [traces, metrics, logs] = &self.resent;
        match signal {
            Signal::Traces => traces.add(items),
            Signal::Metrics => metrics.add(items),
            Signal::Logs => logs.add(items),
        }
    }
}
