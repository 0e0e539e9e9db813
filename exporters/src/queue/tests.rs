use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use edgewatch_core::Signal;
use edgewatch_core::ack::{Ack, Receipt};
use edgewatch_core::batch::Batch;
use edgewatch_core::delivery::{Delivery, QueueSettings, RetrySettings};
use edgewatch_core::exporter::{Delivered, ExportError, Exporter, Sink};
use edgewatch_core::factory::BuiltExporter;
use edgewatch_core::refusal::{Refusal, RefusalKind};
use edgewatch_core::telemetry::{Registry, Telemetry};
use edgewatch_core::testing::reading;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::start::{Around, start_seeded};
use crate::otlp::testing::batch_for;

/// What the destination does with an attempt, and how long it takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    Take,
    TakeAllBut(usize),
    FailFor(Duration),
    Reject,
    FindTooLarge,
    Hang,
}

/// A destination that follows a script; at its end it takes everything.
#[derive(Default)]
pub(super) struct Scripted {
    script: Mutex<VecDeque<Deed>>,
    latency: Duration,
    /// Items and time of every attempt.
    attempts: Mutex<Vec<(usize, Instant)>>,
    pub(super) taken: Mutex<Vec<bytes::Bytes>>,
    /// What it has refused for good, or found too large.
    pub(super) refused: Mutex<Vec<bytes::Bytes>>,
    under_way: AtomicUsize,
    pub(super) most_under_way: AtomicUsize,
    closed: AtomicUsize,
}

impl Scripted {
    pub(super) fn new(script: impl IntoIterator<Item = Deed>, latency: Duration) -> Self {
        Self { script: Mutex::new(script.into_iter().collect()), latency, ..Self::default() }
    }

    pub(super) fn attempts(&self) -> Vec<usize> {
        self.attempts.lock().expect("lock").iter().map(|(items, _)| *items).collect()
    }
}

pub(super) struct Shared(pub(super) Arc<Scripted>);

#[async_trait]
impl Exporter for Shared {
    async fn export(&self, batch: &Batch) -> Result<Delivered, ExportError> {
        let deed = self.0.script.lock().expect("lock").pop_front().unwrap_or(Deed::Take);
        self.0.attempts.lock().expect("lock").push((batch.items(), Instant::now()));
        let under_way = self.0.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.most_under_way.fetch_max(under_way, Ordering::Relaxed);
        tokio::time::sleep(self.0.latency).await;
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
        if matches!(deed, Deed::Reject | Deed::FindTooLarge) {
            self.0.refused.lock().expect("lock").extend(batch.segments().iter().cloned());
        }
        let (destination, items, reason) = ("there".to_owned(), batch.items(), "because".to_owned());
        match deed {
            Deed::Take | Deed::TakeAllBut(_) => {
                self.0.taken.lock().expect("lock").extend(batch.segments().iter().cloned());
                let rejected = if let Deed::TakeAllBut(rejected) = deed { rejected } else { 0 };
                Ok(Delivered { rejected, message: String::new() })
            }
            Deed::FailFor(wait) => Err(ExportError::Retryable {
                destination,
                retry_after: Some(wait).filter(|wait| !wait.is_zero()),
                reason,
            }),
            Deed::Reject => Err(ExportError::Rejected { destination, items, reason }),
            Deed::FindTooLarge => Err(ExportError::TooLarge { destination, items, reason }),
            Deed::Hang => std::future::pending().await,
        }
    }

    async fn close(&self) {
        self.0.closed.fetch_add(1, Ordering::Relaxed);
    }
}

/// A queue in front of a scripted destination.
struct Bench {
    exporter: Arc<Scripted>,
    sink: Arc<dyn Sink>,
    registry: Registry,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

fn bench(queue: serde_json::Value, script: impl IntoIterator<Item = Deed>, latency: Duration) -> Bench {
    bench_with(queue, json!({"randomization_factor": 0}), script, latency)
}

fn bench_with(
    queue: serde_json::Value,
    retry: serde_json::Value,
    script: impl IntoIterator<Item = Deed>,
    latency: Duration,
) -> Bench {
    let exporter = Arc::new(Scripted::new(script, latency));
    let queue: QueueSettings = serde_json::from_value(queue).expect("settings");
    let retry: RetrySettings = serde_json::from_value(retry).expect("settings");
    let delivery = Delivery { timeout: Duration::from_secs(5).into(), retry, queue };
    let built = BuiltExporter { exporter: Box::new(Shared(Arc::clone(&exporter))), delivery };
    let registry = Registry::default();
    let telemetry = Telemetry::new(registry.clone()).with("exporter", "scripted");
    let stop = CancellationToken::new();
    let around = Around { id: "scripted", telemetry: &telemetry, storage: None, stop: &stop };
    let (sinks, delivering) = start_seeded(built, &[Signal::Traces], &around, 1).expect("no storage");
    let sink = sinks.get(Signal::Traces).expect("started for traces");
    Bench { exporter, sink, registry, stop, running: tokio::spawn(delivering.run()) }
}

impl Bench {
    /// Sends a batch of `spans` and returns the receipt for it.
    async fn send(&self, spans: usize) -> Receipt {
        let (ack, receipt) = Ack::pair(None);
        self.sink.send(batch_for(1, spans, ack)).await;
        receipt
    }

    /// Sends a batch whose senders believe it accepted.
    async fn send_promised(&self, spans: usize) -> Receipt {
        let (mut ack, receipt) = Ack::pair(None);
        ack.accepted();
        self.sink.send(batch_for(1, spans, ack)).await;
        receipt
    }

    fn reading(&self, name: &str) -> f64 {
        reading(&self.registry, name, &[("exporter", "scripted")])
    }

    /// Lets go of the sink and waits for the end.
    async fn end(self) -> (Arc<Scripted>, Registry) {
        drop(self.sink);
        self.running.await.expect("ended well");
        (self.exporter, self.registry)
    }
}

const NO_TIME: Duration = Duration::ZERO;
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_batch_is_accepted_when_queued_and_delivered_when_confirmed() {
    let bench = bench(json!({}), [], SECOND);

    let mut receipt = bench.send(3).await;

    receipt.accepted().await.expect("accepted");
    assert_eq!(bench.reading("otelcol_exporter_queue_size"), 1.0);
    receipt.delivered().await.expect("delivered");
    tokio::task::yield_now().await;
    assert_eq!(bench.reading("otelcol_exporter_queue_size"), 0.0);
    assert_eq!(bench.reading("otelcol_exporter_queue_capacity"), 1000.0);
    assert_eq!(bench.reading("otelcol_exporter_sent_spans"), 3.0);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_the_result_is_answered_by_the_destination() {
    let bench = bench(json!({"wait_for_result": true}), [Deed::Reject], SECOND);

    let mut receipt = bench.send(3).await;

    assert!(bench.sink.answers_sources());
    let refusal = receipt.accepted().await.expect_err("refused");
    assert_eq!(refusal.kind, RefusalKind::Permanent);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_what_is_new_and_keeps_what_was_promised() {
    let bench = bench(json!({"queue_size": 2, "num_consumers": 1}), [], SECOND);
    let (mut first, mut second) = (bench.send(1).await, bench.send(1).await);

    assert_eq!(bench.sink.admit().expect_err("full").kind, Refusal::busy("").kind);
    let refusal = bench.send(5).await.accepted().await.expect_err("full");
    assert_eq!(refusal, Refusal::busy("the sending queue is full; send again later"));
    assert_eq!(bench.reading("otelcol_exporter_enqueue_failed_spans"), 5.0);

    let mut promised = bench.send_promised(1).await;
    assert_eq!(bench.reading("otelcol_exporter_queue_size"), 3.0);
    for receipt in [&mut first, &mut second, &mut promised] {
        receipt.delivered().await.expect("delivered");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_promised_waits_when_the_queue_is_exceeded_already() {
    let bench = bench(json!({"queue_size": 10, "num_consumers": 1}), [], SECOND);
    for _ in 0..11 {
        drop(bench.send_promised(1).await);
    }
    let start = Instant::now();

    let mut receipt = bench.send_promised(1).await;

    assert_eq!(start.elapsed(), SECOND, "until the first was delivered");
    receipt.delivered().await.expect("delivered");
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_blocks_makes_senders_wait() {
    let settings = json!({"queue_size": 1, "num_consumers": 1, "block_on_overflow": true});
    let bench = bench(settings, [], SECOND);
    drop(bench.send(1).await);
    let start = Instant::now();

    bench.sink.admit().expect("senders may come and wait");
    let mut receipt = bench.send(1).await;

    assert_eq!(start.elapsed(), SECOND);
    receipt.accepted().await.expect("accepted");
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_drops_the_oldest_takes_the_newest_and_counts() {
    let settings = json!({"queue_size": 2, "num_consumers": 1, "overflow": "drop_oldest"});
    let bench = bench(settings, [], SECOND);
    let mut first = bench.send(1).await;
    tokio::task::yield_now().await;
    let mut second = bench.send(2).await;

    bench.sink.admit().expect("there is always room");
    let mut third = bench.send_promised(4).await;

    first.delivered().await.expect("what is under way is not dropped");
    second.delivered().await.expect_err("dropped");
    third.delivered().await.expect("delivered");
    assert_eq!(bench.reading("otelcol_exporter_enqueue_failed_spans"), 2.0);
}

#[tokio::test(start_paused = true)]
async fn queues_are_sized_in_items_or_bytes_too() {
    for (sizer, size) in [("items", 10), ("bytes", 2500)] {
        let settings = json!({"queue_size": size, "sizer": sizer, "num_consumers": 1});
        let bench = bench(settings, [], SECOND);
        drop(bench.send(6).await);
        let used = bench.reading("otelcol_exporter_queue_size");
        assert!(used > 5.0 && used <= f64::from(size), "{sizer}: {used}");

        bench.sink.admit().expect("there is room");
        bench.send(6).await.accepted().await.expect_err("six more do not fit");
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_larger_than_the_queue_passes_through_an_empty_one() {
    let bench = bench(json!({"queue_size": 10, "sizer": "items"}), [], SECOND);
    bench.send(50).await.delivered().await.expect("delivered");
}

#[tokio::test(start_paused = true)]
async fn as_many_exports_run_at_a_time_as_there_are_consumers() {
    let bench = bench(json!({"num_consumers": 3}), [], SECOND);
    for _ in 0..9 {
        drop(bench.send(1).await);
    }
    let start = Instant::now();

    let (exporter, _) = bench.end().await;

    assert_eq!(exporter.most_under_way.load(Ordering::Relaxed), 3);
    assert_eq!(start.elapsed(), 3 * SECOND);
    assert_eq!(exporter.closed.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_may_pass_is_tried_again_with_growing_waits() {
    let asked = Duration::from_secs(20);
    let script = [Deed::FailFor(NO_TIME), Deed::FailFor(asked), Deed::FailFor(NO_TIME)];
    let bench = bench(json!({}), script, NO_TIME);

    bench.send(2).await.delivered().await.expect("delivered");

    let attempts = bench.exporter.attempts.lock().expect("lock").clone();
    let waits: Vec<f64> =
        attempts.windows(2).map(|pair| (pair[1].1 - pair[0].1).as_secs_f64().round()).collect();
    assert_eq!(waits, [5.0, 20.0, 11.0]);
    assert_eq!(bench.reading("edgewatch_exporter_retries"), 3.0);
    assert_eq!(bench.reading("otelcol_exporter_send_failed_spans"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_given_up_after_max_elapsed_time() {
    let script = vec![Deed::FailFor(NO_TIME); 100];
    let bench = bench(json!({}), script, NO_TIME);
    let start = Instant::now();

    let refusal = bench.send(2).await.delivered().await.expect_err("given up");

    assert_eq!(refusal, Refusal::unavailable("there is unavailable: because"));
    assert!(start.elapsed() <= Duration::from_secs(300));
    assert!(start.elapsed() > Duration::from_secs(270), "no earlier than the next wait would exceed it");
    assert_eq!(bench.reading("otelcol_exporter_send_failed_spans"), 2.0);
}

#[tokio::test(start_paused = true)]
async fn without_retries_one_attempt_is_made() {
    let bench = bench_with(json!({}), json!({"enabled": false}), [Deed::FailFor(NO_TIME)], NO_TIME);

    bench.send(2).await.delivered().await.expect_err("given up");

    assert_eq!(bench.exporter.attempts(), [2]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_good_is_not_tried_again() {
    let bench = bench(json!({}), [Deed::Reject], NO_TIME);

    let refusal = bench.send(2).await.delivered().await.expect_err("refused");

    assert_eq!(refusal, Refusal::permanent("there refused the request: because"));
    assert_eq!(bench.exporter.attempts(), [2]);
    assert_eq!(bench.reading("otelcol_exporter_send_failed_spans"), 2.0);
}

#[tokio::test(start_paused = true)]
async fn a_partial_success_is_counted_and_not_sent_again() {
    let bench = bench(json!({}), [Deed::TakeAllBut(2)], NO_TIME);

    bench.send(5).await.delivered().await.expect("delivered");

    assert_eq!(bench.exporter.attempts(), [5]);
    assert_eq!(bench.reading("otelcol_exporter_sent_spans"), 3.0);
    assert_eq!(bench.reading("edgewatch_exporter_rejected_spans"), 2.0);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_goes_in_parts() {
    let script = [Deed::FindTooLarge, Deed::FindTooLarge];
    let bench = bench(json!({}), script, NO_TIME);

    bench.send(10).await.delivered().await.expect("delivered");

    assert_eq!(bench.exporter.attempts(), [10, 5, 2, 3, 5]);
    assert_eq!(bench.reading("otelcol_exporter_sent_spans"), 10.0);
}

#[tokio::test(start_paused = true)]
async fn a_single_item_that_is_too_large_is_given_up() {
    let bench = bench(json!({}), [Deed::FindTooLarge; 3], NO_TIME);

    let refusal = bench.send(2).await.delivered().await.expect_err("refused");

    assert_eq!(refusal.kind, RefusalKind::Permanent);
    assert_eq!(bench.exporter.attempts(), [2, 1, 1]);
    assert_eq!(bench.reading("otelcol_exporter_send_failed_spans"), 2.0);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_without_an_answer_ends_after_the_timeout() {
    let bench = bench(json!({}), [Deed::Hang], NO_TIME);
    let start = Instant::now();

    bench.send(2).await.delivered().await.expect("delivered by the second attempt");

    assert_eq!(start.elapsed(), 10 * SECOND, "the timeout and the first wait");
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_sent_after_the_sinks_are_gone() {
    let script = [Deed::FailFor(NO_TIME)];
    let bench = bench(json!({"num_consumers": 1}), script, SECOND);
    let receipts = [bench.send(1).await, bench.send(2).await];

    let (exporter, _) = bench.end().await;

    for mut receipt in receipts {
        receipt.delivered().await.expect("delivered");
    }
    assert_eq!(exporter.attempts(), [1, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn when_no_time_is_left_the_rest_is_refused_and_counted() {
    let bench = bench(json!({"num_consumers": 1}), [Deed::FailFor(NO_TIME)], NO_TIME);
    let receipts = [bench.send(1).await, bench.send(2).await];
    tokio::time::sleep(SECOND).await;

    bench.stop.cancel();
    bench.send(4).await.accepted().await.expect_err("the agent stops");
    let start = Instant::now();
    let (exporter, registry) = bench.end().await;

    assert_eq!(start.elapsed(), NO_TIME);
    assert_eq!(exporter.attempts(), [1]);
    for mut receipt in receipts {
        receipt.delivered().await.expect_err("not delivered");
    }
    assert_eq!(reading(&registry, "otelcol_exporter_send_failed_spans", &[]), 3.0);
    assert_eq!(reading(&registry, "otelcol_exporter_queue_size", &[]), 0.0);
}

#[tokio::test(start_paused = true)]
async fn without_a_queue_the_pipeline_waits_for_the_destination() {
    let bench = bench(json!({"enabled": false}), [Deed::FailFor(NO_TIME)], SECOND);
    let start = Instant::now();

    let mut receipt = bench.send(1).await;

    assert_eq!(start.elapsed(), 7 * SECOND, "two attempts and the wait between them");
    assert!(bench.sink.answers_sources());
    receipt.delivered().await.expect("delivered");
    let (exporter, _) = bench.end().await;
    assert_eq!(exporter.closed.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn waiting_batches_are_joined_up_to_the_smallest_size() {
    let settings = json!({"batch": {"min_size": 10, "flush_timeout": "3s"}});
    let bench = bench(settings, [], NO_TIME);
    let start = Instant::now();

    for spans in [4, 4, 4, 3] {
        drop(bench.send(spans).await);
    }
    let (exporter, _) = {
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(bench.exporter.attempts(), [12], "the rest waits for more");
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(bench.exporter.attempts(), [12, 3], "and goes when its time is up");
        bench.end().await
    };

    assert_eq!(start.elapsed(), 4 * SECOND);
    assert_eq!(exporter.attempts(), [12, 3]);
}

#[tokio::test(start_paused = true)]
async fn joined_batches_are_cut_at_the_largest_size() {
    let settings = json!({"batch": {"min_size": 10, "max_size": 10, "flush_timeout": "3s"}});
    let bench = bench(settings, [], NO_TIME);

    let mut receipts = [bench.send(4).await, bench.send(23).await];
    for receipt in &mut receipts {
        receipt.delivered().await.expect("delivered");
    }

    assert_eq!(bench.exporter.attempts(), [10, 10, 7]);
    tokio::task::yield_now().await;
    assert_eq!(bench.reading("otelcol_exporter_queue_size"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_sink_says_that_its_destination_fails_until_an_attempt_is_answered() {
    for queue in [json!({}), json!({"enabled": false})] {
        let bench = bench(queue, [Deed::FailFor(NO_TIME), Deed::FailFor(NO_TIME), Deed::Reject], SECOND);
        assert!(!bench.sink.is_failing(), "nothing has been tried");

        let (sink, (ack, mut receipt)) = (Arc::clone(&bench.sink), Ack::pair(None));
        let sending = tokio::spawn(async move { sink.send(batch_for(1, 1, ack)).await });
        tokio::time::sleep(SECOND + Duration::from_millis(1)).await;
        assert!(bench.sink.is_failing(), "the first attempt has failed");

        receipt.delivered().await.expect_err("rejected in the end");
        assert!(!bench.sink.is_failing(), "it works, if it does not want this batch");
        sending.await.expect("sent");
        bench.end().await;
    }
}
