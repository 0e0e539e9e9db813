//! The JSON Schema of a whole configuration, for editors.

use edgewatch_core::factory::{ComponentKind, Description};
use serde_json::{Map, Value, json};

use super::components::Components;
use super::telemetry::Telemetry;

/// A schema of everything that a configuration may hold.
#[must_use]
pub fn schema(components: &Components) -> Value {
    let mut definitions = Map::new();
    let mut properties = Map::new();
    for kind in ComponentKind::ALL {
        properties.insert(kind.section().to_owned(), section(components, kind, &mut definitions));
    }
    properties.insert("service".to_owned(), service(&mut definitions));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Edgewatch configuration",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "$defs": definitions,
    })
}

fn section(components: &Components, kind: ComponentKind, definitions: &mut Map<String, Value>) -> Value {
    let mut patterns = Map::new();
    for description in components.descriptions(kind) {
        let reference = define(description, definitions);
        for name in std::iter::once(&description.name).chain(description.aliases) {
            let value = json!({ "description": description.about, "$ref": reference });
            patterns.insert(format!("^{name}(/.+)?$"), value);
        }
    }
    json!({
        "description": format!("The {}s, by id: `type` or `type/name`", kind.name()),
        "type": ["object", "null"],
        "patternProperties": patterns,
        "additionalProperties": false,
    })
}

/// Adds a component's schema and the definitions that it uses, under names of their own.
fn define(description: &Description, definitions: &mut Map<String, Value>) -> String {
    let name = format!("{}.{}", description.kind.name(), description.name);
    adopt(&name, Value::from((description.schema)()), definitions);
    format!("#/$defs/{name}")
}

fn adopt(name: &str, mut root: Value, definitions: &mut Map<String, Value>) {
    if let Some(object) = root.as_object_mut() {
        object.remove("$schema");
        if let Some(Value::Object(parts)) = object.remove("$defs") {
            for (part, mut schema) in parts {
                relate(&mut schema, name);
                definitions.insert(format!("{name}.{part}"), schema);
            }
        }
    }
    relate(&mut root, name);
    definitions.insert(name.to_owned(), root);
}

/// Lets references lead to the new names, and lets a reference such as `${env:X}` stand where a number or boolean is wanted.
fn relate(schema: &mut Value, name: &str) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(|item| relate(item, name)),
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get_mut("$ref")
                && let Some(part) = reference.strip_prefix("#/$defs/")
            {
                *reference = format!("#/$defs/{name}.{part}");
            }
            for (key, value) in object.iter_mut() {
                // Defaults are values, not schemas.
                if key != "default" && key != "enum" && key != "const" {
                    relate(value, name);
                }
            }
            // A section without keys is null in YAML, and has its defaults.
            if object.get("type").is_some_and(|name| name == "object") {
                object.insert("type".to_owned(), json!(["object", "null"]));
            }
            accept_reference(object);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn accept_reference(object: &mut Map<String, Value>) {
    let simple = |name: &Value| matches!(name.as_str(), Some("integer" | "number" | "boolean" | "null"));
    let wants_value = match object.get("type") {
        Some(Value::Array(names)) => names.iter().all(simple),
        Some(name) => simple(name) && name != "null",
        None => false,
    };
    if !wants_value {
        return;
    }
    let mut outside = Map::new();
    for key in ["description", "default", "title"] {
        if let Some(value) = object.remove(key) {
            outside.insert(key.to_owned(), value);
        }
    }
    let inside = Value::Object(std::mem::take(object));
    outside.insert("anyOf".to_owned(), json!([inside, { "type": "string", "pattern": r"\$\{" }]));
    *object = outside;
}

fn service(definitions: &mut Map<String, Value>) -> Value {
    let telemetry = schemars::SchemaGenerator::default().into_root_schema_for::<Telemetry>();
    adopt("service.telemetry", Value::from(telemetry), definitions);
    let ids = |about: &str| json!({ "description": about, "type": "array", "items": { "type": "string" } });
    json!({
        "description": "What runs",
        "type": "object",
        "properties": {
            "extensions": ids("Ids of the extensions that run"),
            "pipelines": {
                "description": "The ways of the data, by signal: `traces`, `metrics`, `logs`, or one of these with a name behind `/`",
                "type": "object",
                "patternProperties": {
                    "^(traces|metrics|logs)(/.+)?$": {
                        "type": "object",
                        "properties": {
                            "receivers": ids("Ids of the receivers and connectors that feed the pipeline, and of processors that derive its signal from another one"),
                            "processors": ids("Ids of the processors, in order"),
                            "exporters": ids("Ids of the exporters and connectors that the pipeline feeds"),
                        },
                        "required": ["receivers", "exporters"],
                        "additionalProperties": false,
                    },
                },
                "additionalProperties": false,
            },
            "telemetry": { "$ref": "#/$defs/service.telemetry" },
        },
        "additionalProperties": false,
    })
}
