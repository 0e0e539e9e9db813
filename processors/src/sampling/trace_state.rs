//! The W3C `tracestate`, and in it the part `ot`, where OpenTelemetry keeps the randomness (`rv`) and the threshold (`th`) of a trace.
//!
//! What is accepted, and in which order it is written, is as in the Collector: `ot` comes first, in it `rv`, then `th`, then others.

use std::fmt::{self, Display};

use smallvec::SmallVec;

use super::{Randomness, Threshold};

/// Longest trace state and longest part of OpenTelemetry, in bytes.
const LONGEST: usize = 1024;
const LONGEST_PART: usize = 256;
/// Members at which a trace state is no longer read: as the Collector counts, empty ones included.
const TOO_MANY: usize = 32;
/// Longest halves of a key with a tenant, and longest key.
const LONGEST_TENANT: usize = 241;
const LONGEST_SYSTEM: usize = 14;
const LONGEST_KEY: usize = 256;

type Pairs<'a> = SmallVec<[(&'a str, &'a str); 4]>;

/// A trace state, taken apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TraceState<'a> {
    randomness: Option<(Randomness, Text<'a>)>,
    threshold: Option<(Threshold, Text<'a>)>,
    /// What else stands in `ot`.
    of_telemetry: Pairs<'a>,
    /// Of other vendors.
    others: Pairs<'a>,
}

/// How a number was written; `None`: it is new.
type Text<'a> = Option<&'a str>;

impl<'a> TraceState<'a> {
    /// Takes `text` apart; `None` if it is not well-formed.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut state = Self::default();
        if text.len() > LONGEST {
            return None;
        }
        for (index, member) in text.split(',').enumerate() {
            let member = member.trim_matches([' ', '\t']);
            if index + 1 >= TOO_MANY {
                return None;
            }
            if member.is_empty() {
                continue;
            }
            let (key, value) = member.split_once('=')?;
            if !is_key(key) || !is_value(value) {
                return None;
            }
            if key == "ot" {
                state.read(value)?;
            } else {
                state.others.push((key, value));
            }
        }
        Some(state)
    }

    /// Reads the part `ot`. Of several the last one counts.
    fn read(&mut self, part: &'a str) -> Option<()> {
        (self.randomness, self.threshold, self.of_telemetry) = (None, None, Pairs::new());
        if part.len() > LONGEST_PART {
            return None;
        }
        for member in part.split(';') {
            let (key, value) = member.split_once(':')?;
            let is_of_key = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            let is_of_value = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            let starts = key.bytes().next().is_some_and(|first| first.is_ascii_lowercase());
            if !starts || !key.bytes().all(is_of_key) || !value.bytes().all(is_of_value) {
                return None;
            }
            match key {
                "rv" => self.randomness = Some((Randomness::parse(value)?, Some(value))),
                "th" => self.threshold = Some((Threshold::parse(value)?, Some(value))),
                _ => self.of_telemetry.push((key, value)),
            }
        }
        Some(())
    }

    /// The explicit randomness.
    pub(crate) fn randomness(&self) -> Option<Randomness> {
        self.randomness.map(|(randomness, _)| randomness)
    }

    /// The threshold that was applied already.
    pub(crate) fn threshold(&self) -> Option<Threshold> {
        self.threshold.map(|(threshold, _)| threshold)
    }

    pub(crate) fn set_randomness(&mut self, randomness: Randomness) {
        self.randomness = Some((randomness, None));
    }

    /// Notes that `threshold` was applied. One that was applied before and keeps less stays.
    pub(crate) fn apply(&mut self, threshold: Threshold) {
        if self.threshold().is_none_or(|applied| applied <= threshold) {
            self.threshold = Some((threshold, None));
        }
    }

    /// Forgets the threshold: the item does not count for others.
    pub(crate) fn clear_threshold(&mut self) {
        self.threshold = None;
    }
}

impl Display for TraceState<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = "";
        if self.randomness.is_some() || self.threshold.is_some() || !self.of_telemetry.is_empty() {
            f.write_str("ot=")?;
            if let Some((randomness, text)) = &self.randomness {
                f.write_str("rv:")?;
                put(text, randomness, f)?;
                before = ";";
            }
            if let Some((threshold, text)) = &self.threshold {
                write!(f, "{before}th:")?;
                put(text, threshold, f)?;
                before = ";";
            }
            for (key, value) in &self.of_telemetry {
                write!(f, "{before}{key}:{value}")?;
                before = ";";
            }
            before = ",";
        }
        for (key, value) in &self.others {
            write!(f, "{before}{key}={value}")?;
            before = ",";
        }
        Ok(())
    }
}

/// Writes a number as it came, if it came.
fn put(text: &Text<'_>, number: &impl Display, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match text {
        Some(text) => f.write_str(text),
        None => number.fmt(f),
    }
}

/// The value of the member `key` of a trace state that is not looked at further.
pub(crate) fn state_value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut members = text.split(',').filter_map(|member| member.trim_matches([' ', '\t']).split_once('='));
    members.find(|(found, _)| *found == key).map(|(_, value)| value)
}

fn is_key(key: &str) -> bool {
    let rest = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/".contains(&byte);
    let begins = |text: &str, with: fn(u8) -> bool| text.bytes().next().is_some_and(with);
    let letter = |byte: u8| byte.is_ascii_lowercase();
    if key.len() > LONGEST_KEY {
        return false;
    }
    match key.split_once('@') {
        Some((tenant, system)) => {
            tenant.len() <= LONGEST_TENANT
                && system.len() <= LONGEST_SYSTEM
                && begins(tenant, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
                && begins(system, letter)
                && tenant.bytes().chain(system.bytes()).all(rest)
        }
        None => begins(key, letter) && key.bytes().all(rest),
    }
}

fn is_value(value: &str) -> bool {
    let fits = |byte: u8| matches!(byte, b' '..=b'+' | b'-'..=b'<' | b'>'..=b'~');
    (1..=256).contains(&value.len()) && !value.ends_with(' ') && value.bytes().all(fits)
}
