use std::time::{Duration, Instant};

use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ConnectorSpec};
use edgewatch_core::processor::{Emitter, ProcessError, Processor};
use edgewatch_proto::view::ExportTraceServiceRequest;

use super::config::Config;
use super::families::Families;
use super::instance::instance_id;
use super::measuring::Seen;
use super::series::Series;
use super::telemetry::SpanMetricsTelemetry;
use super::writing::{Window, Writing};
use crate::aggregation::{DataClock, Key};

/// By how much time must have gone back, in nanoseconds, before that is believed. With less, it stands still until it is made up for.
const STEP_BACK: u64 = 60_000_000_000;

/// The `span_metrics` connector.
#[derive(Debug)]
pub(crate) struct SpanMetrics {
    pub(super) families: Families,
    pub(super) series: Series,
    pub(super) writing: Writing,
    pub(super) telemetry: SpanMetricsTelemetry,
    pub(super) key: Key,
    interval: Duration,
    clock: DataClock,
    /// Until when what was sent counts, in nanoseconds since 1970; zero: nothing was.
    sent: u64,
    /// When metrics are to be sent next; `None` while there are none.
    due: Option<Instant>,
    /// The last time that it was told.
    now: Option<Instant>,
}

impl ConnectorSpec for SpanMetrics {
    const NAME: &'static str = "span_metrics";
    const ALIASES: &'static [&'static str] = &["spanmetrics"];
    const SIGNALS: &'static [Signal] = &[Signal::Traces];
    const EMITS: &'static [Signal] = &[Signal::Metrics];
    const ABOUT: &'static str =
        "counts spans by service and operation: calls, errors, faults and durations, as metrics";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        Ok(Self {
            families: Families::new(&config, instance_id(&*context.host, &context.id)),
            writing: Writing::new(&config),
            telemetry: SpanMetricsTelemetry::new(&context.telemetry),
            key: Key::default(),
            interval: *config.metrics_flush_interval,
            clock: DataClock::default(),
            sent: 0,
            due: None,
            now: None,
            series: Series::new(config),
        })
    }
}

impl SpanMetrics {
    /// From when to when series count that are sent now. `newest`: the newest time in data that the clock has not seen yet.
    pub(super) fn window(&self, now: Instant, newest: u64) -> Option<Window> {
        let time = match self.clock.at(now) {
            0 => newest,
            time => time,
        };
        match self.sent {
            _ if time == 0 => None,
            0 => Some(Window { start: time - 1, time }),
            sent if time <= sent && sent - time < STEP_BACK => Some(Window { start: sent, time: sent + 1 }),
            sent => Some(Window { start: sent.min(time - 1), time }),
        }
    }

    fn send(&mut self, now: Instant, out: &mut Emitter) {
        if let Some(window) = self.window(now, 0) {
            for resource in self.series.resources.iter_from(0) {
                self.writing.resource(resource, &self.families, self.series.scheme.as_ref(), window);
            }
            let expired = self.series.settle(window.start, window.time, &self.families, now);
            self.telemetry.expired.add(expired);
            self.sent = window.time;
            self.writing.emit(out);
        }
        self.report();
    }

    fn report(&self) {
        self.telemetry.series.set(self.series.count() as u64);
        self.telemetry.memory.set(self.series.used() as u64);
    }
}

impl Processor for SpanMetrics {
    fn process(&mut self, batch: Batch, now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        self.now = Some(now);
        let mut seen = Seen::default();
        for segment in batch.segments() {
            self.measure(ExportTraceServiceRequest::new(segment), now, &mut seen);
        }
        batch.deliver();
        self.clock.observe(now, seen.newest);
        self.telemetry.spans.add(seen.spans);
        self.telemetry.negative.add(seen.negative);
        self.telemetry.overflowed.add(seen.overflowed);
        self.writing.emit(out);
        if self.due.is_none() && self.series.resources.len() > 0 {
            self.due = Some(now + self.interval);
            // The first ones, or the first ones after all were forgotten: they count from here.
            self.sent = self.sent.max(self.clock.at(now).saturating_sub(1));
        }
        if self.interval.is_zero() {
            self.send(now, out);
        }
        self.report();
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        self.due.filter(|_| !self.interval.is_zero())
    }

    fn tick(&mut self, now: Instant, out: &mut Emitter) {
        self.now = Some(now);
        if let Some(due) = self.deadline().filter(|due| *due <= now) {
            self.send(now, out);
            let next = due + self.interval;
            let next = if next > now { next } else { now + self.interval };
            self.due = (self.series.resources.len() > 0).then_some(next);
        }
    }

    fn drain(&mut self, out: &mut Emitter) {
        if let Some(now) = self.now {
            self.send(now, out);
        }
    }
}
