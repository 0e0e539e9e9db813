use std::time::{Duration, Instant};

use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ConnectorSpec};
use edgewatch_core::processor::{Emitter, ProcessError, Processor};
use edgewatch_proto::view::ExportTraceServiceRequest;

use super::config::Config;
use super::edges::Seen;
use super::graph::Graph;
use super::reading::Names;
use super::telemetry::ServiceGraphTelemetry;
use super::writing::Writing;
use crate::aggregation::{Key, Pace, Window, instance_id};

/// The `service_graph` connector.
#[derive(Debug)]
pub(crate) struct ServiceGraph {
    names: Names,
    graph: Graph,
    writing: Writing,
    telemetry: ServiceGraphTelemetry,
    pace: Pace,
    key: Key,
    /// Whether metrics are sent as soon as there is something new.
    at_once: bool,
    /// Time between looks for spans that have waited for too long.
    sweep_interval: Duration,
    swept: Option<Instant>,
    /// Time between looks for edges that can be forgotten.
    forget_interval: Duration,
    forgot: Option<Instant>,
    expiration: Duration,
    /// By how much times lie in the past, in nanoseconds.
    offset: u64,
}

impl ConnectorSpec for ServiceGraph {
    const NAME: &'static str = "service_graph";
    const ALIASES: &'static [&'static str] = &["servicegraph"];
    const SIGNALS: &'static [Signal] = &[Signal::Traces];
    const EMITS: &'static [Signal] = &[Signal::Metrics];
    const ABOUT: &'static str = "draws the graph of services from spans: calls, failures, durations and calls per request, as metrics";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let or = |interval: Duration, otherwise| if interval.is_zero() { otherwise } else { interval };
        Ok(Self {
            names: Names::new(&config),
            graph: Graph::new(&config),
            writing: Writing::new(&config, instance_id(&*context.host, Self::NAME, &context.id)),
            telemetry: ServiceGraphTelemetry::new(&context.telemetry),
            pace: Pace::new(*config.metrics_flush_interval),
            key: Key::default(),
            at_once: config.metrics_flush_interval.is_zero(),
            sweep_interval: or(*config.store_expiration_loop, Duration::from_secs(2)),
            swept: None,
            forget_interval: or(*config.cache_loop, Duration::from_secs(60)),
            forgot: None,
            expiration: *config.series_expiration,
            offset: u64::try_from(config.metrics_timestamp_offset.as_nanos()).unwrap_or(u64::MAX),
        })
    }
}

impl ServiceGraph {
    /// When something ends by itself, not too often.
    fn sweep_at(&self) -> Option<Instant> {
        let ends = self.graph.deadline()?;
        Some(self.swept.map_or(ends, |swept| ends.max(swept + self.sweep_interval)))
    }

    fn sweep(&mut self, now: Instant, seen: &mut Seen) {
        self.graph.sweep(now, seen);
        self.swept = Some(now);
    }

    fn send(&mut self, now: Instant, out: &mut Emitter) {
        if let Some(Window { start, time }) = self.pace.window(now, 0) {
            let shifted = Window {
                start: start.saturating_sub(self.offset),
                time: time.saturating_sub(self.offset).max(1),
            };
            self.writing.all(&self.graph.edges, shifted);
            self.graph.edges.settle(shifted.start);
            self.pace.sent(time);
            self.writing.emit(out);
        }
        let forgot = *self.forgot.get_or_insert(now);
        if !self.expiration.is_zero() && now.saturating_duration_since(forgot) >= self.forget_interval {
            self.forgot = Some(now);
            if let Some(before) = now.checked_sub(self.expiration) {
                self.telemetry.forgotten.add(self.graph.edges.forget(before));
            }
        }
    }

    fn report(&self, seen: &Seen) {
        let telemetry = &self.telemetry;
        telemetry.spans.add(seen.spans);
        telemetry.dropped.add(seen.dropped);
        telemetry.expired.add(seen.expired);
        telemetry.overflowed.add(seen.overflowed);
        telemetry.uncounted.add(seen.uncounted);
        telemetry.edges.set(self.graph.edges.edges.rows.len() as u64);
        telemetry.waiting.set(self.graph.store.len() as u64);
        telemetry.memory.set((self.graph.edges.used() + self.graph.store.used()) as u64);
    }
}

impl Processor for ServiceGraph {
    fn process(&mut self, batch: Batch, now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        self.pace.tell(now);
        let mut seen = Seen::default();
        self.sweep(now, &mut seen);
        for segment in batch.segments() {
            let request = ExportTraceServiceRequest::new(segment);
            self.names.read(request, &mut self.graph, &mut self.key, now, &mut seen);
        }
        batch.deliver();
        if self.pace.observe(now, seen.newest, !self.graph.is_empty()) {
            self.send(now, out);
        }
        self.report(&seen);
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        self.pace.deadline().into_iter().chain(self.sweep_at()).min()
    }

    fn tick(&mut self, now: Instant, out: &mut Emitter) {
        self.pace.tell(now);
        let mut seen = Seen::default();
        let due = self.pace.deadline().is_some_and(|due| due <= now);
        if due || self.sweep_at().is_some_and(|at| at <= now) {
            self.sweep(now, &mut seen);
        }
        if due {
            self.send(now, out);
            self.pace.next(now, !self.graph.is_empty());
        } else if self.at_once && seen.expired + seen.requests > 0 {
            // No batch may come that would take it along.
            self.send(now, out);
        }
        self.report(&seen);
    }

    fn drain(&mut self, out: &mut Emitter) {
        if let Some(now) = self.pace.told() {
            let mut seen = Seen::default();
            self.graph.end(now, &mut seen);
            self.send(now, out);
            self.report(&seen);
        }
    }
}
