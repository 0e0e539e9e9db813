//! The receiver's numbers about itself.

use edgewatch_core::telemetry::{Counter, Gauge, Telemetry};

/// What is counted while files are read.
#[derive(Clone, Debug)]
pub(super) struct FileTelemetry {
    pub(super) open_files: Gauge,
    pub(super) reading_files: Gauge,
    pub(super) oversized: Counter,
    pub(super) mended: Counter,
    pub(super) nul_bytes: Counter,
    pub(super) lost_bytes: Counter,
    pub(super) truncations: Counter,
    pub(super) checkpoint_failed: Counter,
}

impl FileTelemetry {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        Self {
            open_files: telemetry.gauge("otelcol_fileconsumer_open_files", "1", "Files that are open now."),
            reading_files: telemetry.gauge(
                "otelcol_fileconsumer_reading_files",
                "1",
                "Files from which something was read at the last poll.",
            ),
            oversized: telemetry.counter(
                "edgewatch_file_log_oversized_lines",
                "{lines}",
                "Times that a line was split or truncated because of max_log_size.",
            ),
            mended: telemetry.counter(
                "edgewatch_file_log_invalid_lines",
                "{lines}",
                "Records in which bytes that the encoding does not allow were replaced.",
            ),
            nul_bytes: telemetry.counter(
                "edgewatch_file_log_nul_bytes",
                "By",
                "Zeros in front of lines that were passed over.",
            ),
            lost_bytes: telemetry.counter(
                "edgewatch_file_log_lost_bytes",
                "By",
                "Bytes known to have been written that were gone before they could be read.",
            ),
            truncations: telemetry.counter(
                "edgewatch_file_log_truncations",
                "{files}",
                "Times that a file became shorter or was rewritten.",
            ),
            checkpoint_failed: telemetry.counter(
                "edgewatch_file_log_checkpoint_failed",
                "{writes}",
                "Times that the positions could not be written to the state directory.",
            ),
        }
    }
}

/// What is counted on the way to the pipelines.
#[derive(Clone, Debug)]
pub(super) struct DeliveryTelemetry {
    pub(super) accepted: Counter,
    pub(super) refused: Counter,
    pub(super) retried: Counter,
    pub(super) dropped: Counter,
    pub(super) in_flight: Gauge,
}

impl DeliveryTelemetry {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        Self {
            accepted: telemetry.counter(
                "otelcol_receiver_accepted_log_records",
                "{records}",
                "Items that every pipeline has taken responsibility for.",
            ),
            refused: telemetry.counter(
                "otelcol_receiver_refused_log_records",
                "{records}",
                "Items that a pipeline turned away after they were read.",
            ),
            retried: telemetry.counter(
                "edgewatch_file_log_retried_records",
                "{records}",
                "Records that were sent again after they had been refused.",
            ),
            dropped: telemetry.counter(
                "edgewatch_file_log_dropped_records",
                "{records}",
                "Records given up: refused for good, or for longer than retry_on_failure.max_elapsed_time.",
            ),
            in_flight: telemetry.gauge(
                "edgewatch_file_log_in_flight_bytes",
                "By",
                "Bytes of encoded records that wait for delivery.",
            ),
        }
    }
}
