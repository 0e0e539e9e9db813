//! Carrying out actions, in their order.

use std::fmt::Write as _;

use edgewatch_proto::splice::{AttributeValue, Attributes, Write};
use edgewatch_proto::text::Text;
use edgewatch_proto::view::{AnyValue, Value};
use regex::Regex;
use ring::digest;

use super::action::{Action, Actions, Source};
use super::config::Type;

impl Actions {
    /// Applies every action to the attributes of one resource or item.
    pub(crate) fn apply(&mut self, attributes: &mut Attributes<'_>) {
        for action in &self.actions {
            match action {
                Action::Set { write, key, source } => set(attributes, *write, key, source),
                Action::Delete { key, pattern } => delete(attributes, key.as_deref(), pattern.as_ref()),
                Action::Hash { key, pattern } => {
                    if let Some(key) = key {
                        hash(attributes, key);
                    }
                    if let Some(pattern) = pattern {
                        for key in matching(attributes, pattern) {
                            hash(attributes, &key);
                        }
                    }
                }
                Action::Extract { key, pattern, targets } => {
                    extract(attributes, key, pattern, targets, &mut self.scratch);
                }
                Action::Convert { key, to } => convert(attributes, key, *to, &mut self.scratch),
            }
        }
    }
}

fn set(attributes: &mut Attributes<'_>, write: Write, key: &str, source: &Source) {
    match source {
        Source::Value(value) => {
            attributes.set(write, key, AnyValue::new(value));
        }
        Source::Attribute { from, default } => match default {
            Some(default) if !attributes.contains(from) => {
                attributes.set(write, key, AnyValue::new(default));
            }
            Some(_) | None => {
                attributes.copy(write, key, from);
            }
        },
    }
}

fn delete(attributes: &mut Attributes<'_>, key: Option<&str>, pattern: Option<&Regex>) {
    if let Some(key) = key {
        attributes.remove(key);
    }
    if let Some(pattern) = pattern {
        attributes.retain(|attribute| !pattern.is_match(attribute.key()));
    }
}

fn matching(attributes: &Attributes<'_>, pattern: &Regex) -> Vec<String> {
    attributes
        .iter()
        .map(|attribute| attribute.key())
        .filter(|key| pattern.is_match(key))
        .map(str::to_owned)
        .collect()
}

/// Replaces the value of `key` by its digest. As in the Collector, numbers are hashed as their eight bytes,
/// little endian, and what is neither text, number nor boolean becomes the empty text.
fn hash(attributes: &mut Attributes<'_>, key: &str) {
    let Some(value) = attributes.get(key) else { return };
    let digest = match value.value() {
        Value::String("") => None,
        Value::String(text) => Some(sha256(text.as_bytes())),
        Value::Bool(truth) => Some(sha256(&[u8::from(truth)])),
        Value::Int(number) => Some(sha256(&number.to_le_bytes())),
        Value::Double(number) => Some(sha256(&number.to_bits().to_le_bytes())),
        Value::Empty | Value::Array(_) | Value::KeyValueList(_) | Value::Bytes(_) | Value::StringIndex(_) => {
            None
        }
    };
    let mut text = String::with_capacity(2 * digest::SHA256_OUTPUT_LEN);
    for byte in digest.iter().flat_map(|digest| digest.as_ref()) {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    attributes.update(key, text.as_str());
}

fn sha256(bytes: &[u8]) -> digest::Digest {
    digest::digest(&digest::SHA256, bytes)
}

fn extract(
    attributes: &mut Attributes<'_>,
    key: &str,
    pattern: &Regex,
    targets: &[Option<String>],
    scratch: &mut String,
) {
    let Some(text) = attributes.get(key).and_then(AnyValue::as_str) else { return };
    if !pattern.is_match(text) {
        return;
    }
    scratch.clear();
    scratch.push_str(text);
    let Some(captures) = pattern.captures(scratch) else { return };
    for (target, group) in targets.iter().zip(captures.iter().skip(1)) {
        if let Some(target) = target {
            attributes.upsert(target, group.map_or("", |group| group.as_str()));
        }
    }
}

fn convert(attributes: &mut Attributes<'_>, key: &str, to: Type, scratch: &mut String) {
    let Some(value) = attributes.get(key) else { return };
    let converted = match to {
        Type::String if value.as_str().is_some() => None,
        Type::String => {
            scratch.clear();
            let _ = write!(scratch, "{}", Text(value));
            Some(AttributeValue::String(scratch.as_str()))
        }
        Type::Int => to_int(value.value()).map(AttributeValue::Int),
        Type::Double => to_double(value.value()).map(AttributeValue::Double),
    };
    if let Some(converted) = converted {
        attributes.update(key, converted);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the fraction is cut off on purpose; what is out of range saturates"
)]
fn to_int(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Double(number) => Some(number as i64),
        Value::Bool(truth) => Some(i64::from(truth)),
        Value::String(text) => text.parse().ok(),
        Value::Int(_)
        | Value::Empty
        | Value::Array(_)
        | Value::KeyValueList(_)
        | Value::Bytes(_)
        | Value::StringIndex(_) => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "an integer beyond 2^53 is rounded, as in the Collector")]
fn to_double(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Int(number) => Some(number as f64),
        Value::Bool(truth) => Some(f64::from(u8::from(truth))),
        Value::String(text) => text.parse().ok(),
        Value::Double(_)
        | Value::Empty
        | Value::Array(_)
        | Value::KeyValueList(_)
        | Value::Bytes(_)
        | Value::StringIndex(_) => None,
    }
}
