use super::super::{Components, example, listing, schema};
use super::{fakes, outcome, real};

#[test]
fn the_example_has_every_key_and_is_valid() {
    let text = example(&fakes::COMPONENTS);
    let outcome = outcome(&text);
    assert_eq!(outcome.problems.render(&outcome.sources, false), "no problems");
    insta::assert_snapshot!(text);
}

#[test]
fn the_example_of_this_build_has_no_errors() {
    let outcome = real(&example(&Components::of_this_build()));
    let report = outcome.problems.render(&outcome.sources, false);
    // While a build has no receiver or no exporter there is no pipeline either.
    let pipelines = report.contains("there is no pipeline") || report.contains("names it");
    assert!(report == "no problems" || pipelines, "{report}");
}

#[test]
fn the_listing_shows_signals_and_other_names() {
    insta::assert_snapshot!(listing(&fakes::COMPONENTS));
}

#[test]
fn a_section_without_keys_agrees_with_the_schema() {
    let schema = schema(&fakes::COMPONENTS);
    for name in ["processor.batch", "receiver.otlp", "service.telemetry"] {
        assert_eq!(schema["$defs"][name]["type"], serde_json::json!(["object", "null"]), "{name}");
    }
}

#[test]
fn references_in_the_schema_lead_somewhere() {
    let schema = schema(&fakes::COMPONENTS);
    let mut references = Vec::new();
    collect(&schema, &mut references);
    assert!(references.len() > 10);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(schema.pointer(pointer).is_some(), "{reference}");
    }
    let names = schema["properties"]["receivers"]["patternProperties"].as_object().unwrap();
    assert_eq!(
        names.keys().collect::<Vec<_>>(),
        ["^host_metrics(/.+)?$", "^hostmetrics(/.+)?$", "^otlp(/.+)?$"]
    );
    insta::assert_snapshot!(serde_json::to_string_pretty(&schema["$defs"]["processor.batch"]).unwrap());
}

fn collect<'a>(schema: &'a serde_json::Value, references: &mut Vec<&'a str>) {
    match schema {
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        serde_json::Value::Object(entries) => {
            for (key, value) in entries {
                match value.as_str() {
                    Some(reference) if key == "$ref" => references.push(reference),
                    Some(_) | None => collect(value, references),
                }
            }
        }
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}
