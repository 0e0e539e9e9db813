//! `service.telemetry.logs`.

use std::collections::BTreeMap;
use std::fmt;

use edgewatch_core::config::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::values::Anything;

/// The agent's own log.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Logs {
    /// Least severity that is written: debug, info, warn or error. Default: info.
    pub level: Level,
    /// `console` for people, `json` for one JSON object a line. Default: console.
    pub encoding: Encoding,
    /// What happens to messages that repeat.
    pub sampling: Sampling,
    /// Where the log goes. Only `stderr` has an effect: let systemd or the container runtime keep the log. Default: `[stderr]`.
    pub output_paths: Vec<String>,
    /// The Collector's log of its log. Without effect. Default: `[stderr]`.
    pub error_output_paths: Vec<String>,
    /// The Collector's development mode. Without effect. Default: false.
    pub development: bool,
    /// Whether the place in the code is left out. Without effect: it always is. Default: false.
    pub disable_caller: bool,
    /// Whether stack traces are left out. Without effect: they always are. Default: false.
    pub disable_stacktrace: bool,
    /// Whether the resource is left out. Without effect: it always is. Default: false.
    pub disable_zap_resource: bool,
    /// Fields of every message. Without effect. Default: none.
    pub initial_fields: BTreeMap<String, Anything>,
    /// The Collector's export of its log. Without effect. Default: none.
    pub processors: Option<Anything>,
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            level: Level::Info,
            encoding: Encoding::Console,
            sampling: Sampling::default(),
            output_paths: vec!["stderr".to_owned()],
            error_output_paths: vec!["stderr".to_owned()],
            development: false,
            disable_caller: false,
            disable_stacktrace: false,
            disable_zap_resource: false,
            initial_fields: BTreeMap::new(),
            processors: None,
        }
    }
}

impl Logs {
    pub(super) fn without_effect(&self) -> Vec<&'static str> {
        let default = Self::default();
        [
            ("logs.output_paths", self.output_paths != default.output_paths),
            ("logs.error_output_paths", self.error_output_paths != default.error_output_paths),
            ("logs.development", self.development),
            ("logs.initial_fields", !self.initial_fields.is_empty()),
            ("logs.processors", self.processors.is_some()),
        ]
        .into_iter()
        .filter_map(|(key, set)| set.then_some(key))
        .collect()
    }
}

/// What happens to messages that repeat: of the same message the first `initial` in each `tick` are written, then every
/// `thereafter`th.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sampling {
    /// Whether repeated messages are thinned out. Default: true.
    pub enabled: bool,
    /// Length of the window in which messages are counted. Default: 10s.
    pub tick: Duration,
    /// Messages that are written in each window before thinning starts. Default: 10.
    pub initial: u64,
    /// After that every so many is written; 0: none. Default: 100.
    pub thereafter: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { enabled: true, tick: Duration::from_secs(10), initial: 10, thereafter: 100 }
    }
}

/// How lines are written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// For people.
    #[default]
    Console,
    /// One JSON object a line.
    Json,
}

/// Severity of a message.
#[derive(Clone, Copy, Debug, Default, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Everything, for those who look for a fault.
    Debug,
    /// What happens in normal operation.
    #[default]
    Info,
    /// What needs a look.
    Warn,
    /// What has failed.
    Error,
}

impl<'de> Deserialize<'de> for Level {
    /// As zap does: in any letter case, and with its levels above `error`, which do not occur here.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Level;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("debug, info, warn or error")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Level, E> {
                match text.to_ascii_lowercase().as_str() {
                    "debug" => Ok(Level::Debug),
                    "info" => Ok(Level::Info),
                    "warn" | "warning" => Ok(Level::Warn),
                    "error" | "dpanic" | "panic" | "fatal" => Ok(Level::Error),
                    _ => Err(E::unknown_variant(text, &["debug", "info", "warn", "error"])),
                }
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}
