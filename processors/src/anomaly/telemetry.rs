use edgewatch_core::telemetry::{Counter, Gauge, Telemetry};

/// What the processor reports about itself.
#[derive(Debug)]
pub(super) struct AnomalyTelemetry {
    scored: Counter,
    new: Counter,
    disabled: Counter,
    no_room: Counter,
    no_reading: Counter,
    pub(super) evicted: Counter,
    pub(super) evicted_new: Counter,
    pub(super) evicted_ignored: Counter,
    pub(super) forgotten: Counter,
    pub(super) starts: Counter,
    pub(super) ends: Counter,
    pub(super) untold: Counter,
    pub(super) unusable: Counter,
    pub(super) series: Gauge,
    pub(super) unscored: Gauge,
    pub(super) active: Gauge,
    pub(super) memory: Gauge,
}

/// What has become of the points of a batch.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Points {
    pub(super) scored: usize,
    pub(super) new: usize,
    pub(super) disabled: usize,
    pub(super) no_room: usize,
    pub(super) no_reading: usize,
}

impl AnomalyTelemetry {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        let unscored = |reason: &str| {
            telemetry.with("reason", reason).counter(
                "edgewatch_processor_anomaly_unscored_points",
                "{points}",
                "Data points that no detector has seen, by reason.",
            )
        };
        let evicted = |reason: &str| {
            telemetry.with("reason", reason).counter(
                "edgewatch_processor_anomaly_forgotten_series",
                "{series}",
                "Series of which nothing is known any more, by reason.",
            )
        };
        let events = |event: &str| {
            telemetry.with("event", event).counter(
                "edgewatch_processor_anomaly_events",
                "{events}",
                "Anomalies that have started, and ended.",
            )
        };
        Self {
            scored: telemetry.counter(
                "edgewatch_processor_anomaly_scored_points",
                "{points}",
                "Data points that detectors have seen.",
            ),
            new: unscored("new"),
            disabled: unscored("disabled"),
            no_room: unscored("no_room"),
            no_reading: unscored("no_reading"),
            evicted: evicted("no_room"),
            evicted_new: evicted("new"),
            evicted_ignored: evicted("disabled"),
            forgotten: evicted("silent"),
            starts: events("start"),
            ends: events("end"),
            untold: telemetry.counter(
                "edgewatch_processor_anomaly_untold_events",
                "{events}",
                "Anomalies that were not told of on their own because too many were on.",
            ),
            unusable: telemetry.counter(
                "edgewatch_processor_anomaly_unusable_state",
                "{parts}",
                "Parts of saved state that could not be used.",
            ),
            series: telemetry.gauge(
                "edgewatch_processor_anomaly_series",
                "{series}",
                "Series that are scored now.",
            ),
            unscored: telemetry.gauge(
                "edgewatch_processor_anomaly_unscored_series",
                "{series}",
                "Series that are known but not scored: new, disabled, or without room.",
            ),
            active: telemetry.gauge(
                "edgewatch_processor_anomaly_active",
                "{anomalies}",
                "Anomalies that are on and told of.",
            ),
            memory: telemetry.gauge(
                "edgewatch_processor_anomaly_memory",
                "By",
                "Memory that is taken for what is known of series.",
            ),
        }
    }

    pub(super) fn points(&self, points: Points) {
        let Points { scored, new, disabled, no_room, no_reading } = points;
        self.scored.add(scored);
        self.new.add(new);
        self.disabled.add(disabled);
        self.no_room.add(no_room);
        self.no_reading.add(no_reading);
    }
}
