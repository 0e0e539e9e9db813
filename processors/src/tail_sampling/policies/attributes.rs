//! Policies about attributes: of a resource or of a span.

use edgewatch_proto::view::{AnyValue, KeyValue, Value};
use regex::Regex;

use super::{Candidate, Decision};

/// An integer within bounds.
#[derive(Debug)]
pub(super) struct Number {
    pub(super) key: Box<str>,
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
    pub(super) is_inverted: bool,
}

/// A boolean.
#[derive(Debug)]
pub(super) struct Flag {
    pub(super) key: Box<str>,
    pub(super) value: bool,
    pub(super) is_inverted: bool,
}

/// A text.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) key: Box<str>,
    pub(super) pattern: Pattern,
    pub(super) is_inverted: bool,
}

/// What a text has to be.
#[derive(Debug)]
pub(super) enum Pattern {
    /// One of these.
    OneOf(Vec<Box<str>>),
    /// One of these is found in it.
    Found(Vec<Regex>),
}

impl Number {
    pub(super) fn ask(&self, trace: &Candidate<'_>) -> Decision {
        let fits = |number: i64| {
            self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
        };
        answer(trace, &self.key, self.is_inverted, |value| value.as_int().is_some_and(fits))
    }
}

impl Flag {
    pub(super) fn ask(&self, trace: &Candidate<'_>) -> Decision {
        answer(trace, &self.key, self.is_inverted, |value| value.value() == Value::Bool(self.value))
    }
}

impl Text {
    pub(super) fn ask(&self, trace: &Candidate<'_>) -> Decision {
        answer(trace, &self.key, self.is_inverted, |value| {
            let Some(text) = value.as_str().filter(|text| !text.is_empty()) else { return false };
            match &self.pattern {
                Pattern::OneOf(values) => values.iter().any(|wanted| **wanted == *text),
                Pattern::Found(patterns) => patterns.iter().any(|pattern| pattern.is_match(text)),
            }
        })
    }
}

fn answer(
    trace: &Candidate<'_>,
    key: &str,
    is_inverted: bool,
    fits: impl Fn(AnyValue<'_>) -> bool,
) -> Decision {
    let found = trace.resources().any(|resource| has(resource.attributes(), key, &fits))
        || trace.views().any(|span| has(span.attributes(), key, &fits));
    match (found, is_inverted) {
        (true, false) => Decision::Sampled,
        (false, false) => Decision::NotSampled,
        (true, true) => Decision::InvertNotSampled,
        (false, true) => Decision::InvertSampled,
    }
}

fn has<'a>(
    mut attributes: impl Iterator<Item = KeyValue<'a>>,
    key: &str,
    fits: impl Fn(AnyValue<'_>) -> bool,
) -> bool {
    let found = attributes.find(|attribute| attribute.key_bytes() == key.as_bytes());
    found.is_some_and(|attribute| fits(attribute.value()))
}
