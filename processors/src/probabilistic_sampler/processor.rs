use std::time::Instant;

use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ProcessorSpec};
use edgewatch_core::learned::Learned;
use edgewatch_core::processor::{Emitter, ProcessError, Processor};
use edgewatch_proto::splice::Item;
use edgewatch_proto::view::{LogRecord, Span, SpanFields};

use super::config::{AnomaliesConfig, Config};
use super::sampler::{Priority, Sampler};
use super::telemetry::SamplerTelemetry;
use super::{records, spans};
use crate::actions::Rewriting;
use crate::operations::{Operations, ServiceOf};
use crate::sampling::{Fate, Threshold, TokenBucket, TraceState, rebuild};

/// The `probabilistic_sampler` processor.
#[derive(Debug)]
pub(crate) struct ProbabilisticSampler {
    rewriting: Rewriting,
    sampling: Sampling,
}

/// The deciding, and what is kept for it.
#[derive(Debug)]
struct Sampling {
    config: Config,
    of_spans: Sampler,
    of_records: Sampler,
    anomalies: Option<Anomalies>,
    telemetry: SamplerTelemetry,
    /// Texts while they are put together.
    scratch: String,
}

/// The finding of unusual spans.
#[derive(Debug)]
struct Anomalies {
    probability: f64,
    operations: Operations,
    /// What may still be kept; `None`: there is no limit.
    limit: Option<TokenBucket>,
}

impl ProcessorSpec for ProbabilisticSampler {
    const NAME: &'static str = "probabilistic_sampler";
    const SIGNALS: &'static [Signal] = &[Signal::Traces, Signal::Logs];
    const ABOUT: &'static str = "keeps a share of traces or log records, decided from the trace id";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let signal = context.signal.unwrap_or(Signal::Traces);
        let telemetry = SamplerTelemetry::new(&context.telemetry, signal, &config.from_attribute);
        let of_spans = signal == Signal::Traces;
        Ok(Self {
            rewriting: Rewriting::new(&context.telemetry),
            sampling: Sampling {
                of_spans: Sampler::new(&config, false),
                of_records: Sampler::new(&config, true),
                anomalies: config.keep_anomalies.as_ref().filter(|_| of_spans).map(Anomalies::new),
                telemetry,
                scratch: String::new(),
                config,
            },
        })
    }
}

impl Processor for ProbabilisticSampler {
    fn process(&mut self, batch: Batch, now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        let Self { rewriting, sampling } = self;
        let (signal, mut dropped) = (batch.signal(), 0);
        let mut batch = rewriting.rewrite(batch, |segment| {
            // Spans of one resource come one after the other: its name is looked for once.
            let mut services = ServiceOf::default();
            let rebuilt = rebuild(signal, segment, &mut |resource, item, out| match item {
                Item::Span(span) => sampling.span(span, now, out, || services.of(resource)),
                Item::LogRecord(record) => sampling.record(record, out),
                Item::Point(..) => Fate::Kept,
            })?;
            dropped += rebuilt.dropped;
            Ok(rebuilt.request)
        })?;
        if dropped > 0 {
            let segments = batch.segments().iter().filter(|segment| !segment.is_empty()).cloned().collect();
            let items = batch.items().saturating_sub(dropped);
            batch.replace(segments, items);
        }
        if let Some(anomalies) = &mut sampling.anomalies {
            sampling.telemetry.operations(&mut anomalies.operations);
        }
        out.emit(batch);
        Ok(())
    }

    fn learned(&mut self) -> Option<&mut dyn Learned> {
        let anomalies = self.sampling.anomalies.as_mut()?;
        Some(&mut anomalies.operations)
    }
}

impl Sampling {
    fn span(
        &mut self,
        span: Span<'_>,
        now: Instant,
        out: &mut Vec<u8>,
        service: impl FnOnce() -> u64,
    ) -> Fate {
        let fields = span.fields();
        let odd = self.anomalies.as_mut().and_then(|anomalies| anomalies.judge(service(), &fields));
        let state = TraceState::parse(fields.trace_state);
        let given = spans::read(&fields, state.as_ref());
        let verdict = self.of_spans.decide(&given);
        self.telemetry.decided(&verdict);
        if verdict.kept {
            return spans::write((span.as_bytes(), &fields), (state, verdict.note), &mut self.scratch, out);
        }
        let unwanted = given.priority == Priority::Threshold(Threshold::NEVER);
        let admitted = odd
            .filter(|_| !unwanted && self.anomalies.as_mut().is_some_and(|anomalies| anomalies.admits(now)));
        let Some(probability) = admitted else { return Fate::Dropped };
        self.telemetry.anomaly();
        spans::mark(span.as_bytes(), state, probability, &mut self.scratch, out)
    }

    fn record(&mut self, record: LogRecord<'_>, out: &mut Vec<u8>) -> Fate {
        let fields = record.fields();
        let given = records::read(&self.config, &fields, &mut self.scratch);
        let verdict = self.of_records.decide(&given);
        self.telemetry.decided(&verdict);
        if !verdict.kept {
            return Fate::Dropped;
        }
        records::write(record.as_bytes(), given.threshold, verdict.note, out)
    }
}

impl Anomalies {
    fn new(config: &AnomaliesConfig) -> Self {
        let rate = config.spans_per_second;
        Self {
            probability: config.probability,
            operations: Operations::new(config.max_operations.get()),
            limit: (rate > 0).then(|| TokenBucket::new(rate, rate.saturating_mul(2))),
        }
    }

    /// The probability of a span like this, if it is small enough.
    fn judge(&mut self, service: u64, span: &SpanFields<'_>) -> Option<f64> {
        let probability = self.operations.judge(service, span);
        (probability <= self.probability).then_some(probability)
    }

    /// Whether one more may be kept.
    fn admits(&mut self, now: Instant) -> bool {
        self.limit.as_mut().is_none_or(|limit| limit.take(1, now))
    }
}
