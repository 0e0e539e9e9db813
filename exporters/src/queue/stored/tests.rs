use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use edgewatch_core::Signal;
use edgewatch_core::ack::{Ack, Receipt};
use edgewatch_core::delivery::{Delivery, QueueBatchSettings};
use edgewatch_core::exporter::Sink;
use edgewatch_core::factory::BuiltExporter;
use edgewatch_core::storage::StoredQueue;
use edgewatch_core::telemetry::{Registry, Telemetry};
use edgewatch_core::testing::reading;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::FakeStorage;
use crate::otlp::testing::batch_for;
use crate::queue::start::{Around, start_seeded};
use crate::queue::tests::{Deed, Scripted, Shared};

const NO_TIME: Duration = Duration::ZERO;
const SECOND: Duration = Duration::from_secs(1);

/// A queue in a storage in front of a scripted destination.
struct Bench {
    storage: Arc<FakeStorage>,
    exporter: Arc<Scripted>,
    sink: Arc<dyn Sink>,
    registry: Registry,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

fn bench(queue: serde_json::Value, script: impl IntoIterator<Item = Deed>, latency: Duration) -> Bench {
    start(&Arc::default(), queue, script, latency)
}

/// What a process does that finds `storage` as another has left it.
fn start(
    storage: &Arc<FakeStorage>,
    mut queue: serde_json::Value,
    script: impl IntoIterator<Item = Deed>,
    latency: Duration,
) -> Bench {
    queue["storage"] = json!("disk");
    let exporter = Arc::new(Scripted::new(script, latency));
    let delivery = Delivery {
        timeout: Duration::from_secs(30).into(),
        retry: serde_json::from_value(json!({"randomization_factor": 0})).expect("settings"),
        queue: serde_json::from_value(queue).expect("settings"),
    };
    let built = BuiltExporter { exporter: Box::new(Shared(Arc::clone(&exporter))), delivery };
    let registry = Registry::default();
    let telemetry = Telemetry::new(registry.clone()).with("exporter", "scripted");
    let stop = CancellationToken::new();
    let around = Around {
        id: "scripted",
        telemetry: &telemetry,
        storage: Some(Arc::clone(storage) as _),
        stop: &stop,
    };
    let (sinks, delivering) = start_seeded(built, &[Signal::Traces], &around, 1).expect("started");
    let sink = sinks.get(Signal::Traces).expect("started for traces");
    let running = tokio::spawn(delivering.run());
    Bench { storage: Arc::clone(storage), exporter, sink, registry, stop, running }
}

impl Bench {
    async fn send(&self, spans: usize) -> Receipt {
        let (ack, receipt) = Ack::pair(None);
        self.sink.send(batch_for(1, spans, ack)).await;
        receipt
    }

    async fn send_promised(&self, spans: usize) {
        self.sink.send(batch_for(1, spans, Ack::none())).await;
    }

    fn reading(&self, name: &str) -> f64 {
        reading(&self.registry, name, &[("exporter", "scripted")])
    }

    fn left(&self) -> usize {
        left(&self.storage)
    }

    /// Dies without a word, as the process does when it is killed.
    async fn kill(self) -> Arc<FakeStorage> {
        self.running.abort();
        let _aborted = self.running.await;
        self.storage
    }

    /// Lets go of the sink and waits for the end.
    async fn end(self) -> Arc<FakeStorage> {
        drop(self.sink);
        self.running.await.expect("ended well");
        self.storage
    }
}

/// Items that are stored and not settled.
fn left(storage: &FakeStorage) -> usize {
    storage.get("scripted", Signal::Traces).usage().items
}

/// Lets every task do what it can without time going by.
async fn settle_down() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_storage_answers_senders_and_the_destination_settles() {
    let bench = bench(json!({}), [], SECOND);

    let mut receipt = bench.send(3).await;

    assert!(bench.sink.answers_sources());
    receipt.delivered().await.expect("stored");
    settle_down().await;
    assert_eq!(bench.reading("otelcol_exporter_queue_size"), 1.0);
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(bench.reading("otelcol_exporter_queue_size"), 0.0);
    assert_eq!(bench.reading("otelcol_exporter_sent_spans"), 3.0);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_settled_when_the_process_died_comes_again() {
    let bench = bench(json!({"num_consumers": 2}), [Deed::Take, Deed::Hang, Deed::Hang], NO_TIME);
    for spans in [1, 2, 3, 4] {
        drop(bench.send(spans).await);
    }
    settle_down().await;
    assert_eq!(bench.exporter.attempts(), [1, 2, 3]);

    let storage = bench.kill().await;
    let again = start(&storage, json!({"num_consumers": 1}), [], NO_TIME);
    settle_down().await;

    assert_eq!(again.exporter.attempts(), [2, 3, 4]);
    assert_eq!(again.left(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_joined_as_the_pipelines_ask_as_long_as_they_do() {
    let bench = bench(json!({"num_consumers": 1}), [], NO_TIME);
    let joining = QueueBatchSettings {
        flush_timeout: SECOND.into(),
        min_size: 10,
        max_size: 12,
        ..QueueBatchSettings::default()
    };

    assert!(bench.sink.join_behind(Some(&joining)));
    for spans in [4, 4, 4, 4, 4] {
        bench.send(spans).await.delivered().await.expect("stored, and answered at once");
    }
    settle_down().await;
    assert_eq!(bench.exporter.attempts(), [12], "eight wait for more");
    assert!(bench.sink.join_behind(None));
    drop(bench.send(1).await);
    settle_down().await;

    assert_eq!(bench.exporter.attempts(), [12, 8, 1], "nothing is held back any more");
    assert_eq!(bench.left(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_delivered_is_tried_for_ever() {
    let bench = bench(json!({}), vec![Deed::FailFor(NO_TIME); 200], NO_TIME);
    drop(bench.send(3).await);

    tokio::time::sleep(200 * 31 * SECOND).await;

    assert_eq!(bench.reading("otelcol_exporter_sent_spans"), 3.0);
    assert_eq!(bench.reading("otelcol_exporter_send_failed_spans"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_good_is_counted_and_forgotten() {
    let bench = bench(json!({}), [Deed::Reject], NO_TIME);
    drop(bench.send(3).await);

    settle_down().await;

    assert_eq!(bench.reading("otelcol_exporter_send_failed_spans"), 3.0);
    assert_eq!(bench.left(), 0);
}

#[tokio::test(start_paused = true)]
async fn there_is_no_limit_of_requests_unless_one_is_set() {
    let bench = bench(json!({"num_consumers": 1}), [Deed::Hang], NO_TIME);
    for _ in 0..2000 {
        bench.send(1).await.accepted().await.expect("taken");
    }
    assert_eq!(bench.reading("otelcol_exporter_queue_size"), 2000.0);
    assert_eq!(bench.reading("otelcol_exporter_queue_capacity"), 0.0, "there is none to report");
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_what_is_new_and_keeps_what_was_promised() {
    let bench = bench(json!({"queue_size": 2, "num_consumers": 1}), [], SECOND);
    drop((bench.send(1).await, bench.send(1).await));

    bench.sink.admit().expect_err("full");
    bench.send(5).await.accepted().await.expect_err("full");
    assert_eq!(bench.reading("otelcol_exporter_enqueue_failed_spans"), 5.0);

    let start = Instant::now();
    bench.send_promised(1).await;
    assert_eq!(start.elapsed(), NO_TIME, "some room is kept for it");
    bench.send_promised(1).await;
    assert!(start.elapsed() >= SECOND, "then it waits");
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_refuses_what_is_new_and_what_was_promised_waits() {
    let bench = bench(json!({}), [], NO_TIME);
    let queue = bench.storage.get("scripted", Signal::Traces);
    queue.fill(true);

    bench.sink.admit().expect_err("full");
    bench.send(5).await.accepted().await.expect_err("full");
    let sink = Arc::clone(&bench.sink);
    let promised = tokio::spawn(async move { sink.send(batch_for(1, 2, Ack::none())).await });
    tokio::time::sleep(10 * SECOND).await;
    assert!(!promised.is_finished());

    queue.fill(false);
    promised.await.expect("taken");
    settle_down().await;
    assert_eq!(bench.exporter.attempts(), [2]);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_blocks_makes_senders_wait() {
    let bench = bench(json!({"queue_size": 1, "num_consumers": 1, "overflow": "block"}), [], SECOND);
    drop(bench.send(1).await);
    let start = Instant::now();

    bench.sink.admit().expect("senders may come and wait");
    bench.send(1).await.accepted().await.expect("accepted");

    assert_eq!(start.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_drops_the_oldest_takes_the_newest_and_counts() {
    let settings = json!({"queue_size": 2, "num_consumers": 1, "overflow": "drop_oldest"});
    let bench = bench(settings, [], SECOND);
    for spans in [1, 2] {
        drop(bench.send(spans).await);
        settle_down().await;
    }

    bench.sink.admit().expect("there is always room");
    bench.send_promised(4).await;
    assert_eq!(bench.reading("otelcol_exporter_enqueue_failed_spans"), 2.0);

    let exporter = Arc::clone(&bench.exporter);
    bench.end().await;
    assert_eq!(exporter.attempts(), [1, 4]);
}

#[tokio::test(start_paused = true)]
async fn records_are_joined_and_cut_and_settled_when_all_of_them_has_arrived() {
    let settings =
        json!({"num_consumers": 1, "batch": {"min_size": 10, "max_size": 10, "flush_timeout": "3s"}});
    let bench = bench(settings, [], SECOND);
    for spans in [4, 9, 10] {
        drop(bench.send(spans).await);
    }

    tokio::time::sleep(SECOND + Duration::from_millis(1)).await;
    assert_eq!(bench.left(), 19, "the first record and a part of the second were sent");
    tokio::time::sleep(10 * SECOND).await;

    assert_eq!(bench.exporter.attempts(), [10, 10, 3]);
    assert_eq!(bench.left(), 0);
}

#[tokio::test(start_paused = true)]
async fn when_the_sinks_are_gone_the_queue_is_emptied() {
    let bench = bench(json!({"num_consumers": 1, "batch": {}}), [], SECOND);
    for spans in [1, 2, 3] {
        drop(bench.send(spans).await);
    }
    let exporter = Arc::clone(&bench.exporter);

    let storage = bench.end().await;

    assert_eq!(exporter.attempts().iter().sum::<usize>(), 6);
    assert_eq!(left(&storage), 0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_destination_is_waited_for_while_it_takes_something() {
    let bench = bench(json!({"num_consumers": 1}), [], 4 * SECOND);
    for spans in [1, 2, 3, 4] {
        drop(bench.send(spans).await);
    }
    let start = Instant::now();

    let storage = bench.end().await;

    assert_eq!(left(&storage), 0);
    assert_eq!(start.elapsed(), 16 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_dead_destination_does_not_hold_up_the_end() {
    for (script, longest) in
        [(vec![Deed::FailFor(600 * SECOND); 9], NO_TIME), (vec![Deed::Hang; 9], 5 * SECOND)]
    {
        let bench = bench(json!({"num_consumers": 2}), script, NO_TIME);
        for spans in [1, 2, 3] {
            drop(bench.send(spans).await);
        }
        settle_down().await;
        let registry = bench.registry.clone();
        let start = Instant::now();

        let storage = bench.end().await;

        assert!(start.elapsed() <= longest, "{:?}", start.elapsed());
        assert_eq!(left(&storage), 6);
        assert_eq!(reading(&registry, "otelcol_exporter_send_failed_spans", &[]), 0.0, "nothing is lost");
    }
}

#[tokio::test(start_paused = true)]
async fn when_no_time_is_left_everything_stays() {
    let bench = bench(json!({"num_consumers": 1}), [Deed::Hang], NO_TIME);
    for spans in [1, 2] {
        drop(bench.send(spans).await);
    }
    settle_down().await;
    let start = Instant::now();

    bench.stop.cancel();
    bench.send_promised(4).await;
    let storage = bench.end().await;

    assert_eq!(start.elapsed(), NO_TIME);
    assert_eq!(left(&storage), 7);
}

#[tokio::test(start_paused = true)]
async fn a_successor_gets_what_was_not_under_way_and_no_item_comes_twice() {
    let old = bench(json!({"num_consumers": 2}), [], 3 * SECOND);
    for spans in [1, 2, 3, 4] {
        drop(old.send(spans).await);
    }
    settle_down().await;

    let new = start(&old.storage, json!({"num_consumers": 2}), [], NO_TIME);
    drop(old.send(5).await);
    tokio::time::sleep(4 * SECOND).await;

    assert_eq!(old.exporter.attempts(), [1, 2]);
    assert_eq!(new.exporter.attempts(), [3, 4, 5]);
    assert_eq!(new.left(), 0);
    assert!(old.running.is_finished(), "it has let go");
    assert_eq!(old.exporter.most_under_way.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_successor_waits_for_what_a_slow_destination_may_have_already() {
    let old = bench(json!({"num_consumers": 1}), [], 12 * SECOND);
    for spans in [1, 2] {
        drop(old.send(spans).await);
    }
    settle_down().await;

    let new = start(&old.storage, json!({}), [], NO_TIME);
    tokio::time::sleep(13 * SECOND).await;

    assert_eq!((old.exporter.attempts(), new.exporter.attempts()), (vec![1], vec![2]));
    assert_eq!(new.left(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_successor_does_not_wait_for_a_dead_destination() {
    let old = bench(json!({}), vec![Deed::FailFor(600 * SECOND); 9], NO_TIME);
    drop(old.send(1).await);
    settle_down().await;

    let new = start(&old.storage, json!({}), [], NO_TIME);
    settle_down().await;

    assert_eq!(new.exporter.attempts(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_too_large_goes_in_parts_and_is_settled_once() {
    let bench = bench(json!({}), [Deed::FindTooLarge], NO_TIME);
    drop(bench.send(10).await);
    settle_down().await;

    assert_eq!(bench.exporter.attempts(), [10, 5, 5]);
    assert_eq!(bench.left(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_promised_is_written_again_when_the_disk_fails_at_the_last_moment() {
    let bench = bench(json!({}), [], NO_TIME);
    bench.storage.get("scripted", Signal::Traces).fail(2);

    bench.send_promised(3).await;
    settle_down().await;

    assert_eq!(bench.exporter.attempts(), [3]);
    assert_eq!(bench.reading("otelcol_exporter_enqueue_failed_spans"), 0.0);
}
