//! Two destinations, one of them dead.

use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::sink::Sink;
use edgewatch_tests::{Signal, ports};

use super::clients::Clients;
use super::scene::{Scene, drained};

#[tokio::test]
async fn a_dead_destination_neither_holds_up_nor_takes_from_the_other() -> anyhow::Result<()> {
    let alive = Sink::start().await?;
    let (grpc, http) = (ports::free()?, ports::free()?);
    let scene = Scene::new("interval")?.with(both(&alive));
    let mut agent = scene.start_towards(Forwarder::to_address(grpc)?).await?;
    let clients = Clients::of(Signal::Traces);

    clients.send(agent.grpc, 300).await;
    alive.wait_for_items(Signal::Traces, 30_000).await?;
    agent.agent.kill().await?;

    let back = Sink::start_at(grpc, http).await?;
    let agent = scene.start(&back).await?;
    drained(&agent).await?;

    let (lost, repeated) = clients.account(&back.receipts())?;
    assert_eq!((clients.promised(), lost.len(), repeated.len()), (300, 0, 0), "the one that was dead");
    let (lost, repeated) = clients.account(&alive.receipts())?;
    assert_eq!(lost.len(), 0, "the one that was alive");
    assert!(
        repeated.len() <= super::scene::CONSUMERS,
        "what was being forgotten when the agent was killed: {repeated:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_dead_destination_with_a_full_queue_keeps_nothing_from_the_other() -> anyhow::Result<()> {
    let alive = Sink::start().await?;
    let dead = ports::free()?;
    let scene = Scene::new("interval")?
        .with(both(&alive))
        .with("exporters: {otlp_grpc: {sending_queue: {queue_size: 20}}}");
    let agent = scene.start_towards(Forwarder::to_address(dead)?).await?;
    let clients = Clients::of(Signal::Traces);

    clients.send(agent.grpc, 300).await;
    alive.wait_for_items(Signal::Traces, 30_000).await?;

    let (lost, repeated) = clients.account(&alive.receipts())?;
    assert_eq!((clients.promised(), lost.len(), repeated.len()), (300, 0, 0));
    let page = agent.own_metrics().await?;
    let missed = page.value("otelcol_exporter_enqueue_failed_spans", &[("exporter", "otlp_grpc")]);
    assert!(
        missed.is_some_and(|missed| missed >= 27_000.0),
        "what the dead one goes without is counted: {page}"
    );
    Ok(())
}

/// A second destination over HTTP, with a queue of its own.
fn both(alive: &Sink) -> String {
    format!(
        "{{exporters: {{otlp_http: {{endpoint: '{}', sending_queue: {{storage: file_storage, num_consumers: 4}}}}}},
        service: {{pipelines: {{traces: {{exporters: [otlp_grpc, otlp_http]}}}}}}}}",
        alive.http_endpoint()
    )
}
