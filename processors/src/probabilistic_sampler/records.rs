//! Log records: attributes say what was sampled before, and what was now.

use std::fmt::Write as _;

use edgewatch_proto::view::{AnyValue, KeyValue, LogRecordFields, Value};

use super::config::Config;
use super::sampler::{Given, Note, Priority};
use super::write::{Change, New, put_changed};
use crate::sampling::{Fate, Randomness, Threshold};

/// The attribute with the threshold that was applied.
const THRESHOLD: &str = "sampling.threshold";
/// The attribute with the explicit randomness.
const RANDOMNESS: &str = "sampling.randomness";

/// Field of a log record.
const ATTRIBUTES: u32 = 6;

/// What a record says about its sampling. A value to be hashed that is no text is written to `scratch`.
pub(super) fn read<'a>(config: &Config, record: &LogRecordFields<'a>, scratch: &'a mut String) -> Given<'a> {
    let mut given = Given {
        trace_id: record.trace_id.try_into().ok().filter(|id: &&[u8; 16]| **id != [0; 16]),
        ..Given::default()
    };
    let mut hashed = None;
    for attribute in record.attributes {
        let key = attribute.key_bytes();
        let noted = [THRESHOLD, RANDOMNESS].into_iter().find(|noted| noted.as_bytes() == key);
        match noted.zip(text(attribute)) {
            Some((THRESHOLD, text)) => {
                given.threshold = Threshold::parse(text);
                given.malformed |= given.threshold.is_none();
            }
            Some((_, text)) => {
                given.randomness = Randomness::parse(text);
                given.malformed |= given.randomness.is_none();
            }
            None => {}
        }
        if !config.from_attribute.is_empty() && key == config.from_attribute.as_bytes() {
            hashed = Some(attribute.value());
        }
        if !config.sampling_priority.is_empty() && key == config.sampling_priority.as_bytes() {
            given.priority = priority(attribute.value(), config.sampling_precision);
        }
    }
    given.value = hashed.and_then(|value| bytes(value, scratch)).filter(|value| !value.is_empty());
    given
}

/// The text of an attribute, unless it is empty.
fn text(attribute: KeyValue<'_>) -> Option<&str> {
    attribute.value().as_str().filter(|text| !text.is_empty())
}

/// With how many percent the record is to be kept. What is no percentage above zero and up to 100 asks for nothing.
fn priority(value: AnyValue<'_>, precision: u32) -> Priority {
    let percentage = match value.value() {
        Value::Int(number) => number as f64,
        Value::Double(number) => number,
        Value::Empty
        | Value::Bool(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::KeyValueList(_)
        | Value::Bytes(_)
        | Value::StringIndex(_) => return Priority::None,
    };
    Threshold::of_probability(percentage / 100.0, precision).map_or(Priority::None, Priority::Threshold)
}

/// What is hashed of a value: bytes as they are, everything else as text. Lists and maps are not.
fn bytes<'a>(value: AnyValue<'a>, scratch: &'a mut String) -> Option<&'a [u8]> {
    scratch.clear();
    // Writing to a string does not fail.
    let _ = match value.value() {
        Value::String(text) => return Some(text.as_bytes()),
        Value::Bytes(bytes) => return Some(bytes),
        Value::Bool(truth) => write!(scratch, "{truth}"),
        Value::Int(number) => write!(scratch, "{number}"),
        Value::Double(number) => write!(scratch, "{number}"),
        Value::Empty | Value::Array(_) | Value::KeyValueList(_) | Value::StringIndex(_) => return None,
    };
    Some(scratch.as_bytes())
}

/// Writes into a record that is kept what was decided.
pub(super) fn write(item: &[u8], before: Option<Threshold>, note: Option<Note>, out: &mut Vec<u8>) -> Fate {
    let Some(note) = note else { return Fate::Kept };
    let before = before.filter(|_| !note.clear);
    // A threshold only ever rises.
    let rises = before.is_none_or(|before| before <= note.threshold);
    if !rises && note.randomness.is_none() {
        return Fate::Kept;
    }
    let (threshold, randomness) =
        (note.threshold.to_string(), note.randomness.map(|value| value.to_string()));
    let changes = [
        rises.then(|| Change { key: THRESHOLD, value: New::Text(&threshold) }),
        randomness.as_deref().map(|text| Change { key: RANDOMNESS, value: New::Text(text) }),
    ];
    let changes: smallvec::SmallVec<[Change<'_>; 2]> = changes.into_iter().flatten().collect();
    put_changed(out, item, ATTRIBUTES, &changes, None);
    Fate::Written
}
