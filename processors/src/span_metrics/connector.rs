use std::time::Instant;

use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ConnectorSpec};
use edgewatch_core::processor::{Emitter, ProcessError, Processor};
use edgewatch_proto::view::ExportTraceServiceRequest;

use super::config::Config;
use super::families::Families;
use super::measuring::Seen;
use super::series::Series;
use super::telemetry::SpanMetricsTelemetry;
use super::writing::Writing;
use crate::aggregation::{Key, Pace, instance_id};

/// The `span_metrics` connector.
#[derive(Debug)]
pub(crate) struct SpanMetrics {
    pub(super) families: Families,
    pub(super) series: Series,
    pub(super) writing: Writing,
    pub(super) telemetry: SpanMetricsTelemetry,
    pub(super) key: Key,
    pub(super) pace: Pace,
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
            families: Families::new(&config, instance_id(&*context.host, Self::NAME, &context.id)),
            writing: Writing::new(&config),
            telemetry: SpanMetricsTelemetry::new(&context.telemetry),
            key: Key::default(),
            pace: Pace::new(*config.metrics_flush_interval),
            series: Series::new(config),
        })
    }
}

impl SpanMetrics {
    fn send(&mut self, now: Instant, out: &mut Emitter) {
        if let Some(window) = self.pace.window(now, 0) {
            for resource in self.series.resources.iter_from(0) {
                self.writing.resource(resource, &self.families, self.series.scheme.as_ref(), window);
            }
            let expired = self.series.settle(window, &self.families, now);
            self.telemetry.expired.add(expired);
            self.pace.sent(window.time);
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
        self.pace.tell(now);
        let mut seen = Seen::default();
        for segment in batch.segments() {
            self.measure(ExportTraceServiceRequest::new(segment), now, &mut seen);
        }
        batch.deliver();
        self.telemetry.spans.add(seen.spans);
        self.telemetry.negative.add(seen.negative);
        self.telemetry.overflowed.add(seen.overflowed);
        self.writing.emit(out);
        if self.pace.observe(now, 0, self.series.resources.len() > 0) {
            self.send(now, out);
        }
        self.report();
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        self.pace.deadline()
    }

    fn tick(&mut self, now: Instant, out: &mut Emitter) {
        self.pace.tell(now);
        if self.deadline().is_some_and(|due| due <= now) {
            self.send(now, out);
            self.pace.next(now, self.series.resources.len() > 0);
        }
    }

    fn drain(&mut self, out: &mut Emitter) {
        if let Some(now) = self.pace.told() {
            self.send(now, out);
        }
    }
}
