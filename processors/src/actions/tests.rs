use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::refusal::RefusalKind;
use edgewatch_core::testing::{context, reading};
use edgewatch_proto::splice::{self, Outgrown};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use proptest::prelude::*;
use prost::Message;

use super::{ActionConfig, Actions, Literal};
use crate::testing::{Value, pair, resource, text, traces};

#[test]
fn insert_update_and_upsert_differ_in_what_they_do_when_the_key_exists() {
    let before = [text("there", "old")];
    let run = |action: &str, key: &str| {
        apply(&format!(r#"[{{"action": "{action}", "key": "{key}", "value": "new"}}]"#), &before)
    };

    assert_eq!(run("insert", "there"), before);
    assert_eq!(run("insert", "absent"), [text("there", "old"), text("absent", "new")]);
    assert_eq!(run("update", "there"), [text("there", "new")]);
    assert_eq!(run("UPDATE", "absent"), before);
    assert_eq!(run("upsert", "there"), [text("there", "new")]);
    assert_eq!(run("upsert", "absent"), [text("there", "old"), text("absent", "new")]);
}

#[test]
fn a_value_has_the_type_that_it_has_in_the_configuration() {
    let value =
        |value: &str| apply(&format!(r#"[{{"action": "insert", "key": "k", "value": {value}}}]"#), &[]);
    let list = ArrayValue {
        values: vec![any_value(Value::IntValue(1)), any_value(Value::StringValue("a".to_owned()))],
    };
    let map = KeyValueList { values: vec![text("x", "y")] };

    assert_eq!(value("true"), [pair("k", Value::BoolValue(true))]);
    assert_eq!(value("-5"), [pair("k", Value::IntValue(-5))]);
    assert_eq!(value("0.25"), [pair("k", Value::DoubleValue(0.25))]);
    assert_eq!(value("\"5\""), [text("k", "5")]);
    assert_eq!(value("[1, \"a\"]"), [pair("k", Value::ArrayValue(list))]);
    assert_eq!(value(r#"{"x": "y"}"#), [pair("k", Value::KvlistValue(map))]);
}

#[test]
fn a_value_can_come_from_another_attribute_or_a_default() {
    let run = |from: &str, default: &str| {
        let config = format!(r#"[{{"action": "insert", "key": "k", "from_attribute": "{from}"{default}}}]"#);
        apply(&config, &[pair("source", Value::IntValue(7))])
    };
    let source = pair("source", Value::IntValue(7));

    assert_eq!(run("source", ""), [source.clone(), pair("k", Value::IntValue(7))]);
    assert_eq!(run("absent", ""), std::slice::from_ref(&source));
    assert_eq!(run("absent", r#", "default_value": "d""#), [source, text("k", "d")]);
    let unset = r#"[{"action": "insert", "key": "k", "value": "", "default_value": "d"}]"#;
    assert_eq!(apply(unset, &[]), [text("k", "d")]);
}

#[test]
fn delete_and_hash_take_a_key_a_pattern_or_both() {
    let before = [text("user.id", "1"), text("user.name", "2"), text("host", "3")];

    assert_eq!(apply(r#"[{"action": "delete", "key": "host"}]"#, &before), before[..2]);
    assert_eq!(apply(r#"[{"action": "delete", "pattern": "^user\\."}]"#, &before), before[2..]);
    assert_eq!(apply(r#"[{"action": "delete", "key": "host", "pattern": "id$"}]"#, &before), before[1..2]);
    let hashed = apply(r#"[{"action": "hash", "pattern": "^user\\."}]"#, &before);
    let digests = [
        text("user.id", "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"),
        text("user.name", "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35"),
    ];
    assert_eq!(hashed, [digests.as_slice(), &before[2..]].concat());
}

#[test]
fn hashes_numbers_as_their_eight_bytes_and_empties_what_cannot_be_hashed() {
    let list = Value::ArrayValue(ArrayValue::default());
    let before = [pair("int", Value::IntValue(1)), pair("list", list), text("empty", "")];

    let after = apply(r#"[{"action": "hash", "pattern": ""}]"#, &before);

    // printf '\1\0\0\0\0\0\0\0' | sha256sum
    let int = "7c9fa136d4413fa6173637e883b6998d32e1d675f88cddff9dcbcf331820f4b8";
    assert_eq!(after, [text("int", int), text("list", ""), text("empty", "")]);
}

#[test]
fn extract_makes_attributes_of_named_groups() {
    let config = r#"[{
        "action": "extract", "key": "url", "pattern": "^(?P<scheme>\\w+):\\/\\/(?P<host>[^:/]+)(:(?P<port>\\d+))?"
    }]"#;
    let before = [text("url", "https://example.org/x"), text("host", "old")];

    let after = apply(config, &before);

    let expected = [
        text("url", "https://example.org/x"),
        text("host", "example.org"),
        text("scheme", "https"),
        text("port", ""),
    ];
    assert_eq!(after, expected);
    assert_eq!(apply(config, &[text("url", "nothing")]), [text("url", "nothing")]);
    let unnamed =
        actions(r#"[{"action": "extract", "key": "url", "pattern": "(.*)"}]"#).expect_err("no name");
    assert!(unnamed.to_string().starts_with("list.0.pattern: no group has a name"), "{unnamed}");
}

#[test]
fn convert_changes_the_type_and_leaves_what_it_cannot_convert() {
    let convert = |to: &str, value: Value| {
        let config = format!(r#"[{{"action": "convert", "key": "k", "converted_type": "{to}"}}]"#);
        let after = apply(&config, &[pair("k", value)]);
        after[0].value.clone().and_then(|value| value.value).expect("a value")
    };
    let text = |text: &str| Value::StringValue(text.to_owned());

    assert_eq!(convert("int", text("42")), Value::IntValue(42));
    assert_eq!(convert("int", text("4.2")), text("4.2"));
    assert_eq!(convert("int", Value::DoubleValue(-4.9)), Value::IntValue(-4));
    assert_eq!(convert("int", Value::DoubleValue(1e300)), Value::IntValue(i64::MAX));
    assert_eq!(convert("double", text("4.5")), Value::DoubleValue(4.5));
    assert_eq!(convert("double", Value::BoolValue(true)), Value::DoubleValue(1.0));
    assert_eq!(convert("string", Value::DoubleValue(0.5)), text("0.5"));
    assert_eq!(convert("string", Value::BoolValue(false)), text("false"));
}

#[test]
fn actions_see_what_those_before_them_did() {
    let config = r#"[
        {"action": "insert", "key": "a", "value": "1"},
        {"action": "insert", "key": "b", "from_attribute": "a"},
        {"action": "delete", "key": "a"},
        {"action": "convert", "key": "b", "converted_type": "int"}
    ]"#;

    assert_eq!(apply(config, &[]), [pair("b", Value::IntValue(1))]);
}

#[test]
fn reports_every_action_that_makes_no_sense() {
    let error = actions(
        r#"[
            {"action": "insert", "key": "k"},
            {"action": "insert", "value": 1},
            {"action": "delete"},
            {"action": "hash", "key": "k", "value": 1},
            {"action": "upsert", "key": "k", "from_context": "metadata.tenant"},
            {"action": "extract", "key": "k", "pattern": "("},
            {"action": "convert", "key": "k"},
            {"action": "delete", "key": "fine"}
        ]"#,
    )
    .expect_err("most are wrong")
    .to_string();

    let expected = [
        "list.0: insert needs a value; set value or from_attribute",
        "list.1.key: insert needs the attribute to act on",
        "list.2.key: delete needs a key, a pattern or both",
        "list.3.value: hash does not use it; remove the key",
        "list.4.from_context: this build does not keep the metadata of requests; use value or from_attribute",
        "list.5.pattern: not a regular expression: unclosed group",
        "list.6.converted_type: convert needs the new type: string, int or double",
    ];
    assert_eq!(error, expected.join("; "));
}

proptest! {
    #[test]
    fn does_what_a_plain_list_of_pairs_would(
        before in proptest::collection::btree_map("[a-d]", 0_i64..5, 0..5),
        steps in proptest::collection::vec((0_usize..5, "[a-e]", "[a-e]", 0_i64..5), 1..8),
    ) {
        let mut model: Vec<(String, i64)> = before.into_iter().collect();
        let attributes: Vec<KeyValue> = model.iter().map(|(key, value)| pair(key, Value::IntValue(*value))).collect();
        let mut configs = Vec::new();
        for (kind, key, from, value) in &steps {
            let action = ["insert", "update", "upsert", "delete", "upsert"][*kind];
            configs.push(match kind {
                3 => format!(r#"{{"action": "{action}", "key": "{key}"}}"#),
                4 => format!(r#"{{"action": "{action}", "key": "{key}", "from_attribute": "{from}"}}"#),
                _ => format!(r#"{{"action": "{action}", "key": "{key}", "value": {value}}}"#),
            });
            let found = model.iter().position(|(name, _)| name == key);
            let source = if *kind == 4 { model.iter().find(|(name, _)| name == from).map(|pair| pair.1) } else { Some(*value) };
            match (kind, found, source) {
                (3, Some(index), _) => drop(model.remove(index)),
                (1 | 2 | 4, Some(index), Some(value)) => model[index].1 = value,
                (0 | 2 | 4, None, Some(value)) => model.push((key.clone(), value)),
                _ => {}
            }
        }

        let after = apply(&format!("[{}]", configs.join(",")), &attributes);

        let expected: Vec<KeyValue> = model.iter().map(|(key, value)| pair(key, Value::IntValue(*value))).collect();
        prop_assert_eq!(after, expected);
    }

    #[test]
    fn a_literal_is_equal_to_what_it_encodes(literal in literal()) {
        let encoded = literal.encode();
        prop_assert!(literal.equals(edgewatch_proto::view::AnyValue::new(&encoded)));
        prop_assert!(AnyValue::decode(encoded.as_slice()).is_ok());
    }
}

fn literal() -> impl Strategy<Value = Literal> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Literal::Bool),
        any::<i64>().prop_map(Literal::Int),
        (-1e9..1e9_f64).prop_map(Literal::Double),
        ".{0,8}".prop_map(Literal::String),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let map = proptest::collection::btree_map("[a-z]{1,3}", inner.clone(), 0..4);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Literal::List),
            map.prop_map(|map| Literal::Map(map.into_iter().collect())),
        ]
    })
}

fn any_value(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn actions(config: &str) -> Result<Actions, edgewatch_core::config::ConfigError> {
    let configs: Vec<ActionConfig> = serde_json::from_str(config).expect("parses");
    Actions::new("list", &configs)
}

/// The attributes of a resource after the actions.
fn apply(config: &str, attributes: &[KeyValue]) -> Vec<KeyValue> {
    let mut actions = actions(config).expect("valid");
    let resource_spans = vec![ResourceSpans { resource: resource(attributes), ..ResourceSpans::default() }];
    let request = Bytes::from(ExportTraceServiceRequest { resource_spans }.encode_to_vec());
    let edited =
        splice::resources(Signal::Traces, &request, &mut |_resource, attributes| actions.apply(attributes));
    let edited = edited.expect("within bounds").unwrap_or(request);
    let request = ExportTraceServiceRequest::decode(edited).expect("decodes");
    request.resource_spans[0].resource.clone().unwrap_or_default().attributes
}

#[test]
fn a_request_that_an_edit_would_blow_up_is_refused_alone_and_dropped_among_others() {
    let blow_up = |segment: &Bytes| if segment.len() > 100 { Err(Outgrown) } else { Ok(None) };
    let (context, registry) = context("resource");
    let rewriting = super::Rewriting::new(&context.telemetry);
    let span = |size: usize| Span { name: "x".repeat(size), ..Span::default() };

    let error = rewriting.rewrite(traces(None, vec![span(200), span(1)]), blow_up).expect_err("too large");
    assert!(matches!(error.refusal.kind, RefusalKind::Permanent));

    let mut joined = traces(None, vec![span(1)]);
    joined.append(traces(None, vec![span(200), span(1)]));
    let kept = rewriting.rewrite(joined, blow_up).expect("the small one is left");
    assert_eq!(kept, traces(None, vec![span(1)]));
    assert_eq!(reading(&registry, "edgewatch_processor_outgrown_items", &[]), 4.0);
}
