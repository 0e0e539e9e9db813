//! A disk that fills up.

use anyhow::Context as _;
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::sink::Sink;
use edgewatch_tests::{Signal, ports};

use super::clients::Clients;
use super::scene::{Scene, drained};
use super::volume::Volume;

#[tokio::test]
async fn a_queue_that_fills_its_disk_keeps_what_it_took_and_takes_more_when_there_is_room()
-> anyhow::Result<()> {
    for fsync in ["always", "interval"] {
        let Some(volume) = Volume::new(16)? else { return Ok(()) };
        let (grpc, http) = (ports::free()?, ports::free()?);
        let scene = Scene::new(fsync)?.stored_in(&volume.path().join("queue"));
        let agent = scene.start_towards(Forwarder::to_address(grpc)?).await?;
        let clients = Clients::of(Signal::Traces);
        let sending = clients.start(agent.grpc, 4);
        clients.refused(50).await?;
        let before = clients.promised();
        assert!(before > 20, "{fsync}: only {before} requests fitted");

        let back = Sink::start_at(grpc, http).await?;
        let taken = clients.acknowledged(before + 200).await;
        taken.with_context(|| format!("{fsync}: {}", agent.agent.stderr()))?;
        drop(sending);
        drained(&agent).await?;

        let (lost, repeated) = clients.account(&back.receipts())?;
        assert_eq!((lost.len(), repeated.len()), (0, 0), "{fsync}: {}", agent.agent.stderr());
    }
    Ok(())
}

#[tokio::test]
async fn a_disk_that_others_have_filled_is_drained_all_the_same() -> anyhow::Result<()> {
    let Some(volume) = Volume::new(32)? else { return Ok(()) };
    let (grpc, http) = (ports::free()?, ports::free()?);
    let scene = Scene::new("always")?.stored_in(&volume.path().join("queue"));
    let agent = scene.start_towards(Forwarder::to_address(grpc)?).await?;
    let clients = Clients::of(Signal::Logs);
    clients.send(agent.grpc, 50).await;
    let ballast = volume.fill()?;
    let sending = clients.start(agent.grpc, 4);
    clients.refused(50).await?;

    drop(sending);
    let back = Sink::start_at(grpc, http).await?;
    drained(&agent).await?;
    let (lost, repeated) = clients.account(&back.receipts())?;
    assert_eq!((lost.len(), repeated.len()), (0, 0), "{}", agent.agent.stderr());

    ballast.throw_off()?;
    let _sending = clients.start(agent.grpc, 4);
    clients.acknowledged(clients.promised() + 50).await
}

#[tokio::test]
async fn an_agent_killed_on_a_full_disk_starts_there_again_and_drains_it() -> anyhow::Result<()> {
    let Some(volume) = Volume::new(32)? else { return Ok(()) };
    let (grpc, http) = (ports::free()?, ports::free()?);
    let scene = Scene::new("always")?.stored_in(&volume.path().join("queue"));
    let mut agent = scene.start_towards(Forwarder::to_address(grpc)?).await?;
    let clients = Clients::of(Signal::Traces);
    clients.send(agent.grpc, 50).await;
    let _ballast = volume.fill()?;
    let sending = clients.start(agent.grpc, 4);
    clients.refused(20).await?;
    agent.agent.kill().await?;
    sending.ended().await;

    let back = Sink::start_at(grpc, http).await?;
    let mut agent = scene.start(&back).await?;
    drained(&agent).await?;
    agent.agent.kill().await?;
    // What was delivered stays delivered, also where there was no room to write much about it.
    let agent = scene.start(&back).await?;
    drained(&agent).await?;

    let (lost, repeated) = clients.account(&back.receipts())?;
    assert_eq!((lost.len(), repeated.len()), (0, 0), "{}", agent.agent.stderr());
    Ok(())
}
