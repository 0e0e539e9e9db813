//! A queue on a real disk.

mod disk;
mod ending;
mod laws;
mod recovery;
mod slow;
mod turning_over;

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::{Ack, Receipt};
use edgewatch_core::batch::Batch;
use edgewatch_core::storage::{Storage, StoredQueue, Usage};
use edgewatch_core::telemetry::Telemetry;

use super::{Journals, Options};

#[tokio::test]
async fn what_is_appended_comes_out_in_order_until_it_is_settled() {
    let directory = tempfile::tempdir().expect("a directory");
    let (_storage, queue) = open(directory.path(), Options::default());
    for n in 0..5 {
        append(&*queue, n).accepted().await.expect("there is room");
    }
    assert_eq!(queue.usage(), Usage { records: 5, items: 5, bytes: 5 * text(0).len() });

    let consumer = Arc::clone(&queue).consumer().await;
    for n in 0..5 {
        let stored = consumer.next().await;
        assert_eq!(joined(&stored.segments), text(n));
        consumer.settle(stored.id).await;
    }
    assert_eq!(queue.usage(), Usage::default());
}

#[tokio::test]
async fn what_is_not_settled_is_there_after_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    {
        let (_storage, queue) = open(directory.path(), Options { segment_bytes: 200, ..Options::default() });
        for n in 0..20 {
            append(&*queue, n).delivered().await.expect("there is room");
        }
        let consumer = Arc::clone(&queue).consumer().await;
        for n in 0..10 {
            let stored = consumer.next().await;
            if n % 3 != 0 {
                consumer.settle(stored.id).await;
            }
        }
    }
    let (_storage, queue) = open(directory.path(), Options::default());
    let expected: Vec<usize> = (0..20).filter(|n| *n >= 10 || n % 3 == 0).collect();
    assert_eq!(queue.usage().records, expected.len());
    let consumer = Arc::clone(&queue).consumer().await;
    for n in expected {
        let stored = consumer.next().await;
        assert_eq!(joined(&stored.segments), text(n));
        consumer.settle(stored.id).await;
    }
    assert_eq!(queue.usage(), Usage::default());
}

#[tokio::test]
async fn a_queue_is_forgotten_only_when_nothing_waits_in_it_and_nobody_has_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let (storage, queue) = open(directory.path(), Options::default());
    append(&*queue, 0).delivered().await.expect("there is room");
    assert!(!storage.forget("otlp/a", Signal::Logs), "it is in use");
    drop((queue, storage));
    let storage = Journals::open(directory.path(), Options::default()).expect("the directory is free");
    assert_eq!(storage.owners(Signal::Logs).expect("readable"), ["otlp/a"]);
    assert!(!storage.forget("otlp/a", Signal::Logs), "something waits in it");

    let queue = storage.queue("otlp/a", Signal::Logs, &Telemetry::default()).expect("a queue");
    let consumer = Arc::clone(&queue).consumer().await;
    consumer.settle(consumer.next().await.id).await;
    drop((consumer, queue));
    // The threads have something to do with it for a moment longer.
    while !storage.forget("otlp/a", Signal::Logs) {
        tokio::task::yield_now().await;
    }

    assert_eq!(storage.owners(Signal::Logs).expect("readable"), Vec::<String>::new());
    let queue = storage.queue("otlp/a", Signal::Logs, &Telemetry::default()).expect("a new queue");
    append(&*queue, 1).delivered().await.expect("there is room");
    assert_eq!(queue.usage().records, 1);
}

#[tokio::test]
async fn options_change_while_a_queue_is_in_use() {
    let directory = tempfile::tempdir().expect("a directory");
    let small = Options { max_bytes: Some(1000), reserve_bytes: 4096, ..Options::default() };
    let (storage, queue) = open(directory.path(), small);
    assert!(storage.is_in(&directory.path().join(".")) && !storage.is_in(Path::new("/")));
    let mut n = 0;
    while append(&*queue, n).accepted().await.is_ok() {
        n += 1;
    }
    queue.admit().expect_err("it is full");
    let reserve = directory.path().join("reserve");
    assert_eq!(std::fs::metadata(&reserve).expect("set aside").len(), 4096);

    storage.change(Options { max_bytes: Some(1 << 20), reserve_bytes: 0, ..small });

    queue.room().await;
    queue.admit().expect("there is room");
    append(&*queue, n).delivered().await.expect("there is room");
    assert!(!reserve.exists());
}

fn open(directory: &Path, options: Options) -> (Journals, Arc<dyn StoredQueue>) {
    let storage = Journals::open(directory, options).expect("the directory is free");
    let queue = storage.queue("otlp/a", Signal::Logs, &Telemetry::default()).expect("a queue");
    (storage, queue)
}

fn append(queue: &dyn StoredQueue, n: usize) -> Receipt {
    let (ack, receipt) = Ack::pair(None);
    queue.append(Batch::new(Signal::Logs, text(n), 1, ack));
    receipt
}

fn text(n: usize) -> Bytes {
    format!("the record with number {n:5} {}", "again and ".repeat(10)).into()
}

fn joined(segments: &[Bytes]) -> Bytes {
    segments.concat().into()
}

/// Whether it is known by now that the batch is safe.
fn is_delivered(receipt: &mut Receipt) -> bool {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    std::pin::pin!(receipt.delivered()).poll(&mut context) == std::task::Poll::Ready(Ok(()))
}
