//! Keys of the Collector that this build knows and cannot honour.

use edgewatch_core::config::ConfigError;
use serde_json::Value;

/// Says that `key` cannot be honoured when it is set to something that would have an effect.
pub(super) fn absent(key: &str, value: Option<&Value>, fact: &str) -> Result<(), ConfigError> {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => Ok(()),
        Some(Value::Array(list)) if list.is_empty() => Ok(()),
        Some(
            Value::Array(_) | Value::Bool(true) | Value::Number(_) | Value::Object(_) | Value::String(_),
        ) => Err(ConfigError::new(key, format!("{fact}; remove the key"))),
    }
}
