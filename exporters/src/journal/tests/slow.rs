//! Disks that do not keep up, or do not answer.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use edgewatch_core::Signal;
use edgewatch_core::refusal::RefusalKind;
use edgewatch_core::storage::Storage;
use edgewatch_core::telemetry::{Registry, Telemetry};

use super::super::disk::simulated::SimulatedVolume;
use super::super::{Options, Sync};
use super::disk::{RETRY, simulated, simulated_with};
use super::{append, text};

/// Long enough to see that something does not happen.
const A_MOMENT: Duration = Duration::from_millis(30);

#[tokio::test]
async fn no_more_is_admitted_than_the_disk_keeps_up_with() {
    for sync in [Sync::Always, Sync::Interval(Duration::from_millis(1))] {
        let volume = SimulatedVolume::new();
        let options = Options { sync, backlog_bytes: 3 * text(0).len(), ..Options::default() };
        let (_storage, queue) = simulated_with(&volume, &Registry::default(), options);
        volume.set(|faults| faults.hang = true);
        let mut receipts = Vec::new();
        for n in 0..3 {
            queue.admit().expect("a little may wait");
            receipts.push(append(&*queue, n));
        }
        let refusal = queue.admit().expect_err("the disk does not keep up");
        assert_eq!(refusal.kind, RefusalKind::Unavailable, "giving up what waits would not help");
        receipts.push(append(&*queue, 3));
        tokio::time::timeout(A_MOMENT, queue.room()).await.expect_err("nothing is written yet");

        volume.set(|faults| faults.hang = false);
        queue.room().await;
        for mut receipt in receipts {
            receipt.delivered().await.expect("what was handed over is taken");
        }
        queue.admit().expect("all is on disk");
        assert_eq!(queue.usage().records, 4);
    }
}

#[tokio::test]
async fn nobody_else_waits_for_a_record_that_has_to_be_read_to_be_dropped() {
    let volume = SimulatedVolume::new();
    let options = Options { memory_bytes: 0, ..Options::default() };
    let (_storage, queue) = simulated_with(&volume, &Registry::default(), options);
    for n in 0..10 {
        append(&*queue, n).delivered().await.expect("there is room");
    }
    queue.drop_oldest().await.expect("it is in memory");
    let mut left = 9;
    volume.set(|faults| faults.hang = true);
    // What the reading thread had read before that can still be dropped.
    while tokio::time::timeout(A_MOMENT, queue.drop_oldest()).await.is_ok() {
        left -= 1;
    }
    let during = queue.usage().records;
    volume.set(|faults| faults.hang = false);
    assert_eq!(during, left);
    assert!(left > 5, "no more than a little is read ahead: {left} are left");
    for _ in 0..left {
        queue.drop_oldest().await.expect("it is read");
    }
    assert_eq!(queue.drop_oldest().await, None);
}

#[tokio::test]
async fn a_queue_in_trouble_is_tried_again_however_busy_the_others_are() {
    let volume = SimulatedVolume::new();
    let options =
        Options { sync: Sync::Interval(Duration::from_millis(1)), retry_every: RETRY, ..Options::default() };
    let (storage, busy) = simulated_with(&volume, &Registry::default(), options);
    let troubled = storage.queue("otlp/b", Signal::Logs, &Telemetry::default()).expect("a queue");
    volume.set(|faults| faults.broken = true);
    append(&*troubled, 0).accepted().await.expect_err("it cannot be written");
    volume.set(|faults| faults.broken = false);

    let patience = Instant::now() + Duration::from_secs(20);
    let mut handed_over = VecDeque::new();
    for n in 0.. {
        handed_over.push_back(append(&*busy, n));
        if handed_over.len() > 5000 {
            let mut oldest = handed_over.pop_front().expect("some");
            oldest.accepted().await.expect("the disk works");
            if troubled.admit().is_ok() {
                return;
            }
            assert!(Instant::now() < patience, "after {n} commands it has not been tried again");
        }
    }
}

#[tokio::test]
async fn acknowledgements_reach_the_disk_whatever_becomes_of_their_file() {
    // More of them than a file holds, before the first are synced.
    let volume = SimulatedVolume::new();
    let (storage, queue) = simulated(&volume, &Registry::default(), Sync::Interval(Duration::from_millis(1)));
    let consumer = Arc::clone(&queue).consumer().await;
    let mut records = Vec::new();
    for n in 0..3000 {
        append(&*queue, n).accepted().await.expect("there is room");
        records.push(consumer.next().await.id);
    }
    // Not in one range.
    let (even, odd): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| record.0 % 2 == 0);
    futures_util::future::join_all(even.into_iter().map(|record| consumer.settle(record))).await;
    futures_util::future::join_all(odd.into_iter().map(|record| consumer.settle(record))).await;
    let patience = Instant::now() + Duration::from_secs(20);
    while !volume.has_synced_acks() {
        assert!(Instant::now() < patience, "they are not synced");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    volume.kill();
    drop((consumer, queue, storage));
    let after = volume.after_power_cut(&mut fastrand::Rng::with_seed(1));
    let (_storage, queue) = simulated(&after, &Registry::default(), Sync::Always);
    assert_eq!(queue.usage().records, 0);
}

#[tokio::test]
async fn acknowledgements_that_a_failed_sync_may_have_lost_are_written_again() {
    let (volume, registry) = (SimulatedVolume::new(), Registry::default());
    let (storage, queue) = simulated(&volume, &registry, Sync::Always);
    for n in 0..2 {
        append(&*queue, n).delivered().await.expect("there is room");
    }
    let consumer = Arc::clone(&queue).consumer().await;
    volume.set(|faults| faults.fail_ack_sync = true);
    consumer.settle(consumer.next().await.id).await;
    let failures = || edgewatch_core::testing::reading(&registry, "edgewatch_storage_sync_failures", &[]);
    let patience = Instant::now() + Duration::from_secs(20);
    while failures() == 0.0 || queue.admit().is_err() {
        assert!(Instant::now() < patience, "all is well again");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    volume.kill();
    drop((consumer, queue, storage));
    let after = volume.after_power_cut(&mut fastrand::Rng::with_seed(1));
    let (_storage, queue) = simulated(&after, &Registry::default(), Sync::Always);
    assert_eq!(queue.usage().records, 1, "what was settled stays settled");
}
