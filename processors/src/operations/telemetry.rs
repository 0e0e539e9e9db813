use edgewatch_core::telemetry::{Counter, Gauge, Telemetry};

use super::Operations;

/// What is reported about the operations that are known.
#[derive(Debug)]
pub(crate) struct OperationsTelemetry {
    forgotten: Counter,
    known: Gauge,
}

impl OperationsTelemetry {
    pub(crate) fn new(telemetry: &Telemetry) -> Self {
        Self {
            forgotten: telemetry.counter(
                "edgewatch_processor_operations_forgotten",
                "{operations}",
                "Operations forgotten to make room for others.",
            ),
            known: telemetry.gauge(
                "edgewatch_processor_operations_known",
                "{operations}",
                "Operations whose durations are known.",
            ),
        }
    }

    pub(crate) fn show(&self, operations: &mut Operations) {
        self.forgotten.add(operations.take_forgotten());
        self.known.set(operations.len() as u64);
    }
}
