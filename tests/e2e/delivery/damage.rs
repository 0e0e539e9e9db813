//! Files of the queue that were torn or altered.

use std::fs::{self, OpenOptions};
use std::path::Path;

use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::load::ITEMS_PER_REQUEST;
use edgewatch_tests::sink::Sink;
use edgewatch_tests::{Signal, ports};

use super::clients::Clients;
use super::kill::Chance;
use super::scene::{Scene, drained};
use super::volume::files;

/// Counts what is found damaged, in records, and what is cut off the end as if it had never been finished, in bytes.
const DAMAGED: [&str; 2] = ["edgewatch_storage_damaged_records", "edgewatch_storage_torn_bytes"];

#[tokio::test]
async fn flipped_bytes_cost_the_records_that_they_hit_and_no_others() -> anyhow::Result<()> {
    let mut chance = Chance::new();
    for _ in 0..15 {
        damaged(&mut chance, |path, chance| {
            let mut bytes = fs::read(path)?;
            if !bytes.is_empty() {
                let place = chance.below(bytes.len());
                bytes[place] ^= 1 << chance.below(8);
                fs::write(path, bytes)?;
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_torn_end_costs_the_records_that_were_in_it_and_no_others() -> anyhow::Result<()> {
    let mut chance = Chance::new();
    for _ in 0..10 {
        damaged(&mut chance, |path, chance| {
            let size = fs::metadata(path)?.len();
            let torn = chance.below(300) as u64;
            Ok(OpenOptions::new().write(true).open(path)?.set_len(size.saturating_sub(torn))?)
        })
        .await?;
    }
    Ok(())
}

/// Kills an agent with requests in its queue, does `harm` to every file of the queue, and sees what its successor makes of them.
async fn damaged(
    chance: &mut Chance,
    harm: impl Fn(&Path, &mut Chance) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (grpc, http) = (ports::free()?, ports::free()?);
    let scene = Scene::new("always")?;
    let mut agent = scene.start_towards(Forwarder::to_address(grpc)?).await?;
    let clients = Clients::of(Signal::Traces);
    clients.send(agent.grpc, 60).await;
    agent.agent.kill().await?;
    let files = files(&scene.storage)?;
    for path in &files {
        harm(path, chance)?;
    }

    let back = Sink::start_at(grpc, http).await?;
    let agent = scene.start(&back).await?;
    drained(&agent).await?;

    let page = agent.own_metrics().await?;
    let [damaged, torn] = DAMAGED.map(|name| page.value(name, &[]).unwrap_or_default());
    let (lost, repeated) = clients.account(&back.receipts())?;
    let told = format!(
        "seed {}: lost {lost:?}, counted {damaged} and {torn} bytes\n{}",
        chance.seed,
        agent.agent.stderr()
    );
    assert!(lost.len() <= files.len(), "one harm to a file costs one record at most; {told}");
    assert!(damaged + torn.min(1.0) >= lost.len() as f64, "{told}");
    assert_eq!(repeated.len(), 0, "nothing had been delivered before; {told}");
    for first in &lost {
        let tally = back.receipts().tally(Signal::Traces)?;
        assert_eq!(
            tally.missing(*first..*first + ITEMS_PER_REQUEST).len() as u64,
            ITEMS_PER_REQUEST,
            "whole records"
        );
    }

    // And life goes on.
    clients.send(agent.grpc, 10).await;
    drained(&agent).await?;
    let (still_lost, _) = clients.account(&back.receipts())?;
    assert_eq!(still_lost, lost);
    Ok(())
}
