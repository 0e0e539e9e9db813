use std::time::{Duration, Instant};

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::budget::Budget;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ProcessorSpec};
use edgewatch_core::learned::Learned;
use edgewatch_core::processor::{Emitter, ProcessError, Processor};
use edgewatch_core::refusal::Refusal;
use edgewatch_proto::splice::Editor;
use edgewatch_proto::view::SpanFields;

use super::config::Config;
use super::decided::Decided;
use super::policies::{Candidate, Decision, Outcome, Policies, asks_for_anomalies};
use super::release::{Mark, Round, trace_number};
use super::requests::{Requests, SpanAt, walk};
use super::telemetry::{Early, TailTelemetry};
use super::traces::{Trace, Traces};
use crate::operations::{Operations, ServiceOf, any_of};

/// Traces are decided in steps of this, so that those of a second leave together.
const STEP: Duration = Duration::from_secs(1);

/// Most traces for which room is made at the start; for more it is made when they come.
const MOST_ROOM: usize = 1 << 20;

/// The `tail_sampling` processor.
#[derive(Debug)]
pub(crate) struct TailSampling {
    config: Config,
    budget: Budget,
    policies: Policies,
    requests: Requests,
    traces: Traces,
    decided: Decided,
    /// What spans are compared with, when a policy asks for that.
    operations: Option<Operations>,
    telemetry: TailTelemetry,
    editor: Editor,
    /// When the first batch came, which steps are counted from, and the last time that is known.
    start: Option<Instant>,
    now: Option<Instant>,
}

impl ProcessorSpec for TailSampling {
    const NAME: &'static str = "tail_sampling";
    const SIGNALS: &'static [Signal] = &[Signal::Traces];
    const ABOUT: &'static str =
        "holds traces until they are complete, then keeps those that policies ask for";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let policies = Policies::new(&config.policies)?;
        let expected =
            config.expected_new_traces_per_sec.saturating_mul(config.decision_wait.as_secs() as usize);
        let anomalies = asks_for_anomalies(&config.policies);
        Ok(Self {
            budget: context.budget.clone(),
            telemetry: TailTelemetry::new(&context.telemetry, &policies),
            policies,
            requests: Requests::default(),
            traces: Traces::with_capacity(expected.min(config.num_traces.get()).min(MOST_ROOM)),
            decided: Decided::new(config.remembered()),
            operations: anomalies.then(|| Operations::new(config.max_operations.get())),
            editor: Editor::default(),
            start: None,
            now: None,
            config,
        })
    }
}

impl Processor for TailSampling {
    fn process(&mut self, mut batch: Batch, now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        if self.config.block_on_overflow && self.is_full() && !batch.ack().is_accepted() {
            let refusal = Refusal::unavailable("tail_sampling holds as many traces as it may");
            return Err(ProcessError::new(batch, refusal));
        }
        self.now = Some(now);
        // Nobody waits for half a minute to be told that.
        batch.ack_mut().accepted();
        let (segments, ack) = batch.into_parts();
        let mut round = Round::default();
        for segment in segments {
            self.take(segment, ack.share(), now, &mut round);
        }
        ack.delivered();
        if self.config.decision_wait.is_zero() {
            self.decide_due(now, &mut round);
        }
        self.make_room(now, &mut round);
        self.finish(round, out);
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        self.traces.next_due()
    }

    fn tick(&mut self, now: Instant, out: &mut Emitter) {
        self.now = Some(now);
        let mut round = Round::default();
        self.decide_due(now, &mut round);
        self.finish(round, out);
    }

    fn drain(&mut self, out: &mut Emitter) {
        let Some(now) = self.now else { return };
        let mut round = Round::default();
        while let Some(trace) = self.traces.take_oldest() {
            if self.config.drop_pending_traces_on_shutdown {
                self.telemetry.undecided();
                self.requests.settle(&trace.spans);
            } else {
                self.telemetry.early(Early::Shutdown);
                self.decide(&trace, now, &mut round);
            }
        }
        self.finish(round, out);
    }

    fn learned(&mut self) -> Option<&mut dyn Learned> {
        let operations = self.operations.as_mut()?;
        Some(operations)
    }
}

impl TailSampling {
    /// Adds the spans of a request to their traces.
    fn take(&mut self, request: Bytes, ack: Ack, now: Instant, round: &mut Round) {
        let mut spans = 0;
        walk(&request, &mut |_, _, _, _| spans += 1);
        if spans == 0 {
            ack.delivered();
            return;
        }
        let number = self.requests.hold(request.clone(), spans, ack);
        let (due, due_after_root) = (self.due(now, *self.config.decision_wait), self.due_after_root(now));
        let mut services = ServiceOf::default();
        // Spans of one trace often come one after the other.
        let mut last: Option<(u128, usize)> = None;
        walk(&request, &mut |resource, resource_at, span, span_at| {
            let fields = span.fields();
            let id = trace_number(fields.trace_id);
            let probability = match &mut self.operations {
                Some(operations) => operations.judge(services.of(resource), &fields),
                None => 1.0,
            };
            let at = SpanAt { request: number, resource: resource_at, span: span_at };
            let known =
                last.filter(|(last, _)| *last == id).map(|(_, slot)| slot).or_else(|| self.traces.find(id));
            let slot = match known {
                Some(slot) => slot,
                None => match self.decided.get(id) {
                    Some(kept) => return self.late(id, kept, at, round),
                    None => {
                        self.telemetry.new_trace();
                        let slot = self.traces.insert(id, due);
                        // At once: a single request may have a million traces. The new one is not the oldest.
                        if self.overflow() == Some(Early::NumTraces) {
                            self.decide_oldest(Early::NumTraces, now, round);
                        }
                        slot
                    }
                },
            };
            last = Some((id, slot));
            if let Some(due) = due_after_root.filter(|_| is_root(&fields)) {
                self.traces.root(slot, due);
            }
            let Some(trace) = self.traces.get_mut(slot) else { return };
            trace.spans.push(at);
            trace.bytes += span.as_bytes().len();
            trace.probability = trace.probability.min(probability);
            let most = self.config.maximum_trace_size_bytes;
            if most > 0 && trace.bytes > most {
                last = None;
                self.give_up(slot);
            }
        });
    }

    /// A span of a trace that is decided.
    fn late(&mut self, id: u128, kept: bool, at: SpanAt, round: &mut Round) {
        self.telemetry.late(kept);
        if kept {
            round.keep(&[at]);
            round.mark(id, Mark { is_late: self.config.record_policy, ..Mark::default() });
        }
        self.requests.settle(&[at]);
    }

    /// Drops a trace that is too large, and what else comes of it.
    fn give_up(&mut self, slot: usize) {
        if let Some(trace) = self.traces.take(slot) {
            self.telemetry.undecided();
            self.remember(trace.id, false);
            self.requests.settle(&trace.spans);
        }
    }

    /// Remembers a decision, unless it is about spans without a trace id: they have nothing to do with those that come later.
    fn remember(&mut self, id: u128, kept: bool) {
        if id != 0 {
            self.decided.insert(id, kept);
        }
    }

    fn decide_due(&mut self, now: Instant, round: &mut Round) {
        while let Some(trace) = self.traces.take_due(now) {
            self.decide(&trace, now, round);
        }
    }

    /// Decides the oldest traces as long as there are too many.
    fn make_room(&mut self, now: Instant, round: &mut Round) {
        while let Some(reason) = self.overflow() {
            if !self.decide_oldest(reason, now, round) {
                break;
            }
        }
    }

    /// Decides the oldest trace, if there is one.
    fn decide_oldest(&mut self, reason: Early, now: Instant, round: &mut Round) -> bool {
        let Some(trace) = self.traces.take_oldest() else { return false };
        self.telemetry.early(reason);
        self.decide(&trace, now, round);
        true
    }

    /// What there is too much of.
    fn overflow(&self) -> Option<Early> {
        if self.traces.len() > self.config.num_traces.get() {
            return Some(Early::NumTraces);
        }
        (self.requests.bytes() > self.most_bytes()).then_some(Early::Memory)
    }

    fn is_full(&self) -> bool {
        self.traces.len() >= self.config.num_traces.get() || self.requests.bytes() > self.most_bytes()
    }

    /// What requests may take: the other half of what is in flight is for what comes in and goes out.
    fn most_bytes(&self) -> usize {
        let own = self.config.max_memory_mib.get().saturating_mul(1024 * 1024);
        own.min(self.budget.limits().soft / 2)
    }

    fn decide(&mut self, trace: &Trace, now: Instant, round: &mut Round) {
        let spans = trace.spans.len();
        let probability = any_of(trace.probability, spans);
        let candidate = Candidate {
            id: trace.id,
            spans: &trace.spans,
            bytes: trace.bytes,
            probability,
            requests: &self.requests,
        };
        let telemetry = &self.telemetry;
        let told = |policy, decision| telemetry.answered(policy, decision, spans);
        let Outcome { decision, by } =
            self.policies.decide(&candidate, now, self.config.sample_on_first_match, told);
        telemetry.decided(decision);
        let kept = decision == Decision::Sampled;
        self.remember(trace.id, kept);
        self.requests.settle(&trace.spans);
        if !kept {
            return;
        }
        round.keep(&trace.spans);
        if let Some(policy) = by.and_then(|by| self.policies.list.get(by)) {
            round.mark(
                trace.id,
                Mark {
                    policy: self.config.record_policy.then(|| policy.name.clone()),
                    probability: policy.is_of_anomalies.then_some(probability),
                    is_late: false,
                },
            );
        }
    }

    fn finish(&mut self, round: Round, out: &mut Emitter) {
        round.finish(&mut self.requests, &mut self.editor, out);
        self.telemetry.held(self.traces.len(), self.requests.bytes());
        if let Some(operations) = &mut self.operations {
            self.telemetry.operations(operations);
        }
    }

    /// When something is due that waits from now on: at the end of a step.
    fn due(&mut self, now: Instant, wait: Duration) -> Instant {
        let start = *self.start.get_or_insert(now);
        let step = STEP.min(wait / 10).as_nanos();
        let end = now.saturating_duration_since(start).saturating_add(wait);
        let whole = end.as_nanos().checked_div(step).map_or(end, |_| {
            let steps = end.as_nanos().div_ceil(step);
            Duration::from_nanos(u64::try_from(steps.saturating_mul(step)).unwrap_or(u64::MAX))
        });
        start.checked_add(whole).unwrap_or(now)
    }

    fn due_after_root(&mut self, now: Instant) -> Option<Instant> {
        let wait = *self.config.decision_wait_after_root_received;
        (!wait.is_zero() && wait < *self.config.decision_wait).then(|| self.due(now, wait))
    }
}

/// Whether nothing has caused the span.
fn is_root(span: &SpanFields<'_>) -> bool {
    span.parent_span_id.iter().all(|byte| *byte == 0)
}
