use edgewatch_core::telemetry::{Counter, Gauge, Telemetry};

/// What the connector reports about itself.
#[derive(Debug)]
pub(super) struct SpanMetricsTelemetry {
    /// Spans counted, whatever became of them.
    pub(super) spans: Counter,
    /// Measurements that went to the series for what is too much.
    pub(super) overflowed: Counter,
    /// Spans that end before they start.
    pub(super) negative: Counter,
    /// Series forgotten because they were silent.
    pub(super) expired: Counter,
    /// Resources forgotten to make room.
    pub(super) evicted: Counter,
    /// Series that there are.
    pub(super) series: Gauge,
    /// What they take.
    pub(super) memory: Gauge,
}

impl SpanMetricsTelemetry {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        Self {
            spans: telemetry.counter(
                "edgewatch_connector_span_metrics_spans",
                "{spans}",
                "Spans that metrics were made of.",
            ),
            overflowed: telemetry.counter(
                "edgewatch_connector_span_metrics_overflowed_measurements",
                "{measurements}",
                "Measurements counted in the overflow series because there is no room for a series of their own.",
            ),
            negative: telemetry.counter(
                "edgewatch_connector_span_metrics_negative_durations",
                "{spans}",
                "Spans that end before they start, whose duration counts as zero.",
            ),
            expired: telemetry.counter(
                "edgewatch_connector_span_metrics_expired_series",
                "{series}",
                "Series forgotten because no spans came for them.",
            ),
            evicted: telemetry.counter(
                "edgewatch_connector_span_metrics_evicted_resources",
                "{resources}",
                "Resources sent and forgotten to make room for others.",
            ),
            series: telemetry.gauge(
                "edgewatch_connector_span_metrics_series",
                "{series}",
                "Series that are kept now.",
            ),
            memory: telemetry.gauge(
                "edgewatch_connector_span_metrics_memory",
                "By",
                "Memory that series and resources may take now.",
            ),
        }
    }
}
