//! Several destinations, each with its queue on disk.

use edgewatch_tests::agent::run_to_end;
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::sink::Sink;
use edgewatch_tests::{Signal, ports};

use super::clients::Clients;
use super::scene::{CONSUMERS, Scene, drained};

#[tokio::test]
async fn an_agent_killed_while_a_destination_is_down_loses_nothing() -> anyhow::Result<()> {
    let (first, second) = (Sink::start().await?, Sink::start().await?);
    let (grpc, http) = (ports::free()?, ports::free()?);
    let scene = balancing(&[first.grpc_address(), second.grpc_address(), grpc])?;
    let clients = Clients::of(Signal::Traces);
    for _ in 0..3 {
        let mut agent = scene.start_towards(Forwarder::to_address(grpc)?).await?;
        let sending = clients.start(agent.grpc, 4);
        clients.acknowledged(clients.promised() + 100).await?;
        agent.agent.kill().await?;
        sending.ended().await;
    }

    let third = Sink::start_at(grpc, http).await?;
    let agent = scene.start_towards(Forwarder::to_address(grpc)?).await?;
    drained(&agent).await?;

    assert!(third.receipts().items(Signal::Traces) > 0, "what belongs to it waited for it");
    let arrived = first.receipts().and(second.receipts()).and(third.receipts());
    let (lost, repeated) = clients.account(&arrived)?;
    assert_eq!(lost.len(), 0, "{}", agent.agent.stderr());
    assert!(
        repeated.len() <= 3 * 2 * CONSUMERS,
        "what was on its way when an agent was killed: {repeated:?}"
    );
    Ok(())
}

#[tokio::test]
async fn what_waits_for_a_destination_that_is_removed_goes_to_the_others() -> anyhow::Result<()> {
    let (first, second, dead) = (Sink::start().await?, Sink::start().await?, ports::free()?);
    let all = [first.grpc_address(), second.grpc_address(), dead];
    let scene = balancing(&all)?;
    let agent = scene.start_towards(Forwarder::to_address(dead)?).await?;
    let clients = Clients::of(Signal::Traces);
    let sending = clients.start(agent.grpc, 4);
    clients.acknowledged(200).await?;
    assert!(inspect(&scene).await?.contains(&format!("load_balancing to {dead}")));

    let left = format!(
        "exporters: {{load_balancing: {{resolver: {{static: {{hostnames: {}}}}}}}}}",
        list(&all[..2])
    );
    scene.reload(&agent, &left, "applied").await?;
    clients.acknowledged(clients.promised() + 100).await?;
    drop(sending);
    agent.agent.wait_for_log("the destination is gone").await?;
    let deadline = tokio::time::Instant::now() + edgewatch_tests::sink::PATIENCE;
    while inspect(&scene).await?.contains(&dead.to_string()) {
        anyhow::ensure!(tokio::time::Instant::now() < deadline, "{}", agent.agent.stderr());
    }
    drained(&agent).await?;

    let (lost, repeated) = clients.account(&first.receipts().and(second.receipts()))?;
    assert_eq!((lost.len(), repeated.len()), (0, 0), "{}", agent.agent.stderr());
    Ok(())
}

async fn inspect(scene: &Scene) -> anyhow::Result<String> {
    let output = run_to_end(["queue", "inspect", &scene.storage.display().to_string()]).await?;
    Ok(String::from_utf8(output.stdout)?)
}

fn list(addresses: &[std::net::SocketAddr]) -> String {
    let quoted: Vec<String> = addresses.iter().map(|address| format!("'{address}'")).collect();
    format!("[{}]", quoted.join(", "))
}

fn balancing(addresses: &[std::net::SocketAddr]) -> anyhow::Result<Scene> {
    // More values than there are traces in a request, so that each destination has a share.
    Ok(Scene::new("always")?.with(format!(
        "
exporters:
  load_balancing:
    routing_key: attributes
    routing_attributes: [client.address, url.path]
    resolver: {{static: {{hostnames: {}}}}}
    sending_queue: {{storage: file_storage, num_consumers: {CONSUMERS}}}
    protocol:
      otlp:
        tls: {{insecure: true}}
        compression: none
        timeout: 2s
        retry_on_failure: {{initial_interval: 20ms, max_interval: 50ms}}
service:
  pipelines:
    traces: {{exporters: [load_balancing]}}
",
        list(addresses)
    )))
}
