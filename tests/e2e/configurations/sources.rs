//! One configuration from many places.

use edgewatch_tests::Signal;
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::load::Template;
use edgewatch_tests::sink::{Receipts, Sink};
use opentelemetry_proto::tonic::common::v1::any_value::Value;

const RESOURCE: &str = "service: {pipelines: {logs: {processors: [resource]}}}";

#[tokio::test]
async fn later_files_win_set_wins_over_all_and_lists_are_replaced() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let forwarder = Forwarder::to(&sink)?
        .with("processors: {resource: {attributes: [{key: gone, value: 1, action: insert}]}}")
        .with("processors: {resource: {attributes: [{key: from, value: second, action: upsert}]}}")
        .with("exporters: {otlp_grpc: {headers: {one: first, two: first}}}")
        .with("exporters: {otlp_grpc: {headers: {two: second, three: second}}}")
        .with(RESOURCE)
        .argument("--set")
        .argument("exporters.otlp_grpc.headers.three=set")
        .start()
        .await?;

    let arrived = forward(&forwarder, &sink).await?;

    assert_eq!(attribute(&arrived, "gone"), None);
    assert_eq!(attribute(&arrived, "from").as_deref(), Some("second"));
    let receipt = arrived.all().next().unwrap();
    assert_eq!(
        ["one", "two", "three"].map(|name| receipt.header(name)),
        [Some("first"), Some("second"), Some("set")]
    );
    Ok(())
}

#[tokio::test]
async fn environment_files_defaults_and_dollars_are_expanded() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("secret");
    std::fs::write(&file, "from a file")?;
    let attribute_of = |key: &str, value: &str| format!("{{key: {key}, value: \"{value}\", action: upsert}}");
    let attributes = [
        attribute_of("environment", "a ${env:STORY} b"),
        attribute_of("bare", "${STORY}"),
        attribute_of("default", "${env:STORY_NOT_SET:-fallback}"),
        attribute_of("unused_default", "${env:STORY:-fallback}"),
        attribute_of("file", &format!("${{file:{}}}", file.display())),
        attribute_of("dollar", "costs $$5 and $${env:STORY}"),
    ];
    let forwarder = Forwarder::to(&sink)?
        .with(&format!("processors: {{resource: {{attributes: [{}]}}}}", attributes.join(", ")))
        .with(RESOURCE)
        .environment("STORY", "told")
        .start()
        .await?;

    let arrived = forward(&forwarder, &sink).await?;

    let keys = ["environment", "bare", "default", "unused_default", "file", "dollar"];
    let values = keys.map(|key| attribute(&arrived, key).unwrap_or_default());
    let expected = ["a told b", "told", "fallback", "told", "from a file", "costs $5 and ${env:STORY}"];
    assert_eq!(values, expected);
    Ok(())
}

#[tokio::test]
async fn a_whole_configuration_may_come_from_the_environment() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let forwarder = Forwarder::to(&sink)?
        .argument("--config")
        .argument("env:MORE")
        .environment("MORE", "exporters: {otlp_grpc: {headers: {from: environment}}}")
        .start()
        .await?;

    let arrived = forward(&forwarder, &sink).await?;

    assert_eq!(arrived.all().next().unwrap().header("from"), Some("environment"));
    Ok(())
}

async fn forward(forwarder: &Forwarder, sink: &Sink) -> anyhow::Result<Receipts> {
    forwarder.client().await?.export(Signal::Logs, &Template::new(Signal::Logs).request(1)).await?;
    sink.wait_for_items(Signal::Logs, 100).await
}

/// A text among the attributes of the first resource.
fn attribute(arrived: &Receipts, key: &str) -> Option<String> {
    let resource = arrived.logs().unwrap().remove(0).resource_logs.remove(0).resource?;
    let attribute = resource.attributes.into_iter().find(|attribute| attribute.key == key)?;
    let Value::StringValue(text) = attribute.value?.value? else { return None };
    Some(text)
}
