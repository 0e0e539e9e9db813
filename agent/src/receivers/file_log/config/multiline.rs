//! Records of several lines.

use std::sync::Arc;

use edgewatch_core::config::ConfigError;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::Config;
use crate::tailing::{Encoding, Oversize, Rule, Separator, Side};

/// Settings of `multiline`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(in super::super) struct Multiline {
    /// A record begins where this regular expression matches, and goes on to the next match; text in front of the first match is a record of
    /// its own. `^` and `$` mean lines: `^\d{4}-\d{2}-\d{2}` for lines that begin with a date. Without `^` it matches within lines, too.
    /// Default: empty.
    pub(super) line_start_pattern: String,
    /// A record ends where this regular expression matches. Only one of both patterns can be set. Default: empty.
    pub(super) line_end_pattern: String,
    /// Leave out of records what the pattern matches. Default: false.
    pub(super) omit_pattern: bool,
}

impl Multiline {
    fn pattern(&self) -> Option<(&'static str, Side, &str)> {
        match (self.line_start_pattern.as_str(), self.line_end_pattern.as_str()) {
            ("", "") => None,
            (start, "") => Some(("multiline.line_start_pattern", Side::Start, start)),
            (_, end) => Some(("multiline.line_end_pattern", Side::End, end)),
        }
    }

    fn separator(&self) -> Option<Result<Separator, ConfigError>> {
        let (key, side, pattern) = self.pattern()?;
        let wrong = |fact: String| ConfigError::new(key, format!("is not a regular expression: {fact}"));
        Some(Separator::new(side, pattern, self.omit_pattern).map_err(wrong))
    }

    /// Where records end; none: with every line.
    pub(super) fn rule(&self) -> Option<Rule> {
        Some(Rule::Separated(Arc::new(self.separator()?.ok()?)))
    }

    pub(super) fn memory_bound(&self) -> usize {
        self.pattern().map_or(0, |_| Separator::MEMORY)
    }

    pub(super) fn check(&self, config: &Config) -> Result<(), ConfigError> {
        let Some((key, ..)) = self.pattern() else { return Ok(()) };
        let wrong = |broken: bool, key: &str, fact: &str| {
            if broken { Err(ConfigError::new(key, fact)) } else { Ok(()) }
        };
        let both = !self.line_start_pattern.is_empty() && !self.line_end_pattern.is_empty();
        ConfigError::all([
            wrong(both, "multiline", "has both line_start_pattern and line_end_pattern; write one of them"),
            wrong(
                config.encoding == Encoding::Nop,
                key,
                "has nothing to match in with the encoding nop; remove it, or write the encoding of the text",
            ),
            wrong(
                config.max_log_size_behavior == Oversize::Truncate,
                "max_log_size_behavior",
                "this build always splits records of several lines that are too long; write split",
            ),
            self.separator().transpose().map(drop),
        ])
    }
}

/// A key without a value is as good as none.
pub(super) fn or_default<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Multiline, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
