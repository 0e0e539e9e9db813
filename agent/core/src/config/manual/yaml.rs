//! Values as YAML on one line.

use serde_json::Value;

use crate::config::node;
use crate::config::scalar;

/// The value in flow style, quoted where it must be, so that reading it gives the same value.
pub(super) fn inline(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => text_scalar(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            // What is absent needs no mention.
            let entries: Vec<String> = entries
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| format!("{}: {}", text_scalar(key), inline(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

fn text_scalar(text: &str) -> String {
    let text = text.replace('$', "$$");
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '+');
    let plain = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/' || c == '_')
        && text.chars().all(safe)
        && !text.ends_with(':')
        && matches!(scalar::resolve(&text), node::Value::String(_));
    if plain { text } else { Value::String(text).to_string() }
}
