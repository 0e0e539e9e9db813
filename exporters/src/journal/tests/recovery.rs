//! What is found when a queue is opened that ended at a bad moment.

use std::sync::Arc;
use std::time::Duration;

use edgewatch_core::storage::Usage;
use edgewatch_core::telemetry::Registry;

use super::super::disk::simulated::SimulatedVolume;
use super::super::{Options, Sync};
use super::append;
use super::disk::{RETRY, simulated_with};

#[tokio::test]
async fn what_was_written_again_counts_once() {
    // Small segments, so that the one that is written again takes the place of several, one of them in part.
    let options = Options {
        sync: Sync::Interval(Duration::from_millis(20)),
        segment_bytes: 300,
        retry_every: RETRY,
        ..Options::default()
    };
    for changes in 1..20 {
        let volume = SimulatedVolume::new();
        let (storage, queue) = simulated_with(&volume, &Registry::default(), options);
        append(&*queue, 0).delivered().await.expect("it is written");
        let mut receipts = Vec::new();
        for n in 1..8 {
            receipts.push(append(&*queue, n));
        }
        receipts.last_mut().expect("some").accepted().await.expect("it is written");
        volume.set(|faults| faults.fail_directory_sync = true);
        volume.die_after(changes);
        // Until it is written again, or dead.
        while !volume.is_dead() && receipts.iter_mut().any(|receipt| !super::is_delivered(receipt)) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        volume.kill();
        drop((queue, storage));

        let (_storage, queue) = simulated_with(&volume.after_kill(), &Registry::default(), options);
        let promised = queue.usage();
        let consumer = Arc::clone(&queue).consumer().await;
        let mut found = Usage::default();
        while let Ok(stored) = tokio::time::timeout(Duration::from_millis(50), consumer.next()).await {
            found.records += 1;
            found.items += stored.items;
            found.bytes += stored.segments.iter().map(bytes::Bytes::len).sum::<usize>();
            consumer.settle(stored.id).await;
        }
        assert_eq!(promised, found, "after {changes} changes");
        assert_eq!(found.records, 8, "after {changes} changes");
        assert_eq!(queue.usage(), Usage::default(), "after {changes} changes");
    }
}
