//! The numbers of a queue and its deliveries, under the Collector's names.

use std::sync::Arc;

use edgewatch_core::Signal;
use edgewatch_core::telemetry::{Counter, Description, Kind, Telemetry};

/// A queue whose size can be told.
pub(super) trait Measured: Send + Sync + 'static {
    fn size(&self) -> usize;
    /// `None`: no limit of its own.
    fn capacity(&self) -> Option<usize>;
}

/// What happens at the entrance of a queue.
#[derive(Debug)]
pub(super) struct QueueTelemetry {
    enqueue_failed: Counter,
}

/// What becomes of the items that are sent.
#[derive(Debug)]
pub(super) struct DeliveryTelemetry {
    pub(super) sent: Counter,
    pub(super) failed: Counter,
    pub(super) rejected: Counter,
    pub(super) retries: Counter,
}

struct Names {
    unit: &'static str,
    sent: &'static str,
    failed: &'static str,
    enqueue_failed: &'static str,
    rejected: &'static str,
}

impl QueueTelemetry {
    pub(super) fn new(telemetry: &Telemetry, signal: Signal, queue: &Arc<impl Measured>) -> Self {
        let names = names(signal);
        // The Collector puts the signal on the queue's gauges, and into the names of the counters.
        let gauges = telemetry.with("data_type", signal.name());
        let size = Description {
            name: "otelcol_exporter_queue_size",
            unit: "{batches}",
            help: "Current size of the sending queue, in units of its sizer.",
        };
        let capacity = Description {
            name: "otelcol_exporter_queue_capacity",
            unit: "{batches}",
            help: "Capacity of the sending queue, in units of its sizer.",
        };
        // The registry outlives the queue, and must not keep its files open.
        let (sized, capped) = (Arc::downgrade(queue), Arc::downgrade(queue));
        let size_of = move || sized.upgrade().map_or(0, |queue| queue.size()) as f64;
        gauges.observe(size, Kind::Gauge, size_of);
        if queue.capacity().is_some() {
            let capacity_of = move || capped.upgrade().and_then(|queue| queue.capacity()).unwrap_or(0) as f64;
            gauges.observe(capacity, Kind::Gauge, capacity_of);
        }
        let help = "Items that the sending queue did not take, or gave up to make room.";
        Self { enqueue_failed: telemetry.counter(names.enqueue_failed, names.unit, help) }
    }

    pub(super) fn enqueue_failed(&self, items: usize) {
        self.enqueue_failed.add(items);
    }
}

impl DeliveryTelemetry {
    pub(super) fn new(telemetry: &Telemetry, signal: Signal) -> Self {
        let names = names(signal);
        let unit = names.unit;
        Self {
            sent: telemetry.counter(names.sent, unit, "Items that the destination took."),
            failed: telemetry.counter(names.failed, unit, "Items that were given up."),
            rejected: telemetry.counter(
                names.rejected,
                unit,
                "Items that the destination rejected although it took their request (partial success).",
            ),
            retries: telemetry.with("data_type", signal.name()).counter(
                "edgewatch_exporter_retries",
                "{attempts}",
                "Attempts that failed and were repeated later.",
            ),
        }
    }
}

const fn names(signal: Signal) -> Names {
    match signal {
        Signal::Traces => Names {
            unit: "{spans}",
            sent: "otelcol_exporter_sent_spans",
            failed: "otelcol_exporter_send_failed_spans",
            enqueue_failed: "otelcol_exporter_enqueue_failed_spans",
            rejected: "edgewatch_exporter_rejected_spans",
        },
        Signal::Metrics => Names {
            unit: "{datapoints}",
            sent: "otelcol_exporter_sent_metric_points",
            failed: "otelcol_exporter_send_failed_metric_points",
            enqueue_failed: "otelcol_exporter_enqueue_failed_metric_points",
            rejected: "edgewatch_exporter_rejected_metric_points",
        },
        Signal::Logs => Names {
            unit: "{records}",
            sent: "otelcol_exporter_sent_log_records",
            failed: "otelcol_exporter_send_failed_log_records",
            enqueue_failed: "otelcol_exporter_enqueue_failed_log_records",
            rejected: "edgewatch_exporter_rejected_log_records",
        },
    }
}
