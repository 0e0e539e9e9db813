//! A destination that is away for as long as the agent lives.

use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::sink::Sink;
use edgewatch_tests::{Signal, ports};

use super::clients::Clients;
use super::scene::{Scene, drained};

#[tokio::test]
async fn what_was_accepted_while_the_backend_was_down_arrives_once_it_is_back() -> anyhow::Result<()> {
    let (grpc, http) = (ports::free()?, ports::free()?);
    let scene = Scene::new("always")?;
    let clients = Signal::ALL.map(Clients::of);
    for _ in 0..3 {
        let mut agent = scene.start_towards(Forwarder::to_address(grpc)?).await?;
        for clients in &clients {
            clients.send(agent.grpc, 30).await;
        }
        let (status, _) = agent.agent.terminate().await?;
        assert_eq!(
            status.code(),
            Some(0),
            "what is safe on disk holds up no shutdown: {}",
            agent.agent.stderr()
        );
    }

    let back = Sink::start_at(grpc, http).await?;
    let agent = scene.start(&back).await?;
    drained(&agent).await?;

    for (signal, clients) in Signal::ALL.into_iter().zip(&clients) {
        let (lost, repeated) = clients.account(&back.receipts())?;
        assert_eq!((signal, clients.promised(), lost.len(), repeated.len()), (signal, 90, 0, 0));
    }
    Ok(())
}

#[tokio::test]
async fn an_agent_that_sees_its_backend_come_back_sends_what_has_waited() -> anyhow::Result<()> {
    let (grpc, http) = (ports::free()?, ports::free()?);
    let scene = Scene::new("interval")?;
    let agent = scene.start_towards(Forwarder::to_address(grpc)?).await?;
    let clients = Clients::of(Signal::Logs);
    // More than the Collector's queue of 1000 requests.
    clients.send(agent.grpc, 1500).await;

    let back = Sink::start_at(grpc, http).await?;
    drained(&agent).await?;

    let (lost, repeated) = clients.account(&back.receipts())?;
    assert_eq!((clients.promised(), lost.len(), repeated.len()), (1500, 0, 0));
    Ok(())
}
