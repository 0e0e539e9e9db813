use edgewatch_core::Signal;
use edgewatch_core::telemetry::{Counter, Telemetry};

use super::sampler::{Origin, Verdict};
use crate::operations::{Operations, OperationsTelemetry};

/// What the processor reports about itself; the first under the Collector's name.
#[derive(Debug)]
pub(super) struct SamplerTelemetry {
    /// For each origin, items that were not kept and items that were.
    decided: Vec<[Counter; 2]>,
    anomalies: Counter,
    operations: OperationsTelemetry,
}

impl SamplerTelemetry {
    pub(super) fn new(telemetry: &Telemetry, signal: Signal, attribute: &str) -> Self {
        let (name, unit, help) = match signal {
            Signal::Logs => (
                "otelcol_processor_probabilistic_sampler_count_logs_sampled",
                "{records}",
                "Count of logs that were sampled or not.",
            ),
            Signal::Traces | Signal::Metrics => (
                "otelcol_processor_probabilistic_sampler_count_traces_sampled",
                "{spans}",
                "Count of spans that were sampled or not.",
            ),
        };
        let counters = |origin: Origin| {
            let of_policy = telemetry.with("policy", policy(origin, attribute));
            ["false", "true"].map(|sampled| of_policy.with("sampled", sampled).counter(name, unit, help))
        };
        Self {
            decided: Origin::ALL.into_iter().map(counters).collect(),
            anomalies: telemetry.counter(
                "edgewatch_processor_probabilistic_sampler_anomalies_kept",
                "{spans}",
                "Spans kept because they are unusual, although they were not sampled.",
            ),
            operations: OperationsTelemetry::new(telemetry),
        }
    }

    pub(super) fn decided(&self, verdict: &Verdict) {
        let of_origin = Origin::ALL.iter().zip(&self.decided).find(|(origin, _)| **origin == verdict.origin);
        if let Some((_, [dropped, kept])) = of_origin {
            if verdict.kept { kept } else { dropped }.add(1);
        }
    }

    pub(super) fn anomaly(&self) {
        self.anomalies.add(1);
    }

    pub(super) fn operations(&self, operations: &mut Operations) {
        self.operations.show(operations);
    }
}

/// As the Collector names it.
fn policy(origin: Origin, attribute: &str) -> &str {
    match origin {
        Origin::TraceIdHash => "trace_id_hash",
        Origin::TraceIdW3c => "trace_id_w3c",
        Origin::SamplingRandomness => "sampling_randomness",
        Origin::Attribute => attribute,
        Origin::Missing => "missing_randomness",
        Origin::SamplingPriority => "sampling_priority",
    }
}
