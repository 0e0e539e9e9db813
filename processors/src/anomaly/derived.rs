//! What the processor has found out, and how it is written as metrics and log records.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::processor::Emitter;
use edgewatch_proto::encode::{self, Attributes, Record, Severity, Times};
use edgewatch_proto::view::Resource;

use super::detector::{Channel, Scored};
use super::ongoing::{Anomaly, Identity};
use super::rates::Rate;
use super::sentence::{Subject, Verdict};
use super::series::Aspect;

const SCOPE: &str = "edgewatch.anomaly";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// An anomaly less likely than this is told of as an error: a chance of one in a hundred million per step.
const ERROR: f64 = 1e-8;

/// What is to be told, in the order in which it was found out.
#[derive(Debug, Default)]
pub(super) struct Derived {
    pub(super) scores: Vec<Score>,
    pub(super) rates: Vec<Rate>,
    pub(super) events: Vec<Event>,
    scratch: String,
}

/// The score of an anomalous series in a step.
#[derive(Debug)]
pub(super) struct Score {
    pub(super) identity: Arc<Identity>,
    pub(super) aspect: Aspect,
    pub(super) time: u64,
    pub(super) value: f64,
}

/// The start or end of an anomaly.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) anomaly: Anomaly,
    /// The latest time in the data when it was found out.
    pub(super) observed: u64,
    pub(super) edge: Change,
}

/// What has changed.
#[derive(Debug)]
pub(super) enum Change {
    Start(Box<Scored>),
    End(Why),
}

/// Why an anomaly is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Why {
    /// The series is as usual again.
    Calm,
    /// Nothing came of it for a while.
    Silent,
    /// It had to make room for others.
    Evicted,
    /// It is not scored any more.
    Disabled,
}

impl Why {
    const fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Silent => "silent",
            Self::Evicted => "evicted",
            Self::Disabled => "disabled",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Calm => "as usual again",
            Self::Silent => "no more data",
            Self::Evicted => "not scored any more, to make room for other series",
            Self::Disabled => "not scored any more, as a rule says",
        }
    }
}

impl Derived {
    /// Emits everything as one batch of metrics and one of log records, with acks of their own: nobody waits for them.
    pub(super) fn emit(&mut self, out: &mut Emitter) {
        let mut buffer = Vec::new();
        let points = self.write_metrics(&mut buffer);
        emit(Signal::Metrics, buffer, points, out);
        let mut buffer = Vec::new();
        let records = self.write_logs(&mut buffer);
        emit(Signal::Logs, buffer, records, out);
    }

    fn write_metrics(&mut self, buffer: &mut Vec<u8>) -> usize {
        let rates = std::mem::take(&mut self.rates);
        let scores = std::mem::take(&mut self.scores);
        if rates.is_empty() && scores.is_empty() {
            return 0;
        }
        encode::metrics(buffer, |request| {
            for rate in rates.chunk_by(|a, b| a.resource == b.resource) {
                let Some(first) = rate.first() else { continue };
                request.resource(
                    "",
                    |attributes| copy(attributes, &first.resource),
                    |resource| {
                        resource.scope(SCOPE, VERSION, |scope| {
                            scope.gauge(
                                "edgewatch.anomaly.rate",
                                "1",
                                "Share of the scored series that are anomalous.",
                                |points| {
                                    for rate in rate {
                                        points.double(Times::at(rate.time), rate.share, |_| {});
                                    }
                                },
                            );
                        });
                    },
                );
            }
            for scores in scores.chunk_by(|a, b| a.identity.resource == b.identity.resource) {
                let Some(first) = scores.first() else { continue };
                request.resource(
                    "",
                    |attributes| copy(attributes, &first.identity.resource),
                    |resource| {
                        resource.scope(SCOPE, VERSION, |scope| {
                            scope.gauge(
                                "edgewatch.anomaly.score",
                                "1",
                                "How unlike itself an anomalous series is; zero when it is as usual again.",
                                |points| {
                                    for score in scores {
                                        points.double(Times::at(score.time), score.value, |attributes| {
                                            copy(attributes, &score.identity.attributes);
                                            attributes.string("edgewatch.metric.name", &score.identity.name);
                                            attributes
                                                .string("edgewatch.anomaly.aspect", aspect(score.aspect));
                                        });
                                    }
                                },
                            );
                        });
                    },
                );
            }
        })
    }

    fn write_logs(&mut self, buffer: &mut Vec<u8>) -> usize {
        let events = std::mem::take(&mut self.events);
        if events.is_empty() {
            return 0;
        }
        let scratch = &mut self.scratch;
        encode::logs(buffer, |request| {
            for events in events.chunk_by(|a, b| a.anomaly.identity.resource == b.anomaly.identity.resource) {
                let Some(first) = events.first() else { continue };
                let identity = &first.anomaly.identity;
                request.resource(
                    "",
                    |attributes| copy(attributes, &identity.resource),
                    |resource| {
                        resource.scope(SCOPE, VERSION, |scope| {
                            for event in events {
                                scope.record(|record| event.write(record, scratch));
                            }
                        });
                    },
                );
            }
        })
    }
}

impl Event {
    fn write(&self, record: &mut Record<'_>, text: &mut String) {
        text.clear();
        let Anomaly { ref identity, aspect, .. } = self.anomaly;
        let subject = Subject { identity, aspect };
        match &self.edge {
            Change::Start(scored) => {
                let severity = if scored.probability() < ERROR { Severity::Error } else { Severity::Warn };
                head(record, scored.time, self.observed, severity);
                // Writing to a string does not fail.
                let _ = write!(text, "{subject}: {}", Verdict { scored, unit: &identity.unit, aspect });
                record.body(text);
                self.write_identity(record, text);
                write_scored(&mut record.attributes(), scored);
                record.event_name("edgewatch.anomaly.start");
            }
            Change::End(why) => {
                let Anomaly { start, last, peak, ln_probability, .. } = self.anomaly;
                let duration = std::time::Duration::from_nanos(last.saturating_sub(start));
                head(record, last, self.observed, Severity::Info);
                let passed = humantime::format_duration(std::time::Duration::from_secs(duration.as_secs()));
                let _ = match (why, duration.as_secs()) {
                    (Why::Calm, _) => write!(text, "{subject}: {} after {passed}", why.sentence()),
                    (_, 0) => write!(text, "{subject}: {}", why.sentence()),
                    (_, _) => write!(text, "{subject}: {}; it was anomalous for {passed}", why.sentence()),
                };
                record.body(text);
                self.write_identity(record, text);
                let mut attributes = record.attributes();
                attributes.string("edgewatch.anomaly.end.reason", why.name());
                attributes
                    .int("edgewatch.anomaly.start_time_unix_nano", i64::try_from(start).unwrap_or(i64::MAX));
                attributes.double("edgewatch.anomaly.duration", duration.as_secs_f64());
                attributes.double("edgewatch.anomaly.peak.score", f64::from(peak));
                attributes.double("edgewatch.anomaly.peak.probability", f64::from(ln_probability).exp());
                record.event_name("edgewatch.anomaly.end");
            }
        }
    }

    fn write_identity(&self, record: &mut Record<'_>, text: &mut String) {
        let identity = &self.anomaly.identity;
        let mut attributes = record.attributes();
        copy(&mut attributes, &identity.attributes);
        attributes.string("edgewatch.metric.name", &identity.name);
        if !identity.unit.is_empty() {
            attributes.string("edgewatch.metric.unit", &identity.unit);
        }
        text.clear();
        let _ = write!(text, "{:016x}", identity.key);
        attributes.string("edgewatch.anomaly.series", text);
        attributes.string("edgewatch.anomaly.aspect", aspect(self.anomaly.aspect));
    }
}

fn head(record: &mut Record<'_>, time: u64, observed: u64, severity: Severity) {
    record.time(time);
    record.observed_time(observed.max(time));
    let text = match severity {
        Severity::Error | Severity::Fatal => "ERROR",
        Severity::Warn => "WARN",
        Severity::Info | Severity::Debug | Severity::Trace => "INFO",
    };
    record.severity(severity.number(), text);
}

fn write_scored(attributes: &mut Attributes<'_>, scored: &Scored) {
    let expected = scored.reason.expected;
    attributes.double("edgewatch.anomaly.probability", scored.probability());
    attributes.double("edgewatch.anomaly.score", f64::from(scored.raw));
    attributes.string("edgewatch.anomaly.channel", channel(scored.reason.channel));
    attributes.double("edgewatch.anomaly.value", expected.seen);
    attributes.double("edgewatch.anomaly.expected.low", expected.low);
    attributes.double("edgewatch.anomaly.expected.high", expected.high);
}

fn copy(attributes: &mut Attributes<'_>, encoded: &[u8]) {
    for attribute in Resource::new(encoded).attributes() {
        attributes.value(attribute.key(), |value| value.encoded(attribute.value().as_bytes()));
    }
}

fn emit(signal: Signal, buffer: Vec<u8>, items: usize, out: &mut Emitter) {
    if items > 0 {
        out.emit(Batch::new(signal, Bytes::from(buffer), items, Ack::none()));
    }
}

const fn aspect(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Value => "value",
        Aspect::Rate => "rate",
        Aspect::Count => "count",
        Aspect::Median => "median",
        Aspect::High => "p99",
    }
}

const fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Level => "level",
        Channel::Ratio => "ratio",
        Channel::Drift => "drift",
        Channel::Jump => "jump",
        Channel::Spread => "spread",
        Channel::Hold => "hold",
        Channel::Stillness => "stillness",
    }
}
