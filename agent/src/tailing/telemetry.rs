//! The engine's numbers about itself, under names of its user.

use edgewatch_core::telemetry::{Counter, Gauge, Telemetry};

/// Names of the numbers. [`telemetry_names`] makes them of a prefix.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) oversized: &'static str,
    pub(crate) mended: &'static str,
    pub(crate) nul_bytes: &'static str,
    pub(crate) lost_bytes: &'static str,
    pub(crate) truncations: &'static str,
    pub(crate) checkpoint_failed: &'static str,
    pub(crate) retried: &'static str,
    pub(crate) dropped: &'static str,
    pub(crate) in_flight: &'static str,
}

/// [`Names`] that begin with a literal such as `"edgewatch_file_log"`.
macro_rules! telemetry_names {
    ($prefix:literal) => {
        &$crate::tailing::Names {
            oversized: concat!($prefix, "_oversized_lines"),
            mended: concat!($prefix, "_invalid_lines"),
            nul_bytes: concat!($prefix, "_nul_bytes"),
            lost_bytes: concat!($prefix, "_lost_bytes"),
            truncations: concat!($prefix, "_truncations"),
            checkpoint_failed: concat!($prefix, "_checkpoint_failed"),
            retried: concat!($prefix, "_retried_records"),
            dropped: concat!($prefix, "_dropped_records"),
            in_flight: concat!($prefix, "_in_flight_bytes"),
        }
    };
}
pub(crate) use telemetry_names;

/// What is counted while files are read.
#[derive(Clone, Debug)]
pub(crate) struct FileTelemetry {
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
    pub(crate) fn new(telemetry: &Telemetry, names: &Names) -> Self {
        Self {
            open_files: telemetry.gauge("otelcol_fileconsumer_open_files", "1", "Files that are open now."),
            reading_files: telemetry.gauge(
                "otelcol_fileconsumer_reading_files",
                "1",
                "Files from which something was read at the last poll.",
            ),
            oversized: telemetry.counter(
                names.oversized,
                "{lines}",
                "Times that a line was split or truncated because of max_log_size.",
            ),
            mended: telemetry.counter(
                names.mended,
                "{lines}",
                "Records in which bytes that the encoding does not allow were replaced.",
            ),
            nul_bytes: telemetry.counter(
                names.nul_bytes,
                "By",
                "Zeros in front of lines that were passed over.",
            ),
            lost_bytes: telemetry.counter(
                names.lost_bytes,
                "By",
                "Bytes known to have been written that were gone before they could be read.",
            ),
            truncations: telemetry.counter(
                names.truncations,
                "{files}",
                "Times that a file became shorter or was rewritten.",
            ),
            checkpoint_failed: telemetry.counter(
                names.checkpoint_failed,
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
    pub(crate) fn new(telemetry: &Telemetry, names: &Names) -> Self {
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
                names.retried,
                "{records}",
                "Records that were sent again after they had been refused.",
            ),
            dropped: telemetry.counter(
                names.dropped,
                "{records}",
                "Records given up: refused for good, or for longer than retry_on_failure.max_elapsed_time.",
            ),
            in_flight: telemetry.gauge(
                names.in_flight,
                "By",
                "Bytes of encoded records that wait for delivery.",
            ),
        }
    }
}
