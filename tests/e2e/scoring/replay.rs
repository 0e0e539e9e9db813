//! The same data says the same.

use super::scene::{Scene, Told};
use super::usual::{DURATION, FAULT, LEARNED, ORDERS, QUEUE, World};

#[tokio::test]
async fn two_agents_tell_the_same_of_the_same_data_to_the_letter() -> anyhow::Result<()> {
    let (first, second) = tokio::try_join!(run(), run())?;

    assert!(first.starts().count() >= 3, "{:#?}", first.events);
    assert_eq!(own(&first), own(&second));
    Ok(())
}

async fn run() -> anyhow::Result<Told> {
    // Sensitive, so that there is more to tell than the faults.
    let scene = Scene::new().await?.with("processors: {anomaly: {event_probability: 0.01}}");
    let (mut life, mut world) = (scene.start().await?, World::default());
    life.live(&mut world, LEARNED, &[]).await?;
    life.live(&mut world, FAULT, &[("bank", DURATION), ("shop", QUEUE)]).await?;
    life.live(&mut world, LEARNED / 2, &[]).await?;
    life.live(&mut world, FAULT, &[("mail", ORDERS)]).await?;
    life.live(&mut world, LEARNED / 2, &[]).await?;
    life.end().await?;
    scene.told()
}

/// All requests that the agent has made by itself, as they were encoded.
fn own(told: &Told) -> Vec<&[u8]> {
    let is_own = |body: &&[u8]| body.windows(SCOPE.len()).any(|window| window == SCOPE);
    let bodies = told.receipts.all().map(|receipt| receipt.body.as_ref());
    let mut own: Vec<&[u8]> = bodies.filter(is_own).collect();
    own.sort_unstable();
    own
}

const SCOPE: &[u8] = b"edgewatch.anomaly";
