use edgewatch_core::telemetry::{Counter, Gauge, Telemetry};

use super::policies::{Decision, Policies};
use crate::operations::{Operations, OperationsTelemetry};

/// What the processor reports about itself; where the Collector has the same number, under its name.
#[derive(Debug)]
pub(super) struct TailTelemetry {
    /// For each policy, traces and spans by answer.
    policies: Vec<[Pair; 3]>,
    traces: [Counter; 3],
    new_traces: Counter,
    late_kept: Counter,
    late_dropped: Counter,
    undecided: Counter,
    early: [(Early, Counter); 3],
    held: Gauge,
    held_bytes: Gauge,
    operations: OperationsTelemetry,
}

/// Traces and their spans.
#[derive(Debug)]
struct Pair {
    traces: Counter,
    spans: Counter,
}

/// Why a trace was decided before it was due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Early {
    /// There were too many.
    NumTraces,
    /// They took too much memory.
    Memory,
    /// The pipeline ends.
    Shutdown,
}

/// How a decision is called: whether it keeps, and how.
const NAMES: [(&str, &str); 3] = [("true", "sampled"), ("false", "not_sampled"), ("false", "dropped")];

const fn number(decision: Decision) -> usize {
    match decision {
        Decision::Sampled | Decision::InvertSampled => 0,
        Decision::NotSampled | Decision::InvertNotSampled => 1,
        Decision::Dropped => 2,
    }
}

impl TailTelemetry {
    pub(super) fn new(telemetry: &Telemetry, policies: &Policies) -> Self {
        let decided = |telemetry: &Telemetry| {
            NAMES.map(|(sampled, decision)| telemetry.with("sampled", sampled).with("decision", decision))
        };
        let of_policy = |name: &str| {
            decided(&telemetry.with("policy", name)).map(|telemetry| Pair {
                traces: telemetry.counter(
                    "otelcol_processor_tail_sampling_count_traces_sampled",
                    "{traces}",
                    "Count of traces that were sampled or not per sampling policy.",
                ),
                spans: telemetry.counter(
                    "otelcol_processor_tail_sampling_count_spans_sampled",
                    "{spans}",
                    "Count of spans that were sampled or not per sampling policy.",
                ),
            })
        };
        let late = |sampled: &str| {
            telemetry.with("sampled", sampled).counter(
                "otelcol_processor_tail_sampling_early_releases_from_cache_decision",
                "{spans}",
                "Number of spans that were able to be immediately released due to a decision cache hit.",
            )
        };
        let early = |reason: &str| {
            telemetry.with("reason", reason).counter(
                "edgewatch_processor_tail_sampling_decided_early",
                "{traces}",
                "Traces decided before they were due, with what was there of them.",
            )
        };
        Self {
            policies: policies.list.iter().map(|policy| of_policy(&policy.name)).collect(),
            traces: decided(telemetry).map(|telemetry| {
                telemetry.counter(
                    "otelcol_processor_tail_sampling_global_count_traces_sampled",
                    "{traces}",
                    "Global count of traces that were sampled or not by at least one policy.",
                )
            }),
            new_traces: telemetry.counter(
                "otelcol_processor_tail_sampling_new_trace_id_received",
                "{traces}",
                "Counts the arrival of new traces.",
            ),
            late_kept: late("true"),
            late_dropped: late("false"),
            undecided: telemetry.counter(
                "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early",
                "{traces}",
                "Count of traces that were dropped without a decision: too large, or held at the end.",
            ),
            early: [
                (Early::NumTraces, early("num_traces")),
                (Early::Memory, early("memory")),
                (Early::Shutdown, early("shutdown")),
            ],
            held: telemetry.gauge(
                "otelcol_processor_tail_sampling_sampling_traces_on_memory",
                "{traces}",
                "Tracks the number of traces current on memory.",
            ),
            held_bytes: telemetry.gauge(
                "edgewatch_processor_tail_sampling_held_bytes",
                "By",
                "Encoded bytes of the requests whose spans are held.",
            ),
            operations: OperationsTelemetry::new(telemetry),
        }
    }

    pub(super) fn answered(&self, policy: usize, decision: Decision, spans: usize) {
        if let Some(pair) = self.policies.get(policy).and_then(|answers| answers.get(number(decision))) {
            pair.traces.add(1);
            pair.spans.add(spans);
        }
    }

    pub(super) fn decided(&self, decision: Decision) {
        if let Some(counter) = self.traces.get(number(decision)) {
            counter.add(1);
        }
    }

    pub(super) fn new_trace(&self) {
        self.new_traces.add(1);
    }

    pub(super) fn late(&self, kept: bool) {
        if kept { &self.late_kept } else { &self.late_dropped }.add(1);
    }

    pub(super) fn undecided(&self) {
        self.undecided.add(1);
    }

    pub(super) fn early(&self, reason: Early) {
        self.early.iter().filter(|(of, _)| *of == reason).for_each(|(_, counter)| counter.add(1));
    }

    pub(super) fn held(&self, traces: usize, bytes: usize) {
        self.held.set(traces as u64);
        self.held_bytes.set(bytes as u64);
    }

    pub(super) fn operations(&self, operations: &mut Operations) {
        self.operations.show(operations);
    }
}
