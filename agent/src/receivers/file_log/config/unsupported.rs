//! Keys of the Collector that this build knows and cannot honour.

use edgewatch_core::config::ConfigError;
use serde_json::Value;

use super::{Config, Truncation};

/// Refuses what would have an effect in the Collector and has none here.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    ConfigError::all([
        absent(
            "operators",
            is_set(config.operators.as_ref()),
            "this build has no operators yet; remove the key, lines then arrive as they are in the file",
        ),
        absent(
            "header",
            is_set(config.header.as_ref()),
            "this build cannot parse headers of files yet; remove the key, header lines are then records",
        ),
        absent(
            "ordering_criteria",
            is_set(config.ordering_criteria.as_ref()),
            "this build cannot choose files by order yet; remove the key, all files are then followed",
        ),
        absent(
            "compression",
            !config.compression.is_empty(),
            "this build cannot read compressed files yet; remove the key, they are then passed over",
        ),
        absent(
            "delete_after_read",
            config.delete_after_read,
            "this build does not delete files; remove the key and leave that to logrotate or tmpfiles.d",
        ),
        absent("acquire_fs_lock", config.acquire_fs_lock, "this build does not lock files; remove the key"),
        absent(
            "on_truncate",
            config.on_truncate != Truncation::ReadWholeFile,
            "this build always reads a file that became shorter from its beginning; write read_whole_file",
        ),
    ])
}

fn absent(key: &str, set: bool, fact: &str) -> Result<(), ConfigError> {
    if set { Err(ConfigError::new(key, fact)) } else { Ok(()) }
}

/// Whether something stands there that would have an effect.
fn is_set(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Object(map)) => map.values().any(|value| is_set(Some(value))),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Bool(true) | Value::Number(_)) => true,
    }
}
