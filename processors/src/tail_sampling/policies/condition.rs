use std::time::Instant;

use edgewatch_proto::view::Status;

use super::attributes::{Flag, Number, Text};
use super::limits::Composite;
use super::probabilistic::Share;
use super::{Candidate, Decision};
use crate::sampling::{TokenBucket, state_value};

/// What a policy asks.
#[derive(Debug)]
pub(super) enum Condition {
    Always,
    Anomaly {
        probability: f64,
        limit: Option<TokenBucket>,
    },
    Latency {
        threshold: u64,
        upper: u64,
    },
    Number(Number),
    Share(Share),
    /// The codes that are asked for.
    Status(Vec<i32>),
    Text(Text),
    Spans(TokenBucket),
    Bytes(TokenBucket),
    Count {
        min: usize,
        max: usize,
    },
    State {
        key: Box<str>,
        values: Vec<Box<str>>,
    },
    SampledFlag,
    Flag(Flag),
    And(Vec<Self>),
    Not(Box<Self>),
    Drop(Vec<Self>),
    Composite(Composite),
}

impl Condition {
    pub(super) fn ask(&mut self, trace: &Candidate<'_>, now: Instant) -> Decision {
        let holds = match self {
            Self::Always => true,
            Self::Anomaly { probability, limit } => {
                trace.probability <= *probability
                    && limit.as_mut().is_none_or(|limit| limit.take_on_credit(trace.spans.len(), now))
            }
            Self::Latency { threshold, upper: 0 } => millis(trace) >= *threshold,
            Self::Latency { threshold, upper } => (*threshold + 1..=*upper).contains(&millis(trace)),
            Self::Number(number) => return number.ask(trace),
            Self::Share(share) => share.has(trace.id),
            Self::Status(codes) => {
                trace.views().any(|span| codes.contains(&span.status().map_or(0, Status::code)))
            }
            Self::Text(text) => return text.ask(trace),
            Self::Spans(limit) => limit.take(trace.spans.len(), now),
            Self::Bytes(limit) => limit.take(trace.bytes, now),
            Self::Count { min, max: 0 } => trace.spans.len() >= *min,
            Self::Count { min, max } => (*min..=*max).contains(&trace.spans.len()),
            Self::State { key, values } => trace.views().any(|span| {
                let value = state_value(span.trace_state(), key);
                value.is_some_and(|value| values.iter().any(|wanted| **wanted == *value))
            }),
            Self::SampledFlag => trace.views().any(|span| span.flags() & 1 == 1),
            Self::Flag(flag) => return flag.ask(trace),
            Self::And(conditions) => all_hold(conditions, trace, now),
            Self::Not(condition) => !condition.ask(trace, now).is_for(),
            Self::Drop(conditions) => {
                let holds = all_hold(conditions, trace, now);
                return if holds { Decision::Dropped } else { Decision::NotSampled };
            }
            Self::Composite(composite) => composite.admits(trace, now),
        };
        if holds { Decision::Sampled } else { Decision::NotSampled }
    }
}

impl Decision {
    /// Whether a policy that stands within another one holds.
    pub(super) const fn is_for(self) -> bool {
        match self {
            Self::Sampled | Self::InvertSampled => true,
            Self::NotSampled | Self::InvertNotSampled | Self::Dropped => false,
        }
    }
}

fn all_hold(conditions: &mut [Condition], trace: &Candidate<'_>, now: Instant) -> bool {
    conditions.iter_mut().all(|condition| condition.ask(trace, now).is_for())
}

/// From the first start to the last end. Spans without a start say nothing: they would have taken since 1970.
fn millis(trace: &Candidate<'_>) -> u64 {
    let times = trace.views().map(|span| {
        let fields = span.fields();
        (fields.start_time_unix_nano, fields.end_time_unix_nano)
    });
    let known = times.filter(|(start, _)| *start > 0);
    let ends = known.reduce(|whole, span| (whole.0.min(span.0), whole.1.max(span.1)));
    ends.map_or(0, |(start, end)| end.saturating_sub(start) / 1_000_000)
}
