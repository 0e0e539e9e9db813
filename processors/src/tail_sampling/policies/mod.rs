//! What is asked about a trace, and how the answers make a decision.
//!
//! As in the Collector: policies of type `drop` come first, and one that says so settles it. Then an inverted one that is against the
//! trace drops it; else one that is for it keeps it; else an inverted one that has nothing against it keeps it when none said no.

mod attributes;
mod build;
mod condition;
mod limits;
mod probabilistic;

use std::time::Instant;

use edgewatch_core::config::ConfigError;
use edgewatch_proto::view::{Resource, Span};

pub(super) use build::asks_for_anomalies;
use condition::Condition;

use super::policy_config::PolicyConfig;
use super::requests::{Requests, SpanAt};

/// The answer of one policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Decision {
    Sampled,
    NotSampled,
    InvertSampled,
    InvertNotSampled,
    Dropped,
}

/// A trace that is to be decided.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) id: u128,
    pub(super) spans: &'a [SpanAt],
    pub(super) bytes: usize,
    /// The probability of a trace as odd as this.
    pub(super) probability: f64,
    pub(super) requests: &'a Requests,
}

/// One policy.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) name: Box<str>,
    pub(super) is_of_anomalies: bool,
    condition: Condition,
}

/// All policies, those that drop first.
#[derive(Debug)]
pub(super) struct Policies {
    pub(super) list: Vec<Policy>,
}

/// What is decided about a trace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Outcome {
    /// `Sampled`, `NotSampled` or `Dropped`.
    pub(super) decision: Decision,
    /// The policy that kept it.
    pub(super) by: Option<usize>,
}

impl Policies {
    pub(super) fn new(configs: &[PolicyConfig]) -> Result<Self, ConfigError> {
        let mut list = build::list("policies", configs, 0)?;
        list.sort_by_key(|policy| !matches!(policy.condition, Condition::Drop(_)));
        Ok(Self { list })
    }

    /// Decides about a trace; `told` learns what each policy that was asked answered.
    pub(super) fn decide(
        &mut self,
        candidate: &Candidate<'_>,
        now: Instant,
        on_first_match: bool,
        mut told: impl FnMut(usize, Decision),
    ) -> Outcome {
        let (mut sampled, mut inverted, mut against, mut refused) = (None, None, false, false);
        for (index, policy) in self.list.iter_mut().enumerate() {
            let decision = policy.condition.ask(candidate, now);
            told(index, decision);
            match decision {
                Decision::Dropped => return Outcome { decision, by: None },
                Decision::Sampled => {
                    sampled.get_or_insert(index);
                    if on_first_match {
                        break;
                    }
                }
                Decision::InvertSampled => drop(inverted.get_or_insert(index)),
                Decision::InvertNotSampled => against = true,
                Decision::NotSampled => refused = true,
            }
        }
        let by = match (against, sampled, refused) {
            (true, ..) => None,
            (false, Some(by), _) => Some(by),
            (false, None, true) => None,
            (false, None, false) => inverted,
        };
        let decision = if by.is_some() { Decision::Sampled } else { Decision::NotSampled };
        Outcome { decision, by }
    }
}

impl<'a> Candidate<'a> {
    /// Its spans, as far as they are there.
    fn views(&self) -> impl Iterator<Item = Span<'a>> {
        let requests = self.requests;
        self.spans.iter().filter_map(move |at| requests.span(at))
    }

    /// Its resources; those of spans that stand together once.
    fn resources(&self) -> impl Iterator<Item = Resource<'a>> {
        let requests = self.requests;
        let places =
            self.spans.chunk_by(|one, two| (one.request, one.resource) == (two.request, two.resource));
        places.filter_map(move |spans| requests.resource(spans.first()?))
    }
}
