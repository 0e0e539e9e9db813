//! A power cut: what was never synced is gone.

use std::fs;
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
        let Some((lost, acknowledged)) = cut("always", chance.below(60)).await? else { return Ok(()) };
        assert_eq!(lost, Vec::<u64>::new(), "of {acknowledged} acknowledged, seed {}", chance.seed);
    }
    Ok(())
}

#[tokio::test]
async fn with_an_interval_a_power_cut_loses_at_most_the_last_ones() -> anyhow::Result<()> {
    // Long enough that nothing is synced after the last wait.
    let Some((lost, acknowledged)) = cut("interval, fsync_interval: 300ms", 40).await? else { return Ok(()) };
    // Requests are numbered as they are sent, so what is lost are the highest numbers.
    let highest = 1 + 100 * (acknowledged as u64 - lost.len() as u64);
    assert!(lost.iter().all(|first| *first + 400 >= highest), "{lost:?} of {acknowledged}");
    Ok(())
}

/// Cuts the power under an agent that has acknowledged some requests; what its successor has lost of them, and how many they were.
async fn cut(fsync: &'static str, some: usize) -> anyhow::Result<Option<(Vec<u64>, usize)>> {
    let Some(volume) = Volume::new(64)? else { return Ok(None) };
    let (grpc, http) = (ports::free()?, ports::free()?);
    let scene = Scene::new(fsync)?.stored_in(&volume.path().join("queue"));
    let agent = scene.start_towards(Forwarder::to_address(grpc)?).await?;
    let clients = Clients::of(Signal::Traces);
    let sending = clients.start(agent.grpc, 4);
    clients.acknowledged(20 + some).await?;
    freeze(agent.agent.pid()).await?;
    let after = volume.after_a_power_cut()?;
    drop(agent);
    sending.ended().await;

    let back = Sink::start_at(grpc, http).await?;
    let scene = scene.stored_in(&after.path().join("queue"));
    let agent = scene.start(&back).await?;
    drained(&agent).await?;

    let (lost, repeated) = clients.account(&back.receipts())?;
    assert_eq!(repeated.len(), 0);
    Ok(Some((lost, clients.promised())))
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
