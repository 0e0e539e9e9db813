//! A primary destination and a backup, each with its queue on disk.

use edgewatch_tests::Signal;
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::sink::{Answer, Sink};

use super::clients::Clients;
use super::scene::{Scene, drained};

#[tokio::test]
async fn new_data_moves_to_the_backup_and_what_waits_for_the_primary_waits_on_disk() -> anyhow::Result<()> {
    let (primary, backup) = (Sink::start().await?, Sink::start().await?);
    let scene = between(&primary, &backup)?;
    let agent = scene.start(&primary).await?;
    let clients = Clients::of(Signal::Traces);
    let sending = clients.start(agent.grpc, 4);
    primary.wait_until(|receipts| receipts.len() > 50).await?;
    assert_eq!(backup.receipts().len(), 0);

    primary.otherwise(Answer::disconnect());
    let promised = clients.promised();
    backup.wait_until(|receipts| receipts.len() > 200).await?;
    let page = agent.own_metrics().await?;
    let waiting = page.value("otelcol_exporter_queue_size", &[("exporter", "otlp_grpc/primary")]);
    // Some were sent before the first attempt failed.
    assert!(waiting.is_some_and(|waiting| (1.0..100.0).contains(&waiting)), "from {promised} on: {page}");

    primary.otherwise(Answer::accept());
    let arrived = primary.receipts().items(Signal::Traces);
    primary.wait_until(|receipts| receipts.items(Signal::Traces) > arrived + 20_000).await?;
    drop(sending);
    drained(&agent).await?;

    let (lost, repeated) = clients.account(&primary.receipts().and(backup.receipts()))?;
    assert_eq!((lost.len(), repeated.len()), (0, 0), "{}", agent.agent.stderr());
    Ok(())
}

#[tokio::test]
async fn an_agent_killed_while_the_primary_is_down_delivers_to_it_when_both_are_back() -> anyhow::Result<()> {
    let (primary, backup) = (Sink::start().await?, Sink::start().await?);
    primary.otherwise(Answer::disconnect());
    let scene = between(&primary, &backup)?;
    let mut agent: Forwarder = scene.start(&primary).await?;
    let clients = Clients::of(Signal::Traces);
    let sending = clients.start(agent.grpc, 4);
    backup.wait_until(|receipts| receipts.len() > 50).await?;
    agent.agent.kill().await?;
    sending.ended().await;

    primary.otherwise(Answer::accept());
    let agent = scene.start(&primary).await?;
    drained(&agent).await?;

    assert!(primary.receipts().items(Signal::Traces) > 0, "what had been put into its queue");
    let (lost, repeated) = clients.account(&primary.receipts().and(backup.receipts()))?;
    assert_eq!(lost.len(), 0, "{}", agent.agent.stderr());
    // What the backup had taken and the agent had not noted, and batches that were to move from one to the other.
    assert!(repeated.len() <= 2 * super::scene::CONSUMERS, "{repeated:?}");
    Ok(())
}

fn between(primary: &Sink, backup: &Sink) -> anyhow::Result<Scene> {
    let exporter = |sink: &Sink| {
        format!(
            "{{endpoint: '{}', tls: {{insecure: true}}, compression: none, timeout: 2s,
            retry_on_failure: {{initial_interval: 20ms, max_interval: 50ms}},
            sending_queue: {{storage: file_storage, num_consumers: {}}}}}",
            sink.grpc_address(),
            super::scene::CONSUMERS
        )
    };
    Ok(Scene::new("always")?.with(format!(
        "
connectors:
  failover: {{priority_levels: [[traces/primary], [traces/backup]], retry_interval: 10m}}
exporters:
  otlp_grpc/primary: {}
  otlp_grpc/backup: {}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [failover]}}
    traces/primary: {{receivers: [failover], exporters: [otlp_grpc/primary]}}
    traces/backup: {{receivers: [failover], exporters: [otlp_grpc/backup]}}
",
        exporter(primary),
        exporter(backup)
    )))
}
