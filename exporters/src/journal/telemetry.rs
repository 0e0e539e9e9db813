//! The numbers of a queue on disk.

use edgewatch_core::Signal;
use edgewatch_core::telemetry::{Counter, Description, Gauge, Kind, Telemetry};

/// What happens to a queue on disk.
#[derive(Clone, Debug)]
pub(super) struct QueueTelemetry {
    pub(super) appended_records: Counter,
    pub(super) appended_bytes: Counter,
    pub(super) written_bytes: Counter,
    pub(super) settled_records: Counter,
    pub(super) read_records: Counter,
    pub(super) append_failures: Counter,
    pub(super) acknowledge_failures: Counter,
    pub(super) syncs: Counter,
    pub(super) sync_failures: Counter,
    pub(super) sync_microseconds: Counter,
    pub(super) damaged_records: Counter,
    pub(super) damaged_items: Counter,
    pub(super) damaged_bytes: Counter,
    pub(super) damaged_acknowledgements: Counter,
    pub(super) torn_bytes: Counter,
    pub(super) quarantined_segments: Counter,
    pub(super) segments: Gauge,
    pub(super) disk_bytes: Gauge,
}

impl QueueTelemetry {
    pub(super) fn new(telemetry: &Telemetry, signal: Signal) -> Self {
        let telemetry = telemetry.with("data_type", signal.name());
        let counter = |name, unit, help| telemetry.counter(name, unit, help);
        Self {
            appended_records: counter(
                "edgewatch_storage_appended_records",
                "{records}",
                "Batches written to the queue on disk.",
            ),
            appended_bytes: counter(
                "edgewatch_storage_appended_bytes",
                "By",
                "Bytes of batches written to the queue on disk, before compression.",
            ),
            written_bytes: counter(
                "edgewatch_storage_written_bytes",
                "By",
                "Bytes of records written to the queue on disk.",
            ),
            settled_records: counter(
                "edgewatch_storage_settled_records",
                "{records}",
                "Batches on disk that met their fate.",
            ),
            read_records: counter(
                "edgewatch_storage_read_records",
                "{records}",
                "Batches read back from disk.",
            ),
            append_failures: counter(
                "edgewatch_storage_append_failures",
                "{records}",
                "Batches that could not be written and were refused.",
            ),
            acknowledge_failures: counter(
                "edgewatch_storage_acknowledge_failures",
                "{writes}",
                "Writes of acknowledgements that failed; they are repeated with the next one.",
            ),
            syncs: counter("edgewatch_storage_syncs", "{syncs}", "Times that the queue was synced."),
            sync_failures: counter(
                "edgewatch_storage_sync_failures",
                "{syncs}",
                "Syncs that failed; what they were for is written again.",
            ),
            sync_microseconds: counter(
                "edgewatch_storage_sync_duration",
                "us",
                "Time spent waiting for syncs.",
            ),
            damaged_records: counter(
                "edgewatch_storage_damaged_records",
                "{records}",
                "Batches lost because their bytes on disk were damaged.",
            ),
            damaged_items: counter(
                "edgewatch_storage_damaged_items",
                "{items}",
                "Items in batches lost to damage, as far as they are known.",
            ),
            damaged_bytes: counter(
                "edgewatch_storage_damaged_bytes",
                "By",
                "Bytes, before compression, of batches lost to damage, as far as they are known.",
            ),
            damaged_acknowledgements: counter(
                "edgewatch_storage_damaged_acknowledgements",
                "{places}",
                "Damaged places found in acknowledgement files; batches may be sent twice.",
            ),
            torn_bytes: counter(
                "edgewatch_storage_torn_bytes",
                "By",
                "Bytes of unfinished writes cut off when the queue was opened.",
            ),
            quarantined_segments: counter(
                "edgewatch_storage_quarantined_segments",
                "{segments}",
                "Damaged segments of which a copy was put aside.",
            ),
            segments: Gauge::default(),
            disk_bytes: Gauge::default(),
        }
    }

    /// Shows the gauges as those of the exporter that `telemetry` belongs to. The queue may outlive an exporter: its successor shows them
    /// again.
    pub(super) fn show_in(&self, telemetry: &Telemetry, signal: Signal) {
        let telemetry = telemetry.with("data_type", signal.name());
        let show = |gauge: &Gauge, name, unit, help| {
            let gauge = gauge.clone();
            telemetry.observe(Description { name, unit, help }, Kind::Gauge, move || gauge.get() as f64);
        };
        show(&self.segments, "edgewatch_storage_segments", "{segments}", "Segments on disk.");
        show(&self.disk_bytes, "edgewatch_storage_disk_bytes", "By", "Bytes of segments on disk.");
    }
}
