//! The `batch` processor in front of a queue on disk.

use std::time::{Duration, Instant};

use edgewatch_tests::Signal;
use edgewatch_tests::sink::Sink;

use super::clients::Clients;
use super::scene::{Scene, drained};

#[tokio::test]
async fn clients_do_not_wait_for_a_batch_that_is_joined_behind_the_queue() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let patient = Duration::from_secs(2);
    let scene = Scene::new("always")?.with(format!(
        "{{processors: {{batch: {{timeout: {patient:?}, send_batch_size: 1000}}}},
        service: {{pipelines: {{traces: {{processors: [batch]}}}}}}}}"
    ));
    let agent = scene.start(&sink).await?;
    let clients = Clients::of(Signal::Traces);
    let begun = Instant::now();

    clients.send(agent.grpc, 25).await;

    // One request after the other: had each waited for its batch, this would have taken fifty seconds.
    assert!(begun.elapsed() < 4 * patient, "it took {:?}", begun.elapsed());
    drained(&agent).await?;
    let receipts = sink.receipts();
    let (lost, repeated) = clients.account(&receipts)?;
    assert_eq!((clients.promised(), lost.len(), repeated.len()), (25, 0, 0));
    let sizes: Vec<u64> = receipts.accepted(Signal::Traces).map(|request| request.items).collect();
    assert!(sizes.len() <= 5, "they were joined: {sizes:?}");
    Ok(())
}
