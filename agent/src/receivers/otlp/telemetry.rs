//! The receiver's numbers about itself.

use edgewatch_core::Signal;
use edgewatch_core::telemetry::{Counter, Gauge, Telemetry};

use super::rejection::Kind;
use super::server::ServerTelemetry;

/// The numbers of one protocol.
#[derive(Debug)]
pub(super) struct ReceiverTelemetry {
    signals: [SignalCounters; 3],
    /// Requests turned away, by [`Kind::index`].
    rejected: Vec<Counter>,
    connections: Gauge,
    at_limit: Counter,
    evicted: Counter,
    handshake_failed: Counter,
    never_spoke: Counter,
    flooded: Counter,
    broken: Counter,
    accept_failed: Counter,
}

/// Items of one signal.
#[derive(Debug)]
pub(super) struct SignalCounters {
    /// Taken by every pipeline.
    pub(super) accepted: Counter,
    /// Turned away by a pipeline.
    pub(super) refused: Counter,
    /// Handed to the pipelines for a client that did not wait for the answer.
    pub(super) abandoned: Counter,
}

impl ReceiverTelemetry {
    /// Registers the numbers of `transport`: `grpc` or `http`.
    pub(super) fn new(telemetry: &Telemetry, transport: &'static str) -> Self {
        let telemetry = telemetry.with("transport", transport);
        let rejected = Kind::ALL.iter().map(|kind| {
            telemetry.with("reason", kind.reason()).counter(
                "edgewatch_receiver_rejected_requests",
                "{requests}",
                "Requests that were answered with an error, by reason.",
            )
        });
        let closed = |reason: &'static str| {
            telemetry.with("reason", reason).counter(
                "edgewatch_receiver_closed_connections",
                "{connections}",
                "Connections that were turned away or closed before their client wanted it, by reason.",
            )
        };
        Self {
            signals: Signal::ALL.map(|signal| SignalCounters::new(&telemetry, signal)),
            rejected: rejected.collect(),
            connections: telemetry.gauge(
                "edgewatch_receiver_connections",
                "{connections}",
                "Connections that are open now.",
            ),
            at_limit: closed("limit"),
            evicted: closed("evicted"),
            handshake_failed: closed("tls"),
            never_spoke: closed("silent"),
            flooded: closed("pings"),
            broken: closed("protocol"),
            accept_failed: telemetry.counter(
                "edgewatch_receiver_accept_errors",
                "{errors}",
                "Connections that the system could not hand over, mostly for want of file descriptors.",
            ),
        }
    }

    /// The counters of `signal`.
    pub(super) const fn of(&self, signal: Signal) -> &SignalCounters {
        let [traces, metrics, logs] = &self.signals;
        match signal {
            Signal::Traces => traces,
            Signal::Metrics => metrics,
            Signal::Logs => logs,
        }
    }

    /// Counts a request that is turned away.
    pub(super) fn rejected(&self, kind: Kind) {
        if let Some(counter) = self.rejected.get(kind.index()) {
            counter.add(1);
        }
    }
}

impl ServerTelemetry for ReceiverTelemetry {
    fn open(&self, connections: usize) {
        self.connections.set(connections as u64);
    }

    fn at_limit(&self) {
        self.at_limit.add(1);
    }

    fn evicted(&self) {
        self.evicted.add(1);
    }

    fn handshake_failed(&self) {
        self.handshake_failed.add(1);
    }

    fn never_spoke(&self) {
        self.never_spoke.add(1);
    }

    fn flooded(&self) {
        self.flooded.add(1);
    }

    fn broken(&self) {
        self.broken.add(1);
    }

    fn accept_failed(&self) {
        self.accept_failed.add(1);
    }
}

impl SignalCounters {
    fn new(telemetry: &Telemetry, signal: Signal) -> Self {
        let [accepted, refused, unit] = match signal {
            Signal::Traces => {
                ["otelcol_receiver_accepted_spans", "otelcol_receiver_refused_spans", "{spans}"]
            }
            Signal::Metrics => [
                "otelcol_receiver_accepted_metric_points",
                "otelcol_receiver_refused_metric_points",
                "{datapoints}",
            ],
            Signal::Logs => {
                ["otelcol_receiver_accepted_log_records", "otelcol_receiver_refused_log_records", "{records}"]
            }
        };
        let help_accepted = "Items that every pipeline has taken responsibility for.";
        let help_refused = "Items that a pipeline turned away after they were read.";
        let help_abandoned = "Items handed to the pipelines whose client did not wait for the answer.";
        Self {
            accepted: telemetry.counter(accepted, unit, help_accepted),
            refused: telemetry.counter(refused, unit, help_refused),
            abandoned: telemetry.with("data_type", signal.name()).counter(
                "edgewatch_receiver_abandoned_items",
                unit,
                help_abandoned,
            ),
        }
    }
}
