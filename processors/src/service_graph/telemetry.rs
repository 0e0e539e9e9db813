use edgewatch_core::telemetry::{Counter, Gauge, Telemetry};

/// What the connector reports about itself.
#[derive(Debug)]
pub(super) struct ServiceGraphTelemetry {
    /// Spans that are a side of a call.
    pub(super) spans: Counter,
    /// Spans that there was no room for.
    pub(super) dropped: Counter,
    /// Spans whose other side did not come in time.
    pub(super) expired: Counter,
    /// Calls that were counted together for want of room.
    pub(super) overflowed: Counter,
    /// Calls left out of calls per request for want of room.
    pub(super) uncounted: Counter,
    /// Edges forgotten because they were silent.
    pub(super) forgotten: Counter,
    /// Edges that there are.
    pub(super) edges: Gauge,
    /// Spans that wait.
    pub(super) waiting: Gauge,
    /// What all takes.
    pub(super) memory: Gauge,
}

impl ServiceGraphTelemetry {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        Self {
            spans: telemetry.counter(
                "edgewatch_connector_service_graph_spans",
                "{spans}",
                "Spans that are a side of a call between services.",
            ),
            dropped: telemetry.counter(
                "edgewatch_connector_service_graph_dropped_spans",
                "{spans}",
                "Spans dropped because no more can wait for the other side of their call.",
            ),
            expired: telemetry.counter(
                "edgewatch_connector_service_graph_expired_spans",
                "{spans}",
                "Spans whose other side did not come in time.",
            ),
            overflowed: telemetry.counter(
                "edgewatch_connector_service_graph_overflowed_calls",
                "{calls}",
                "Calls and single spans counted in an overflow series because there is no room for one of their own.",
            ),
            uncounted: telemetry.counter(
                "edgewatch_connector_service_graph_uncounted_calls",
                "{calls}",
                "Calls left out of the calls per request because too many requests are being counted.",
            ),
            forgotten: telemetry.counter(
                "edgewatch_connector_service_graph_expired_series",
                "{series}",
                "Edges and other series forgotten because nothing came for them.",
            ),
            edges: telemetry.gauge(
                "edgewatch_connector_service_graph_edges",
                "{edges}",
                "Edges that are kept now.",
            ),
            waiting: telemetry.gauge(
                "edgewatch_connector_service_graph_waiting_spans",
                "{spans}",
                "Spans that wait for the other side of their call.",
            ),
            memory: telemetry.gauge(
                "edgewatch_connector_service_graph_memory",
                "By",
                "Memory that edges and waiting spans may take now.",
            ),
        }
    }
}
