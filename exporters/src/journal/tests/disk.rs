//! Disks that are full or fail, and files that are not what they should be.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::refusal::RefusalKind;
use edgewatch_core::storage::{Storage, StoredQueue, Usage};
use edgewatch_core::telemetry::{Registry, Telemetry};
use edgewatch_core::testing::reading;

use super::super::disk::simulated::SimulatedVolume;
use super::super::{Journals, Options, Sync};
use super::{append, joined, open, text};

#[tokio::test]
async fn a_full_disk_refuses_what_is_new_and_can_be_drained() {
    let (volume, registry) = (SimulatedVolume::new(), Registry::default());
    let (_storage, queue) = simulated(&volume, &registry, Sync::Always);
    for n in 0..3 {
        append(&*queue, n).delivered().await.expect("there is room");
    }
    volume.set(|faults| faults.capacity = Some(0));
    let refusal = append(&*queue, 3).accepted().await.expect_err("the disk is full");
    assert!(matches!(refusal.kind, RefusalKind::Busy { .. }), "{refusal}");
    assert!(queue.admit().is_err(), "no more is asked for");
    assert_eq!(reading(&registry, "edgewatch_storage_append_failures", &[]), 1.0);

    let consumer = Arc::clone(&queue).consumer().await;
    for n in 0..2 {
        let stored = consumer.next().await;
        assert_eq!(joined(&stored.segments), text(n));
        consumer.settle(stored.id).await;
    }
    assert_eq!(reading(&registry, "edgewatch_storage_acknowledge_failures", &[]), 0.0);

    volume.set(|faults| faults.capacity = None);
    queue.room().await;
    queue.admit().expect("there is room again");
    append(&*queue, 4).delivered().await.expect("there is room again");
    drop((consumer, queue, _storage));
    let (_storage, queue) = simulated(&volume.after_kill(), &registry, Sync::Always);
    let consumer = Arc::clone(&queue).consumer().await;
    for n in [2, 4] {
        let stored = consumer.next().await;
        assert_eq!(joined(&stored.segments), text(n), "nothing is left of what was refused");
        consumer.settle(stored.id).await;
    }
    assert_eq!(queue.usage(), Usage::default());
}

#[tokio::test]
async fn what_a_failed_sync_may_have_lost_is_written_again_before_it_counts_as_safe() {
    for sync in [Sync::Always, Sync::Interval(Duration::from_millis(1))] {
        let (volume, registry) = (SimulatedVolume::new(), Registry::default());
        let (_storage, queue) = simulated(&volume, &registry, sync);
        append(&*queue, 0).delivered().await.expect("it is written");
        volume.set(|faults| faults.fail_sync = true);
        append(&*queue, 1).delivered().await.expect("it is written again");
        assert_eq!(reading(&registry, "edgewatch_storage_sync_failures", &[]), 1.0);

        let after = volume.after_power_cut(&mut fastrand::Rng::with_seed(1));
        let (_storage, queue) = simulated(&after, &registry, sync);
        let consumer = Arc::clone(&queue).consumer().await;
        for n in 0..2 {
            assert_eq!(joined(&consumer.next().await.segments), text(n));
        }
    }
}

#[tokio::test]
async fn a_queue_does_not_grow_beyond_its_size_on_disk() {
    let directory = tempfile::tempdir().expect("a directory");
    let options =
        Options { max_bytes: Some(1000), segment_bytes: 300, compress: false, ..Options::default() };
    let (_storage, queue) = open(directory.path(), options);
    let mut taken = 0;
    while append(&*queue, taken).accepted().await.is_ok() {
        taken += 1;
    }
    assert!(taken > 2, "{taken}");
    let consumer = Arc::clone(&queue).consumer().await;
    for _ in 0..taken {
        consumer.settle(consumer.next().await.id).await;
    }
    queue.room().await;
    append(&*queue, taken).accepted().await.expect("room was made");
}

#[tokio::test]
async fn a_batch_that_is_too_much_does_not_close_a_queue_in_which_nothing_waits() {
    let directory = tempfile::tempdir().expect("a directory");
    let options =
        Options { max_bytes: Some(2000), segment_bytes: 1000, compress: false, ..Options::default() };
    let (_storage, queue) = open(directory.path(), options);
    let consumer = Arc::clone(&queue).consumer().await;
    for length in [10, 3000, 10, 1600, 10, 1600, 1600, 3000, 10] {
        let (ack, mut receipt) = Ack::pair(None);
        queue.append(Batch::new(Signal::Logs, vec![1; length].into(), 1, ack));
        receipt.delivered().await.expect("an empty queue takes anything");
        consumer.settle(consumer.next().await.id).await;
        queue.admit().expect("there is room, and nothing will make more");
    }
}

#[tokio::test]
async fn what_is_given_up_makes_room_at_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let (_storage, queue) = open(directory.path(), Options::default());
    for n in 0..300 {
        append(&*queue, n).accepted().await.expect("there is room");
    }
    for left in (200..300).rev() {
        queue.drop_oldest().await.expect("something waits");
        assert_eq!(queue.usage().records, left);
    }
}

#[tokio::test]
async fn two_agents_do_not_use_one_directory() {
    let directory = tempfile::tempdir().expect("a directory");
    let _first = open(directory.path(), Options::default());
    let second = || Journals::open(directory.path(), Options::default()).expect_err("it is in use");
    let this = format!("in use (process {})", std::process::id());
    assert!(second().0.contains(&this), "{}", second());

    // As another process has left its number there.
    fs::write(directory.path().join("lock"), "1\n").expect("writable");
    assert!(second().0.contains("in use by another agent (process 1); stop it"), "{}", second());
}

#[tokio::test]
async fn later_versions_and_foreign_files_are_refused_and_left_alone() {
    for (file, foreign) in [
        ("acks-0", false),
        ("acks-0", true),
        ("0000000000-0000000000000000.seg", false),
        ("0000000000-0000000000000000.seg", true),
    ] {
        let directory = tempfile::tempdir().expect("a directory");
        {
            let (_storage, queue) = open(directory.path(), Options::default());
            append(&*queue, 0).delivered().await.expect("there is room");
        }
        let path = directory.path().join("otlp%2fa.logs").join(file);
        let bytes =
            if foreign { b"something else entirely, and quite long ".repeat(20) } else { later(&path) };
        fs::write(&path, &bytes).expect("writable");

        let storage = Journals::open(directory.path(), Options::default()).expect("the directory is free");
        let refused = storage.queue("otlp/a", Signal::Logs, &Telemetry::default()).err().expect("refused");
        let says =
            if foreign { "is not a file of a queue; move it away" } else { "is of format version 2, which" };
        assert!(refused.0.contains(says) && refused.0.contains(file), "{refused}");
        assert_eq!(fs::read(&path).expect("readable"), bytes);
    }
}

#[tokio::test]
async fn an_acknowledgement_file_whose_first_write_was_cut_off_keeps_no_queue_from_opening() {
    for kept in 0..=24 {
        let directory = tempfile::tempdir().expect("a directory");
        {
            let (_storage, queue) = open(directory.path(), Options::default());
            append(&*queue, 0).delivered().await.expect("there is room");
        }
        let path = directory.path().join("otlp%2fa.logs").join("acks-0");
        let mut bytes = fs::read(&path).expect("readable");
        bytes[kept..].fill(0);
        fs::write(&path, &bytes).expect("writable");

        let (_storage, queue) = open(directory.path(), Options::default());
        assert_eq!(queue.usage().records, 1, "{kept} bytes kept");
    }
}

/// The file as a later version might have written it.
fn later(path: &Path) -> Vec<u8> {
    let mut bytes = fs::read(path).expect("readable");
    bytes[8] = 2;
    let length = usize::from(u16::from_le_bytes([bytes[10], bytes[11]]));
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&bytes[..12]), &bytes[16..length]);
    bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// Trouble is over soon.
pub(super) const RETRY: Duration = Duration::from_millis(5);

pub(super) fn simulated(
    volume: &SimulatedVolume,
    registry: &Registry,
    sync: Sync,
) -> (Journals, Arc<dyn StoredQueue>) {
    simulated_with(volume, registry, Options { sync, retry_every: RETRY, ..Options::default() })
}

pub(super) fn simulated_with(
    volume: &SimulatedVolume,
    registry: &Registry,
    options: Options,
) -> (Journals, Arc<dyn StoredQueue>) {
    let storage =
        Journals::start(Path::new("/queues"), Arc::new(volume.clone()), options, ()).expect("starts");
    let telemetry = Telemetry::new(registry.clone());
    let queue = storage.queue("otlp/a", Signal::Logs, &telemetry).expect("a queue");
    (storage, queue)
}
