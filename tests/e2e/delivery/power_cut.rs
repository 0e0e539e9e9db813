//! A power cut: what was never synced is gone.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::process;
use edgewatch_tests::sink::{PATIENCE, Sink};
use edgewatch_tests::{Signal, ports};
use rustix::process::Signal as UnixSignal;

use super::clients::Clients;
use super::kill::Chance;
use super::scene::{Scene, drained};
use super::volume::Volume;

#[tokio::test]
async fn with_fsync_always_a_power_cut_loses_nothing_that_was_acknowledged() -> anyhow::Result<()> {
    let mut chance = Chance::new();
    for _ in 0..8 {
        let Some(cut) = Cut::prepare("always").await? else { return Ok(()) };
        let sending = cut.clients.start(cut.agent.grpc, 4);
        cut.clients.acknowledged(20 + chance.below(60)).await?;
        let (lost, clients) = cut.happens().await?;
        sending.ended().await;
        assert_eq!(lost, Vec::<u64>::new(), "of {}, seed {}", clients.promised(), chance.seed);
    }
    Ok(())
}

#[tokio::test]
async fn with_an_interval_a_power_cut_loses_at_most_what_came_since_the_last_sync() -> anyhow::Result<()> {
    let Some(cut) = Cut::prepare("interval, fsync_interval: 100ms").await? else { return Ok(()) };
    cut.clients.send(cut.agent.grpc, 30).await;
    let old = cut.clients.next();
    let before = cut.syncs().await?;
    // The first may have begun before the last of them was written, the second has not.
    while cut.syncs().await? < before + 2.0 {
        cut.clients.send(cut.agent.grpc, 1).await;
    }
    let sending = cut.clients.start(cut.agent.grpc, 4);
    cut.clients.acknowledged(cut.clients.promised() + 40).await?;
    let (lost, _) = cut.happens().await?;
    sending.ended().await;
    assert!(lost.iter().all(|first| *first >= old), "older than {old}: {lost:?}");
    Ok(())
}

/// An agent on a disk of its own, whose backend is down, and what it will have promised when the power goes.
struct Cut {
    volume: Volume,
    scene: Scene,
    agent: Forwarder,
    clients: Clients,
    backend: (SocketAddr, SocketAddr),
}

impl Cut {
    /// `None` where nobody may mount.
    async fn prepare(fsync: &'static str) -> anyhow::Result<Option<Self>> {
        let Some(volume) = Volume::new(64)? else { return Ok(None) };
        let backend = (ports::free()?, ports::free()?);
        let scene = Scene::new(fsync)?.stored_in(&volume.path().join("queue"));
        let agent = scene.start_towards(Forwarder::to_address(backend.0)?).await?;
        Ok(Some(Self { volume, scene, agent, clients: Clients::of(Signal::Traces), backend }))
    }

    /// Syncs so far.
    async fn syncs(&self) -> anyhow::Result<f64> {
        Ok(self.agent.own_metrics().await?.value("edgewatch_storage_syncs", &[]).unwrap_or_default())
    }

    /// The power goes and comes back, and the backend with it: the acknowledged requests that a successor has lost.
    async fn happens(self) -> anyhow::Result<(Vec<u64>, Clients)> {
        let Self { volume, scene, agent, clients, backend: (grpc, http) } = self;
        freeze(agent.agent.pid()).await?;
        let after = volume.after_a_power_cut()?;
        drop(agent);

        let back = Sink::start_at(grpc, http).await?;
        let agent = scene.stored_in(&after.path().join("queue")).start(&back).await?;
        drained(&agent).await?;

        let (lost, repeated) = clients.account(&back.receipts())?;
        assert_eq!(repeated.len(), 0);
        Ok((lost, clients))
    }
}

/// Stops process `pid` in its tracks, so that nothing more is written while its disk is copied.
async fn freeze(pid: u32) -> anyhow::Result<()> {
    process::signal(pid, UnixSignal::STOP)?;
    let stopped = async {
        loop {
            let mut all = true;
            for task in fs::read_dir(format!("/proc/{pid}/task"))? {
                let stat = fs::read_to_string(task?.path().join("stat"))?;
                // The state stands behind the name, which is in brackets.
                all &= stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'));
            }
            if all {
                return anyhow::Ok(());
            }
            // A thread in the middle of a system call has no news to subscribe to.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, stopped).await?
}
