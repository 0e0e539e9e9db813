//! What was learned, through restarts, reloads and kills.

use super::scene::{Life, Scene};
use super::usual::{FAULT, Faulty, LEARNED, ORDERS, QUEUE, World};

const FAULTS: [Faulty; 2] = [("mail", ORDERS), ("shop", QUEUE)];
/// Beats until a series that nobody knows would be scored again, and no more.
const MOMENT: u64 = 5;

#[tokio::test]
async fn after_a_restart_a_fault_is_found_at_once() -> anyhow::Result<()> {
    let (scene, mut world) = learned().await?;

    faults_after_a_moment(scene.start().await?, &mut world).await?;

    assert_found(&scene, &FAULTS)?;
    Ok(())
}

#[tokio::test]
async fn who_has_learned_nothing_finds_nothing_yet() -> anyhow::Result<()> {
    let (scene, mut world) = learned().await?;
    std::fs::remove_dir_all(scene.state())?;

    faults_after_a_moment(scene.start().await?, &mut world).await?;

    assert_found(&scene, &[])?;
    Ok(())
}

#[tokio::test]
async fn after_a_kill_it_knows_what_was_saved_last() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let (mut life, mut world) = (scene.start().await?, World::default());
    life.live(&mut world, LEARNED, &[]).await?;
    // What a pipeline has learned is saved every five minutes, and when it is replaced.
    scene.reload(&life, "processors: {anomaly: {max_active: 999}}").await?;
    // The one that takes its place waits for that before it passes anything on.
    life.live(&mut world, 1, &[]).await?;
    life.arrived(&scene).await?;
    life.agent.agent.kill().await?;

    faults_after_a_moment(scene.start().await?, &mut world).await?;

    assert_found(&scene, &FAULTS)?;
    Ok(())
}

#[tokio::test]
async fn after_a_reload_that_replaces_the_pipeline_a_fault_is_found_at_once() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let (mut life, mut world) = (scene.start().await?, World::default());
    life.live(&mut world, LEARNED, &[]).await?;

    scene.reload(&life, "processors: {anomaly: {max_active: 999}}").await?;
    faults_after_a_moment(life, &mut world).await?;

    assert_found(&scene, &FAULTS)?;
    Ok(())
}

#[tokio::test]
async fn an_anomaly_that_was_on_when_the_agent_ended_is_told_of_once_and_ends() -> anyhow::Result<()> {
    let (scene, mut world) = learned().await?;
    let mut life = scene.start().await?;
    life.live(&mut world, FAULT / 2, &FAULTS).await?;
    life.end().await?;

    let mut life = scene.start().await?;
    life.live(&mut world, FAULT / 2, &FAULTS).await?;
    life.live(&mut world, LEARNED, &[]).await?;
    life.end().await?;

    let told = scene.told()?;
    let (starts, ends): (Vec<_>, Vec<_>) =
        told.events.iter().partition(|event| event.event.ends_with(".start"));
    let series = |events: &[&edgewatch_tests::points::Record]| -> Vec<String> {
        let mut series: Vec<_> =
            events.iter().map(|event| event.attributes["edgewatch.anomaly.series"].clone()).collect();
        series.sort_unstable();
        series
    };
    assert_eq!((starts.len(), series(&starts)), (2, series(&ends)), "{:#?}", told.events);
    Ok(())
}

/// An agent has learned for a day and a quarter, and has ended.
async fn learned() -> anyhow::Result<(Scene, World)> {
    let scene = Scene::new().await?;
    let (mut life, mut world) = (scene.start().await?, World::default());
    life.live(&mut world, LEARNED, &[]).await?;
    life.end().await?;
    assert_found(&scene, &[])?;
    Ok((scene, world))
}

async fn faults_after_a_moment(mut life: Life, world: &mut World) -> anyhow::Result<()> {
    life.live(world, MOMENT, &[]).await?;
    life.live(world, FAULT, &FAULTS).await?;
    life.end().await?;
    Ok(())
}

fn assert_found(scene: &Scene, faults: &[Faulty]) -> anyhow::Result<()> {
    let told = scene.told()?;
    assert_eq!(told.found().into_keys().collect::<Vec<_>>(), faults, "{:#?}", told.events);
    Ok(())
}
