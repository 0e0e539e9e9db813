//! Cutting what is kept out of the requests.

use std::collections::HashMap;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::{Batch, Segments};
use edgewatch_core::processor::Emitter;
use edgewatch_proto::splice::{Editor, Item, Located, retain};

use super::requests::{Requests, SpanAt};

/// Spans at which a batch goes: what becomes due at once may be a second's worth of everything.
const BATCH: usize = 8192;

/// The attribute with the name of the policy that kept a span, as in the Collector.
pub(super) const POLICY: &str = "tailsampling.policy";
/// The attribute of spans that came after their trace was decided, as in the Collector.
pub(super) const CACHED: &str = "tailsampling.cached_decision";
/// The attribute of spans whose trace was kept because it is unusual: the probability of one like it.
pub(super) const TAIL_PROBABILITY: &str = "edgewatch.sampling.tail_probability";

/// What was decided in one go.
#[derive(Debug, Default)]
pub(super) struct Round {
    /// Where the spans stand that are kept: the number of the request, and where in it the span begins.
    kept: Vec<(u32, u32)>,
    /// What the spans of a trace are told.
    marks: HashMap<u128, Mark>,
}

/// What spans are told about their trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Mark {
    pub(super) policy: Option<Box<str>>,
    pub(super) probability: Option<f64>,
    pub(super) is_late: bool,
}

impl Round {
    pub(super) fn keep(&mut self, spans: &[SpanAt]) {
        self.kept.extend(spans.iter().map(|at| (at.request, at.span.0)));
    }

    pub(super) fn mark(&mut self, trace: u128, mark: Mark) {
        if mark != Mark::default() {
            // Of a trace that was decided just now the late spans are told what the others are.
            self.marks.entry(trace).or_insert(mark);
        }
    }

    /// Emits what is kept, and lets go of requests that are decided.
    pub(super) fn finish(mut self, requests: &mut Requests, editor: &mut Editor, out: &mut Emitter) {
        self.kept.sort_unstable();
        let mut going = Going::default();
        for spans in self.kept.chunk_by(|one, two| one.0 == two.0) {
            let Some((request, ack)) = spans.first().and_then(|first| requests.share(first.0)) else {
                continue;
            };
            let (part, items) = cut(request, spans);
            let part = self.marked(part, editor);
            if part.as_ptr() != request.as_ptr() {
                ack.charge(part.len());
            }
            going.add(part, items, ack, out);
        }
        going.emit(out);
        requests.sweep();
    }

    fn marked(&self, request: Bytes, editor: &mut Editor) -> Bytes {
        if self.marks.is_empty() {
            return request;
        }
        let edited = editor.items(Signal::Traces, &request, &mut |located, attributes| {
            let Item::Span(span) = located.item else { return };
            let Some(mark) = self.marks.get(&trace_number(span.trace_id())) else { return };
            if let Some(policy) = mark.policy.as_deref() {
                attributes.upsert(POLICY, policy);
            }
            if let Some(probability) = mark.probability {
                attributes.upsert(TAIL_PROBABILITY, probability);
            }
            if mark.is_late {
                attributes.upsert(CACHED, true);
            }
        });
        // Better without marks than not at all.
        edited.ok().flatten().unwrap_or(request)
    }
}

/// A batch that is being put together.
#[derive(Default)]
struct Going {
    segments: Segments,
    items: usize,
    ack: Ack,
}

impl Going {
    fn add(&mut self, segment: Bytes, items: usize, ack: Ack, out: &mut Emitter) {
        self.segments.push(segment);
        self.items += items;
        self.ack.merge(ack);
        if self.items >= BATCH {
            std::mem::take(self).emit(out);
        }
    }

    fn emit(self, out: &mut Emitter) {
        out.emit(Batch::of_segments(Signal::Traces, self.segments, self.items, self.ack));
    }
}

/// What of `request` begins at one of these places, in order. All of it: the request itself.
fn cut(request: &Bytes, spans: &[(u32, u32)]) -> (Bytes, usize) {
    let base = request.as_ptr().addr();
    let mut wanted = spans.iter().filter_map(|(_, start)| usize::try_from(*start).ok()).peekable();
    let retained = retain(Signal::Traces, request, &mut |located: &Located<'_>| {
        let Item::Span(span) = located.item else { return false };
        let start = span.as_bytes().as_ptr().addr().wrapping_sub(base);
        wanted.next_if(|wanted| *wanted == start).is_some()
    });
    (retained.request.unwrap_or_else(|| request.clone()), retained.kept)
}

/// A trace id as a number. Longer ones, which are no trace ids, are told apart by their end.
pub(super) fn trace_number(id: &[u8]) -> u128 {
    id.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}
