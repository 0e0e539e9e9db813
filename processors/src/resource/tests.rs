use edgewatch_core::factory::{ComponentConfig, ProcessorSpec};
use edgewatch_core::testing::context;

use super::ResourceProcessor;
use super::config::Config;
use crate::testing::{Value, pair, processed, resource, resource_of, spans_of, text, traces};
use opentelemetry_proto::tonic::trace::v1::Span;

#[test]
fn changes_resources_and_leaves_the_items_alone() {
    let mut processor = processor(
        r#"{"attributes": [
            {"key": "cloud.availability_zone", "value": "zone-1", "action": "upsert"},
            {"key": "k8s.cluster.name", "from_attribute": "k8s-cluster", "action": "insert"},
            {"key": "redundant-attribute", "action": "delete"}
        ]}"#,
    );
    let attributes = vec![text("redundant-attribute", "span")];
    let span = Span { name: "span".to_owned(), attributes, ..Span::default() };
    let before = resource(&[text("k8s-cluster", "blue"), text("redundant-attribute", "x")]);

    let after = processed(&mut processor, traces(before, vec![span.clone()]));

    let expected = [
        text("k8s-cluster", "blue"),
        text("cloud.availability_zone", "zone-1"),
        text("k8s.cluster.name", "blue"),
    ];
    assert_eq!(resource_of(&after), expected);
    assert_eq!((after.items(), spans_of(&after)), (1, vec![span]));
}

#[test]
fn gives_a_resource_to_items_without_one() {
    let mut processor = processor(r#"{"attributes": [{"key": "k", "value": 1, "action": "insert"}]}"#);

    let after = processed(&mut processor, traces(None, vec![Span::default()]));

    assert_eq!(resource_of(&after), [pair("k", Value::IntValue(1))]);
}

#[test]
fn passes_an_unchanged_request_on_as_the_same_bytes() {
    let mut processor = processor(r#"{"attributes": [{"key": "absent", "action": "delete"}]}"#);
    let batch = traces(resource(&[text("k", "v")]), vec![Span::default()]);
    let before = batch.segments()[0].as_ptr();

    let after = processed(&mut processor, batch);

    assert_eq!(after.segments()[0].as_ptr(), before);
}

#[test]
fn needs_an_action() {
    let error = Config::default().validate().expect_err("no actions").to_string();

    assert_eq!(
        error,
        "attributes: there are no actions; add one, such as an insert, or remove the processor"
    );
}

fn processor(config: &str) -> ResourceProcessor {
    let config = serde_json::from_str(config).expect("parses");
    ResourceProcessor::build(config, &context("resource").0).expect("builds")
}
