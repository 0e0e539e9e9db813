//! Segments in which all is settled give their space back.

use std::sync::Arc;
use std::time::Duration;

use edgewatch_core::storage::StoredQueue;
use edgewatch_core::telemetry::Registry;

use super::super::disk::simulated::SimulatedVolume;
use super::super::format::SEGMENT_HEADER;
use super::super::{Options, Sync};
use super::disk::{RETRY, simulated_with};
use super::{append, joined, text};

/// Four records are enough to give one up.
fn options() -> Options {
    Options { segment_bytes: 2000, compress: false, retry_every: RETRY, ..Options::default() }
}

/// Sizes of the segments.
fn segments(volume: &SimulatedVolume) -> Vec<usize> {
    let files = volume.contents().into_iter();
    files.filter(|(path, _)| path.extension().is_some()).map(|(_, bytes)| bytes.len()).collect()
}

async fn settle(queue: &Arc<dyn StoredQueue>, numbers: impl IntoIterator<Item = usize>) {
    let consumer = Arc::clone(queue).consumer().await;
    for n in numbers {
        let stored = tokio::time::timeout(Duration::from_secs(30), consumer.next()).await.expect("it comes");
        assert_eq!(joined(&stored.segments), text(n));
        consumer.settle(stored.id).await;
    }
}

#[tokio::test]
async fn a_segment_goes_with_the_last_of_its_records_also_from_a_full_disk() {
    let volume = SimulatedVolume::new();
    let (_storage, queue) =
        simulated_with(&volume, &Registry::default(), Options { segment_bytes: 1 << 20, ..options() });
    for n in 0..3 {
        append(&*queue, n).delivered().await.expect("there is room");
    }
    let used = volume.contents().iter().map(|(_, bytes)| bytes.len()).sum();
    volume.set(|faults| faults.capacity = Some(used));
    append(&*queue, 3).accepted().await.expect_err("the disk is full");
    settle(&queue, 0..3).await;
    assert_eq!(segments(&volume), [SEGMENT_HEADER]);

    // What was given back is enough to go on.
    tokio::time::timeout(Duration::from_secs(30), queue.room()).await.expect("there is room");
    append(&*queue, 4).delivered().await.expect("there is room");
    settle(&queue, [4]).await;
}

#[tokio::test]
async fn what_follows_comes_out_once_wherever_it_lies() {
    for memory_bytes in [0, 1 << 20] {
        let volume = SimulatedVolume::new();
        let options = Options { memory_bytes, ..options() };
        let (storage, queue) = simulated_with(&volume, &Registry::default(), options);
        for round in 0..5 {
            let numbers = round * 6..round * 6 + 6;
            for n in numbers.clone() {
                append(&*queue, n).delivered().await.expect("there is room");
            }
            settle(&queue, numbers).await;
            assert_eq!(segments(&volume), [SEGMENT_HEADER], "in round {round}");
        }
        append(&*queue, 30).delivered().await.expect("there is room");
        drop((queue, storage));

        // No sequence is used again, also when the next start finds nothing but the last segment.
        let after = volume.after_power_cut(&mut fastrand::Rng::with_seed(1));
        let (_storage, queue) = simulated_with(&after, &Registry::default(), options);
        assert_eq!(queue.usage().records, 1);
        append(&*queue, 31).delivered().await.expect("there is room");
        settle(&queue, [30, 31]).await;
    }
}

#[tokio::test]
async fn a_failed_sync_of_a_segment_that_is_gone_brings_nothing_back() {
    let volume = SimulatedVolume::new();
    let options = Options { sync: Sync::Interval(Duration::from_millis(50)), ..options() };
    let (storage, queue) = simulated_with(&volume, &Registry::default(), options);
    volume.set(|faults| faults.fail_sync = true);
    let mut receipts: Vec<_> = (0..6).map(|n| append(&*queue, n)).collect();
    settle(&queue, 0..6).await;
    assert_eq!(segments(&volume), [SEGMENT_HEADER], "before the sync");
    for receipt in &mut receipts {
        receipt.delivered().await.expect("written again");
    }
    append(&*queue, 6).delivered().await.expect("there is room");
    assert_eq!(queue.usage().records, 1);
    drop((queue, storage));

    let (_storage, queue) = simulated_with(&volume.after_kill(), &Registry::default(), options);
    assert_eq!(queue.usage().records, 1);
    settle(&queue, [6]).await;
}
