//! Configurations that change while there is something in the queues.

use std::time::Duration;

use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::sink::{Answer, Sink};
use edgewatch_tests::{Signal, ports};

use super::clients::Clients;
use super::scene::{Scene, drained};

#[tokio::test]
async fn twenty_reloads_of_an_exporter_lose_and_repeat_nothing() -> anyhow::Result<()> {
    let (first, second) = (Sink::start().await?, Sink::start().await?);
    for sink in [&first, &second] {
        // Slower than the clients, so that there is always something to hand over.
        sink.otherwise(Answer::accept().after(Duration::from_millis(5)));
    }
    let scene = Scene::new("interval")?;
    let mut agent = scene.start(&first).await?;
    let clients = Signal::ALL.map(Clients::of);
    let sending = clients.each_ref().map(|clients| clients.start(agent.grpc, 2));

    let elsewhere = format!("{{endpoint: '{}'}}", second.grpc_address());
    let settings = [elsewhere.as_str(), "{compression: gzip}", "{sending_queue: {num_consumers: 2}}", "{}"];
    for settings in settings.into_iter().cycle().take(20) {
        let arrived = first.receipts().len() + second.receipts().len();
        scene.reload(&agent, &format!("exporters: {{otlp_grpc: {settings}}}"), "applied").await?;
        let enough = |_: &_| first.receipts().len() + second.receipts().len() > arrived + 20;
        if settings == elsewhere {
            second.wait_until(enough).await?
        } else {
            first.wait_until(enough).await?
        };
    }
    let page = agent.own_metrics().await?;
    for gauge in ["edgewatch_storage_disk_bytes", "edgewatch_storage_segments"] {
        let of_exporter = page.value(gauge, &[("exporter", "otlp_grpc"), ("data_type", "logs")]);
        assert!(
            of_exporter.is_some_and(|value| value > 0.0),
            "{gauge} of a queue that was handed over: {page}"
        );
    }
    drop(sending);
    drained(&agent).await?;
    let (status, _) = agent.agent.terminate().await?;

    assert_eq!(status.code(), Some(0), "{}", agent.agent.stderr());
    for (signal, clients) in Signal::ALL.into_iter().zip(&clients) {
        let (lost, repeated) = clients.account(&first.receipts().and(second.receipts()))?;
        assert!(clients.promised() > 100, "{signal}: only {} requests", clients.promised());
        assert_eq!((signal, lost.len(), repeated.len()), (signal, 0, 0), "{}", agent.agent.stderr());
        assert!(second.receipts().items(signal) > 0, "{signal}");
    }
    Ok(())
}

#[tokio::test]
async fn an_endpoint_that_is_put_right_gets_all_that_has_waited() -> anyhow::Result<()> {
    let (nowhere, sink) = (ports::free()?, Sink::start().await?);
    let scene = Scene::new("always")?;
    let agent = scene.start_towards(Forwarder::to_address(nowhere)?).await?;
    let clients = Clients::of(Signal::Logs);
    clients.send(agent.grpc, 200).await;

    let right = format!("exporters: {{otlp_grpc: {{endpoint: '{}'}}}}", sink.grpc_address());
    scene.reload(&agent, &right, "applied").await?;
    drained(&agent).await?;

    let (lost, repeated) = clients.account(&sink.receipts())?;
    assert_eq!((clients.promised(), lost.len(), repeated.len()), (200, 0, 0));
    agent.agent.wait_for_log("the queue on disk is handed over").await
}

#[tokio::test]
async fn settings_of_the_storage_change_under_load() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    sink.otherwise(Answer::accept().after(Duration::from_millis(5)));
    let scene = Scene::new("always")?;
    let agent = scene.start(&sink).await?;
    let clients = Clients::of(Signal::Traces);
    let sending = clients.start(agent.grpc, 4);

    let settings = [
        "{fsync: interval, fsync_interval: 50ms}",
        "{fsync: always, reserve_size: 2MiB}",
        "{max_size: 64MiB, reserve_size: 0}",
        "{compaction: {on_start: true}, timeout: 3s}",
    ];
    for settings in settings.into_iter().cycle().take(20) {
        let arrived = sink.receipts().len();
        scene.reload(&agent, &format!("extensions: {{file_storage: {settings}}}"), "applied").await?;
        sink.wait_until(|receipts| receipts.len() > arrived + 20).await?;
    }
    drop(sending);
    drained(&agent).await?;

    let (lost, repeated) = clients.account(&sink.receipts())?;
    assert_eq!((lost.len(), repeated.len()), (0, 0), "{}", agent.agent.stderr());
    Ok(())
}

#[tokio::test]
async fn a_queue_that_is_full_takes_more_as_soon_as_its_limit_is_raised() -> anyhow::Result<()> {
    let scene = Scene::new("always")?.with("extensions: {file_storage: {max_size: 1MiB}}");
    let nowhere = ports::free()?;
    let agent = scene.start_towards(Forwarder::to_address(nowhere)?).await?;
    let clients = Clients::of(Signal::Traces);
    let _sending = clients.start(agent.grpc, 2);
    clients.refused(10).await?;
    let before = clients.promised();

    scene.reload(&agent, "extensions: {file_storage: {max_size: 100MiB}}", "applied").await?;

    clients.acknowledged(before + 100).await
}

#[tokio::test]
async fn a_storage_that_moves_leaves_behind_what_cannot_be_delivered_and_finds_it_again() -> anyhow::Result<()>
{
    let (grpc, http) = (ports::free()?, ports::free()?);
    let scene = Scene::new("always")?;
    let agent = scene.start_towards(Forwarder::to_address(grpc)?).await?;
    let clients = Clients::of(Signal::Logs);
    clients.send(agent.grpc, 50).await;

    let elsewhere = scene.folder().join("elsewhere").display().to_string();
    let moved = format!("extensions: {{file_storage: {{directory: '{elsewhere}'}}}}");
    scene.reload(&agent, &moved, "applied").await?;
    agent.agent.wait_for_log("items stay in the queue on disk").await?;
    clients.send(agent.grpc, 50).await;
    let back = Sink::start_at(grpc, http).await?;
    drained(&agent).await?;
    assert_eq!(back.receipts().items(Signal::Logs), 5000);
    agent.agent.wait_for_log("has been dealt with").await?;
    scene.reload(&agent, "{}", "applied").await?;
    drained(&agent).await?;

    let (lost, repeated) = clients.account(&back.receipts())?;
    assert_eq!((clients.promised(), lost.len(), repeated.len()), (100, 0, 0), "{}", agent.agent.stderr());
    Ok(())
}

#[tokio::test]
async fn two_storages_in_one_directory_are_refused_and_change_nothing() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let scene = Scene::new("always")?;
    let agent = scene.start(&sink).await?;
    let clients = Clients::of(Signal::Logs);
    clients.send(agent.grpc, 10).await;

    let second = format!(
        "{{extensions: {{file_storage/2: {{directory: '{}', timeout: 0s}}}}, service: {{extensions: [file_storage, file_storage/2]}}}}",
        scene.storage.display()
    );
    scene.reload(&agent, &second, "failed").await?;
    agent.agent.wait_for_log("by another extension of this agent").await?;
    clients.send(agent.grpc, 10).await;
    drained(&agent).await?;

    let (lost, repeated) = clients.account(&sink.receipts())?;
    assert_eq!((clients.promised(), lost.len(), repeated.len()), (20, 0, 0));
    Ok(())
}

#[tokio::test]
async fn an_exporter_that_is_removed_leaves_its_records_on_disk_until_it_comes_back() -> anyhow::Result<()> {
    let (grpc, http) = (ports::free()?, ports::free()?);
    let other = Sink::start().await?;
    let scene = Scene::new("always")?.with(format!(
        "exporters: {{otlp_http: {{endpoint: '{}', sending_queue: {{storage: file_storage}}}}}}",
        other.http_endpoint()
    ));
    let agent = scene.start_towards(Forwarder::to_address(grpc)?).await?;
    let clients = Clients::of(Signal::Logs);
    clients.send(agent.grpc, 50).await;

    let without = "service: {pipelines: {traces: {exporters: [otlp_http]}, metrics: {exporters: [otlp_http]}, \
        logs: {exporters: [otlp_http]}}}";
    scene.reload(&agent, without, "applied").await?;
    agent
        .agent
        .wait_for_log("items stay in the queue on disk; they are sent when this exporter runs again")
        .await?;
    let meanwhile = Clients::of(Signal::Logs);
    meanwhile.send(agent.grpc, 50).await;
    other.wait_for_items(Signal::Logs, 5000).await?;

    let back = Sink::start_at(grpc, http).await?;
    scene.reload(&agent, "{}", "applied").await?;
    drained(&agent).await?;

    let (lost, repeated) = clients.account(&back.receipts())?;
    assert_eq!((clients.promised(), lost.len(), repeated.len()), (50, 0, 0), "{}", agent.agent.stderr());
    let (lost, repeated) = meanwhile.account(&other.receipts())?;
    assert_eq!((meanwhile.promised(), lost.len(), repeated.len()), (50, 0, 0));
    assert_eq!(back.receipts().items(Signal::Logs), 5000, "what came meanwhile is not its own");
    Ok(())
}
