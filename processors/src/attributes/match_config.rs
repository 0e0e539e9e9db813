use edgewatch_core::Signal;
use edgewatch_core::config::ConfigError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::actions::Literal;

/// Which items to act on. Every property that is set must hold.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MatchConfig {
    /// How texts are compared: strict (equal) or regexp (found by a regular expression).
    pub(super) match_type: MatchType,
    /// Accepted for the Collector's sake, without effect: expressions need no cache here.
    #[serde(default)]
    pub(super) regexp: Option<RegexpConfig>,
    /// Spans: the resource's `service.name` is one of these.
    #[serde(default)]
    pub(super) services: Vec<String>,
    /// Spans: the name is one of these.
    #[serde(default)]
    pub(super) span_names: Vec<String>,
    /// Spans: the kind is one of these: `SPAN_KIND_INTERNAL`, `SPAN_KIND_SERVER`, `SPAN_KIND_CLIENT`,
    /// `SPAN_KIND_PRODUCER`, `SPAN_KIND_CONSUMER`.
    #[serde(default)]
    pub(super) span_kinds: Vec<String>,
    /// Log records: the body, as text, is one of these.
    #[serde(default)]
    pub(super) log_bodies: Vec<String>,
    /// Log records: the severity text is one of these.
    #[serde(default)]
    pub(super) log_severity_texts: Vec<String>,
    /// Log records: the severity number is within these bounds.
    #[serde(default)]
    pub(super) log_severity_number: Option<SeverityConfig>,
    /// Data points: the metric's name is one of these.
    #[serde(default)]
    pub(super) metric_names: Vec<String>,
    /// Spans and log records: each of these attributes is there, with the value if one is given.
    #[serde(default)]
    pub(super) attributes: Vec<AttributeConfig>,
    /// Each of these attributes of the resource is there, with the value if one is given.
    #[serde(default)]
    pub(super) resources: Vec<AttributeConfig>,
    /// Spans and log records: the scope that recorded them is one of these.
    #[serde(default)]
    pub(super) libraries: Vec<LibraryConfig>,
}

/// How texts are compared.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum MatchType {
    /// They are equal.
    Strict,
    /// A regular expression is found in them.
    Regexp,
}

/// Settings of the cache for regular expressions, which does not exist here.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RegexpConfig {
    /// Without effect. Default: false.
    pub(super) cacheenabled: bool,
    /// Without effect. Default: 0.
    pub(super) cachemaxnumentries: u32,
}

/// An attribute that must be there.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttributeConfig {
    /// Its name.
    pub(super) key: String,
    /// Its value; with `match_type: regexp` a regular expression for it. Absent: any.
    #[serde(default)]
    pub(super) value: Option<Literal>,
}

/// An instrumentation scope.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LibraryConfig {
    /// Its name.
    pub(super) name: String,
    /// Its version. Absent: any. Empty: only scopes without one.
    #[serde(default)]
    pub(super) version: Option<String>,
}

/// Bounds of a severity number.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SeverityConfig {
    /// The least that matches: 1 trace, 5 debug, 9 info, 13 warn, 17 error, 21 fatal. Default: 0.
    pub(super) min: i32,
    /// Whether records without a severity match. Default: false.
    pub(super) match_undefined: bool,
}

impl MatchConfig {
    /// The properties that are set, with the signals that have them.
    fn used(&self) -> impl Iterator<Item = (&'static str, &'static [Signal])> {
        const SPANS: &[Signal] = &[Signal::Traces];
        const RECORDS: &[Signal] = &[Signal::Logs];
        const POINTS: &[Signal] = &[Signal::Metrics];
        const NOT_POINTS: &[Signal] = &[Signal::Traces, Signal::Logs];
        [
            ("services", SPANS, !self.services.is_empty()),
            ("span_names", SPANS, !self.span_names.is_empty()),
            ("span_kinds", SPANS, !self.span_kinds.is_empty()),
            ("log_bodies", RECORDS, !self.log_bodies.is_empty()),
            ("log_severity_texts", RECORDS, !self.log_severity_texts.is_empty()),
            ("log_severity_number", RECORDS, self.log_severity_number.is_some()),
            ("metric_names", POINTS, !self.metric_names.is_empty()),
            ("attributes", NOT_POINTS, !self.attributes.is_empty()),
            ("resources", &Signal::ALL, !self.resources.is_empty()),
            ("libraries", NOT_POINTS, !self.libraries.is_empty()),
        ]
        .into_iter()
        .filter_map(|(key, signals, used)| used.then_some((key, signals)))
    }

    /// Whether anything is asked for at all.
    pub(super) fn check_not_empty(&self) -> Result<(), ConfigError> {
        if self.used().next().is_some() {
            return Ok(());
        }
        Err(ConfigError::new(
            "",
            "there is nothing to match; set one of services, span_names, span_kinds, log_bodies, log_severity_texts, \
             log_severity_number, metric_names, attributes, resources or libraries",
        ))
    }

    /// Whether items of `signal` have the properties that are asked for.
    pub(super) fn check_signal(&self, signal: Signal) -> Result<(), ConfigError> {
        ConfigError::all(self.used().filter(|(_, signals)| !signals.contains(&signal)).map(|(key, _)| {
            Err(ConfigError::new(
                key,
                format!(
                    "cannot be matched in a {signal} pipeline; use a processor of its own for that pipeline"
                ),
            ))
        }))
    }
}
