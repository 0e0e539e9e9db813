//! Spans: the trace state says what was sampled before, and is told what was now.

use std::fmt::Write as _;

use edgewatch_proto::view::{KeyValue, SpanFields, Value};

use super::sampler::{Given, Note, Priority};
use super::write::{Change, New, put_changed};
use crate::sampling::{Fate, Threshold, TraceState};

/// The attribute of a span that was kept because it is unusual: the probability of one like it.
pub(super) const TAIL_PROBABILITY: &str = "edgewatch.sampling.tail_probability";

/// Fields of a span.
const TRACE_STATE: u32 = 3;
const ATTRIBUTES: u32 = 9;

/// What a span says about its sampling.
pub(super) fn read<'a>(span: &SpanFields<'a>, state: Option<&TraceState<'a>>) -> Given<'a> {
    Given {
        trace_id: span.trace_id.try_into().ok().filter(|id: &&[u8; 16]| **id != [0; 16]),
        randomness: state.and_then(TraceState::randomness),
        threshold: state.and_then(TraceState::threshold),
        malformed: state.is_none(),
        value: None,
        priority: priority(span),
    }
}

/// What the attribute `sampling.priority` asks for, as OpenTracing defined it.
fn priority(span: &SpanFields<'_>) -> Priority {
    let mut attributes = span.attributes;
    let Some(found) = attributes.find(|attribute| attribute.key_bytes() == b"sampling.priority") else {
        return Priority::None;
    };
    let number = match KeyValue::value(found).value() {
        Value::Int(number) => number as f64,
        Value::Double(number) => number,
        Value::String(text) => text.parse().unwrap_or(f64::NAN),
        Value::Empty
        | Value::Bool(_)
        | Value::Array(_)
        | Value::KeyValueList(_)
        | Value::Bytes(_)
        | Value::StringIndex(_) => f64::NAN,
    };
    if number > 0.0 {
        Priority::Threshold(Threshold::ALWAYS)
    } else if number == 0.0 {
        Priority::Threshold(Threshold::NEVER)
    } else {
        Priority::None
    }
}

/// Writes into a span that is kept what was decided.
pub(super) fn write(
    (bytes, span): (&[u8], &SpanFields<'_>),
    (state, note): (Option<TraceState<'_>>, Option<Note>),
    scratch: &mut String,
    out: &mut Vec<u8>,
) -> Fate {
    let (Some(mut state), Some(note)) = (state, note) else { return Fate::Kept };
    if note.clear {
        state.clear_threshold();
    }
    if let Some(randomness) = note.randomness {
        state.set_randomness(randomness);
    }
    state.apply(note.threshold);
    scratch.clear();
    // Writing to a string does not fail.
    let _ = write!(scratch, "{state}");
    if scratch == span.trace_state {
        return Fate::Kept;
    }
    put_changed(out, bytes, ATTRIBUTES, &[], Some((TRACE_STATE, scratch)));
    Fate::Written
}

/// Marks a span that is kept although it was not chosen. It has no threshold then: it stands for no others.
pub(super) fn mark(
    bytes: &[u8],
    state: Option<TraceState<'_>>,
    probability: f64,
    scratch: &mut String,
    out: &mut Vec<u8>,
) -> Fate {
    let marks = [Change { key: TAIL_PROBABILITY, value: New::Number(probability) }];
    let state = state.filter(|state| state.threshold().is_some()).map(|mut state| {
        state.clear_threshold();
        scratch.clear();
        let _ = write!(scratch, "{state}");
    });
    let text = state.map(|()| (TRACE_STATE, scratch.as_str()));
    put_changed(out, bytes, ATTRIBUTES, &marks, text);
    Fate::Written
}
