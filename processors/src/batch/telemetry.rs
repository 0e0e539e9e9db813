use edgewatch_core::batch::Batch;
use edgewatch_core::telemetry::{Counter, Telemetry};

/// What the processor reports about itself, under the Collector's names.
#[derive(Debug)]
pub(super) struct BatchTelemetry {
    by_size: Counter,
    by_timeout: Counter,
    sent_batches: Counter,
    sent_items: Counter,
}

/// Why a batch was sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Trigger {
    /// It was large enough, or nothing is held back.
    Size,
    /// Its oldest item had waited long enough.
    Timeout,
    /// The pipeline ends.
    Drain,
}

impl BatchTelemetry {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        Self {
            by_size: telemetry.counter(
                "otelcol_processor_batch_batch_size_trigger_send",
                "{time}",
                "Number of times the batch was sent due to a size trigger.",
            ),
            by_timeout: telemetry.counter(
                "otelcol_processor_batch_timeout_trigger_send",
                "{time}",
                "Number of times the batch was sent due to a timeout trigger.",
            ),
            sent_batches: telemetry.counter(
                "otelcol_processor_batch_batch_send_size_count",
                "{batch}",
                "Number of batches sent.",
            ),
            sent_items: telemetry.counter(
                "otelcol_processor_batch_batch_send_size_sum",
                "{unit}",
                "Number of units in the batches sent.",
            ),
        }
    }

    pub(super) fn sent(&self, batch: &Batch, trigger: Trigger) {
        match trigger {
            Trigger::Size => self.by_size.add(1),
            Trigger::Timeout => self.by_timeout.add(1),
            Trigger::Drain => {}
        }
        self.sent_batches.add(1);
        self.sent_items.add(batch.items());
    }
}
