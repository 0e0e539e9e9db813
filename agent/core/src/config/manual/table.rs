//! A component's keys as a Markdown table.

use schemars::Schema;
use serde_json::{Map, Value};

use super::keys::{Definitions, has_keys};
use super::yaml::inline;

/// Every key of the type, dotted, with its kind of value, its default and its doc comment.
#[must_use]
pub fn table(schema: &Schema, defaults: &Value) -> String {
    let Some(root) = schema.as_object() else { return String::new() };
    let definitions = Definitions::of(root);
    let mut text = "| Key | Value | Default | Meaning |\n| --- | --- | --- | --- |\n".to_owned();
    rows(&definitions, root, Some(defaults), "", 0, &mut text);
    text
}

fn rows<'a>(
    definitions: &Definitions<'a>,
    shape: &'a Map<String, Value>,
    defaults: Option<&'a Value>,
    path: &str,
    depth: usize,
    text: &mut String,
) {
    for key in definitions.keys(shape, defaults) {
        let path = crate::config::join(path, key.name);
        let below = has_keys(key.shape) && depth < 6;
        let default = match key.default {
            Some(_) if below => "see below".to_owned(),
            Some(value) => format!("`{}`", inline(value)),
            None => "not set".to_owned(),
        };
        let about = key.about.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
        let kind = kind(definitions, key.shape);
        text.push_str(&format!("| `{path}` | {kind} | {default} | {about} |\n"));
        if below {
            rows(definitions, key.shape, key.default, &path, depth + 1, text);
        }
        // What each entry of a list, and each value of a map with free names, may hold.
        for (holder, mark) in [("items", "[]"), ("additionalProperties", ".<name>")] {
            let entry =
                key.shape.get(holder).and_then(Value::as_object).map(|shape| definitions.resolve(shape));
            if let Some(entry) = entry.filter(|entry| has_keys(entry) && depth < 6) {
                rows(definitions, entry, None, &format!("{path}{mark}"), depth + 1, text);
            }
        }
    }
}

/// What kind of value it is, in words.
fn kind<'a>(definitions: &Definitions<'a>, shape: &'a Map<String, Value>) -> String {
    if let Some(choices) = choices(shape) {
        return choices;
    }
    match shape.get("format").and_then(Value::as_str) {
        Some("duration") => return "duration".to_owned(),
        Some("byte-size") => return "size".to_owned(),
        Some(_) | None => {}
    }
    let names: Vec<&str> = match shape.get("type") {
        Some(Value::String(name)) => vec![name.as_str()],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        Some(_) | None => Vec::new(),
    };
    match names.iter().find(|name| **name != "null").copied() {
        Some("string") => "text".to_owned(),
        Some("integer") => "whole number".to_owned(),
        Some("number") => "number".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("array") => match shape.get("items").and_then(Value::as_object) {
            Some(items) => format!("list of {}", kind(definitions, definitions.resolve(items))),
            None => "list".to_owned(),
        },
        Some("object") => "map".to_owned(),
        Some(_) | None => alternatives(definitions, shape),
    }
}

/// The kinds of a value that may be written in several ways.
fn alternatives<'a>(definitions: &Definitions<'a>, shape: &'a Map<String, Value>) -> String {
    let found = ["anyOf", "oneOf"].iter().find_map(|key| shape.get(*key)).and_then(Value::as_array);
    let mut kinds: Vec<String> = Vec::new();
    for shape in found.into_iter().flatten().filter_map(Value::as_object) {
        let kind = kind(definitions, definitions.resolve(shape));
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if kinds.is_empty() { "any".to_owned() } else { kinds.join(" or ") }
}

/// The names of an enumeration.
fn choices(shape: &Map<String, Value>) -> Option<String> {
    let names: Vec<&str> = match (shape.get("enum"), shape.get("const"), shape.get("oneOf")) {
        (Some(Value::Array(names)), _, _) => names.iter().filter_map(Value::as_str).collect(),
        (_, Some(Value::String(name)), _) => vec![name.as_str()],
        (_, _, Some(Value::Array(shapes))) => {
            let mut names = Vec::new();
            for shape in shapes {
                match (shape.get("const"), shape.get("enum")) {
                    (Some(name), _) => names.push(name.as_str()?),
                    (None, Some(Value::Array(more))) => names.extend(more.iter().filter_map(Value::as_str)),
                    (None, Some(_) | None) => return None,
                }
            }
            names
        }
        (_, _, _) => return None,
    };
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    Some(quoted.join(", "))
}
