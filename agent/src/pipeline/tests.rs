//! Pipelines from receivers to exporters, with components that the tests hold in their hands.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::{Ack, Receipt};
use edgewatch_core::batch::Batch;
use edgewatch_core::budget::Budget;
use edgewatch_core::delivery::Delivery;
use edgewatch_core::exporter::{Delivered, ExportError, Exporter};
use edgewatch_core::factory::{AnyExporter, BuiltExporter, Connector, Prepared};
use edgewatch_core::health::Health;
use edgewatch_core::listeners::Listeners;
use edgewatch_core::processor::{Emitter, ProcessError, Processor};
use edgewatch_core::receiver::{Outlets, ReceiveError, Receiver};
use edgewatch_core::refusal::Refusal;
use edgewatch_core::telemetry::Registry;
use edgewatch_core::testing::{FakeHost, reading};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use super::*;

#[path = "derived_tests.rs"]
mod derived;
#[path = "learned_tests.rs"]
mod learned;
#[path = "reload_tests.rs"]
mod reload;

#[tokio::test(start_paused = true)]
async fn a_batch_goes_through_all_processors_to_every_exporter() {
    let (source, receiver) = source();
    let (a, mut at_a) = destination();
    let (b, mut at_b) = destination();
    let plan = Plan {
        receivers: vec![receiver],
        processors: vec![named("x", || Box::new(Mark(b'x')) as _), named("y", || Box::new(Mark(b'y')) as _)],
        exporters: vec![a.named("a"), b.named("b")],
        pipelines: vec![pipeline("traces", Signal::Traces, &["source"], &["x", "y"], &["a", "b"])],
        ..Plan::default()
    };
    let running = build(&plan, &surroundings()).await.expect("a good plan");

    let mut receipt = source.send(b"1").await;
    assert_eq!(receipt.delivered().await, Ok(()));
    assert_eq!(at_a.recv().await.as_deref(), Some("1xy"));
    assert_eq!(at_b.recv().await.as_deref(), Some("1xy"));

    drop(source);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
}

#[tokio::test(start_paused = true)]
async fn what_a_processor_holds_is_accepted_at_once_and_delivered_when_the_agent_drains() {
    let (source, receiver) = source();
    let (exporter, mut arrived) = destination();
    let plan = Plan {
        receivers: vec![receiver],
        processors: vec![named("hold", || Box::<Hold>::default() as _)],
        exporters: vec![exporter.named("a")],
        pipelines: vec![pipeline("logs", Signal::Traces, &["source"], &["hold"], &["a"])],
        ..Plan::default()
    };
    let running = build(&plan, &surroundings()).await.expect("a good plan");

    let mut receipt = source.send(b"1").await;
    assert_eq!(receipt.accepted().await, Ok(()));
    assert!(arrived.try_recv().is_err());

    drop(source);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
    assert_eq!(receipt.delivered().await, Ok(()));
    assert_eq!(arrived.recv().await.as_deref(), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_a_processor_reaches_the_source() {
    let (source, receiver) = source();
    let (exporter, _arrived) = destination();
    let plan = Plan {
        receivers: vec![receiver],
        processors: vec![named("refuse", || Box::new(Refuse) as _)],
        exporters: vec![exporter.named("a")],
        pipelines: vec![pipeline("traces", Signal::Traces, &["source"], &["refuse"], &["a"])],
        ..Plan::default()
    };
    let running = build(&plan, &surroundings()).await.expect("a good plan");

    let mut receipt = source.send(b"1").await;
    assert_eq!(receipt.accepted().await, Err(Refusal::busy("over budget")));

    drop(source);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
}

#[tokio::test(start_paused = true)]
async fn a_connector_leads_from_one_pipeline_into_another() {
    let (source, receiver) = source();
    let (exporter, mut arrived) = destination();
    let plan = Plan {
        receivers: vec![receiver],
        processors: vec![named("x", || Box::new(Mark(b'x')) as _)],
        exporters: vec![exporter.named("a")],
        connectors: vec![connector("between")],
        pipelines: vec![
            pipeline("traces/1", Signal::Traces, &["source"], &["x"], &["between"]),
            pipeline("traces/2", Signal::Traces, &["between"], &["x"], &["a"]),
        ],
        ..Plan::default()
    };
    let running = build(&plan, &surroundings()).await.expect("a good plan");

    let mut receipt = source.send(b"1").await;
    assert_eq!(receipt.accepted().await, Ok(()));
    assert_eq!(receipt.delivered().await, Ok(()));
    assert_eq!(arrived.recv().await.as_deref(), Some("1x-x"));

    drop(source);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_behind_a_connector_does_not_hold_up_the_source() {
    let (source, receiver) = source();
    let (exporter, mut arrived) = destination();
    let plan = Plan {
        receivers: vec![receiver],
        processors: vec![named("hold", || Box::<Hold>::default() as _)],
        exporters: vec![exporter.named("a")],
        connectors: vec![connector("between")],
        pipelines: vec![
            pipeline("traces/1", Signal::Traces, &["source"], &[], &["between"]),
            pipeline("traces/2", Signal::Traces, &["between"], &["hold"], &["a"]),
        ],
        ..Plan::default()
    };
    let running = build(&plan, &surroundings()).await.expect("a good plan");

    let mut receipt = source.send(b"1").await;
    assert_eq!(receipt.accepted().await, Ok(()));
    assert!(arrived.try_recv().is_err());

    drop(source);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
    assert_eq!(receipt.delivered().await, Ok(()));
}

#[tokio::test]
async fn pipelines_that_feed_each_other_in_a_ring_are_refused() {
    let plan = Plan {
        connectors: vec![connector("c"), connector("d")],
        pipelines: vec![
            pipeline("traces/1", Signal::Traces, &["d"], &[], &["c"]),
            pipeline("traces/2", Signal::Traces, &["c"], &[], &["d"]),
        ],
        ..Plan::default()
    };
    let error = build(&plan, &surroundings()).await.err().expect("a ring");
    assert_eq!(
        error.to_string(),
        "pipelines feed each other in a ring: traces/1 -> c -> traces/2 -> d -> traces/1; take `d` out of the receivers of `traces/1`, or \
         lead it into a pipeline of its own, without `c`"
    );
}

#[tokio::test(start_paused = true)]
async fn a_receiver_in_two_pipelines_is_accepted_when_both_have_taken_the_batch() {
    let (source, receiver) = source();
    let (a, mut at_a) = destination();
    let (b, _at_b) = destination();
    let plan = Plan {
        receivers: vec![receiver],
        processors: vec![named("refuse", || Box::new(Refuse) as _)],
        exporters: vec![a.named("a"), b.named("b")],
        pipelines: vec![
            pipeline("traces/1", Signal::Traces, &["source"], &[], &["a"]),
            pipeline("traces/2", Signal::Traces, &["source"], &["refuse"], &["b"]),
        ],
        ..Plan::default()
    };
    let running = build(&plan, &surroundings()).await.expect("a good plan");

    let mut receipt = source.send(b"1").await;
    assert_eq!(receipt.accepted().await, Err(Refusal::busy("over budget")));
    assert_eq!(at_a.recv().await.as_deref(), Some("1"));

    drop(source);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_never_answers_does_not_outlast_the_deadline() {
    let (source, receiver) = source();
    let plan = Plan {
        receivers: vec![receiver],
        exporters: vec![Named {
            id: "dead".to_owned(),
            prepared: Prepared::from_fn(|_| {
                Ok(BuiltExporter { exporter: Box::new(Dead), delivery: Delivery::local() }.into())
            }),
        }],
        pipelines: vec![pipeline("traces", Signal::Traces, &["source"], &[], &["dead"])],
        ..Plan::default()
    };
    let running = build(&plan, &surroundings()).await.expect("a good plan");
    let mut receipt = source.send(b"1").await;
    assert_eq!(receipt.accepted().await, Ok(()));

    drop(source);
    assert_eq!(running.stop(deadline()).await, Ended::CutShort);
    assert!(receipt.delivered().await.is_err(), "what was dropped is refused");
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_not_refused_while_the_pipeline_goes_on() {
    let (receiver, mut lent) = lender();
    let (exporter, mut arrived) = destination();
    let plan = Plan {
        receivers: vec![receiver],
        exporters: vec![exporter.named("a")],
        pipelines: vec![pipeline("traces", Signal::Traces, &["source"], &[], &["a"])],
        ..Plan::default()
    };
    let running = build(&plan, &surroundings()).await.expect("a good plan");
    let outlets = lent.recv().await.expect("the receiver runs");
    tokio::spawn(async move { while arrived.recv().await.is_some() {} });

    // Requests of many streams that came with one read: all are looked at before the pipeline has its turn.
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..500 {
        let outlet = outlets.get(Signal::Traces).expect("a pipeline").clone();
        requests.spawn(async move {
            outlet.admit()?;
            let (ack, mut receipt) = Ack::pair(None);
            outlet.send(Batch::new(Signal::Traces, Bytes::from_static(b"1"), 1, ack)).await;
            receipt.accepted().await
        });
    }
    let answers = requests.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 0);

    drop(outlets);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_that_cannot_go_on_takes_only_what_fits_into_its_entrance() {
    let (receiver, mut lent) = lender();
    let plan = Plan {
        receivers: vec![receiver],
        exporters: vec![Named {
            id: "dead".to_owned(),
            prepared: Prepared::from_fn(|_| {
                Ok(BuiltExporter { exporter: Box::new(Dead), delivery: Delivery::local() }.into())
            }),
        }],
        pipelines: vec![pipeline("traces", Signal::Traces, &["source"], &[], &["dead"])],
        ..Plan::default()
    };
    let running = build(&plan, &surroundings()).await.expect("a good plan");
    let outlets = lent.recv().await.expect("the receiver runs");
    let outlet = outlets.get(Signal::Traces).expect("a pipeline");

    let mut taken = 0;
    while outlet.admit().is_ok() {
        assert!(taken < 1000, "somebody has to say that it is enough");
        outlet.send(Batch::new(Signal::Traces, Bytes::from_static(b"1"), 1, Ack::none())).await;
        tokio::task::yield_now().await;
        taken += 1;
    }
    assert_eq!(outlet.admit(), Err(Refusal::busy("the pipeline is full; send again later")));

    drop(outlets);
    assert_eq!(running.stop(deadline()).await, Ended::CutShort);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_keeps_nothing_from_the_other_exporters() {
    for pipelines in [
        vec![pipeline("traces", Signal::Traces, &["source"], &[], &["dead", "a"])],
        vec![
            pipeline("traces/1", Signal::Traces, &["source"], &[], &["dead"]),
            pipeline("traces/2", Signal::Traces, &["source"], &[], &["a"]),
        ],
    ] {
        let (receiver, mut lent) = lender();
        let (exporter, mut arrived) = destination();
        let plan = Plan {
            receivers: vec![receiver],
            exporters: vec![dead_with_queue_of(2), exporter.named("a")],
            pipelines,
            ..Plan::default()
        };
        let surroundings = surroundings();
        let running = build(&plan, &surroundings).await.expect("a good plan");
        let outlets = lent.recv().await.expect("the receiver runs");
        let outlet = outlets.get(Signal::Traces).expect("a pipeline");

        for _ in 0..50 {
            assert_eq!(outlet.admit(), Ok(()), "one of the exporters has room");
            let (ack, mut receipt) = Ack::pair(None);
            outlet.send(Batch::new(Signal::Traces, Bytes::from_static(b"1"), 1, ack)).await;
            assert_eq!(receipt.accepted().await, Ok(()));
            assert_eq!(arrived.recv().await.as_deref(), Some("1"));
        }
        let missed = reading(&surroundings.registry, "otelcol_exporter_enqueue_failed_spans", &[]);
        assert_eq!(missed, 48.0, "what the dead exporter went without is counted");

        drop(outlets);
        assert_eq!(running.stop(deadline()).await, Ended::CutShort);
    }
}

#[tokio::test(start_paused = true)]
async fn the_only_exporter_refuses_when_its_queue_is_full() {
    let (receiver, mut lent) = lender();
    let plan = Plan {
        receivers: vec![receiver],
        exporters: vec![dead_with_queue_of(2)],
        pipelines: vec![pipeline("traces", Signal::Traces, &["source"], &[], &["dead"])],
        ..Plan::default()
    };
    let running = build(&plan, &surroundings()).await.expect("a good plan");
    let outlets = lent.recv().await.expect("the receiver runs");
    let outlet = outlets.get(Signal::Traces).expect("a pipeline");

    for _ in 0..2 {
        let (ack, mut receipt) = Ack::pair(None);
        outlet.send(Batch::new(Signal::Traces, Bytes::from_static(b"1"), 1, ack)).await;
        assert_eq!(receipt.accepted().await, Ok(()));
    }
    assert!(outlet.admit().is_err());

    drop(outlets);
    assert_eq!(running.stop(deadline()).await, Ended::CutShort);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_that_fails_is_noticed() {
    let (source, receiver) = source();
    let (exporter, _arrived) = destination();
    let plan = Plan {
        receivers: vec![receiver],
        processors: vec![named("panic", || Box::new(Panic) as _)],
        exporters: vec![exporter.named("a")],
        pipelines: vec![pipeline("traces", Signal::Traces, &["source"], &["panic"], &["a"])],
        ..Plan::default()
    };
    let mut running = build(&plan, &surroundings()).await.expect("a good plan");

    let mut receipt = source.send(b"1").await;
    assert!(receipt.accepted().await.is_err(), "its source may send it again");
    assert_eq!(running.watch().await, Broken);

    drop(source);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
}

// What the tests are made of.

/// Sends what the test says.
struct Source {
    sender: mpsc::Sender<Batch>,
}

impl Source {
    async fn send(&self, data: &'static [u8]) -> Receipt {
        let (ack, receipt) = Ack::pair(None);
        let batch = Batch::new(Signal::Traces, Bytes::from_static(data), 1, ack);
        self.sender.send(batch).await.expect("the receiver runs");
        receipt
    }
}

struct Hands(Arc<Mutex<mpsc::Receiver<Batch>>>);

#[async_trait]
impl Receiver for Hands {
    async fn run(self: Box<Self>, outlets: Outlets, _stop: CancellationToken) -> Result<(), ReceiveError> {
        let mut batches = self.0.lock().await;
        while let Some(batch) = batches.recv().await {
            outlets.get(batch.signal()).expect("a pipeline for it").send(batch).await;
        }
        Ok(())
    }
}

fn source() -> (Source, Named<Box<dyn Receiver>>) {
    let (sender, batches) = mpsc::channel(1);
    let batches = Arc::new(Mutex::new(batches));
    let prepared = Prepared::from_fn(move |_| Ok(Box::new(Hands(Arc::clone(&batches))) as _));
    (Source { sender }, Named { id: "source".to_owned(), prepared })
}

/// A receiver that leaves the sending to the test.
struct Lender(mpsc::Sender<Outlets>);

#[async_trait]
impl Receiver for Lender {
    async fn run(self: Box<Self>, outlets: Outlets, stop: CancellationToken) -> Result<(), ReceiveError> {
        self.0.send(outlets).await.expect("the test waits for them");
        stop.cancelled().await;
        Ok(())
    }
}

fn lender() -> (Named<Box<dyn Receiver>>, mpsc::Receiver<Outlets>) {
    let (sender, lent) = mpsc::channel(1);
    let prepared = Prepared::from_fn(move |_| Ok(Box::new(Lender(sender.clone())) as _));
    (Named { id: "source".to_owned(), prepared }, lent)
}

/// Appends its mark to every segment: not OTLP, but easy to read.
struct Mark(u8);

impl Processor for Mark {
    fn process(&mut self, mut batch: Batch, _now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        let mark = |segment: &Bytes| [segment, &[self.0][..]].concat().into();
        let marked = batch.segments().iter().map(mark).collect();
        let items = batch.items();
        batch.replace(marked, items);
        out.emit(batch);
        Ok(())
    }
}

/// Keeps everything until the end.
#[derive(Default)]
struct Hold(Vec<Batch>);

impl Processor for Hold {
    fn process(&mut self, batch: Batch, _now: Instant, _out: &mut Emitter) -> Result<(), ProcessError> {
        self.0.push(batch);
        Ok(())
    }

    fn drain(&mut self, out: &mut Emitter) {
        self.0.drain(..).for_each(|batch| out.emit(batch));
    }
}

struct Refuse;

impl Processor for Refuse {
    fn process(&mut self, batch: Batch, _now: Instant, _out: &mut Emitter) -> Result<(), ProcessError> {
        Err(ProcessError::new(batch, Refusal::busy("over budget")))
    }
}

struct Panic;

impl Processor for Panic {
    fn process(&mut self, _batch: Batch, _now: Instant, _out: &mut Emitter) -> Result<(), ProcessError> {
        panic!("a mistake");
    }
}

/// Passes on what it is given as text.
#[derive(Clone)]
struct Destination(mpsc::Sender<String>);

#[async_trait]
impl Exporter for Destination {
    async fn export(&self, batch: &Batch) -> Result<Delivered, ExportError> {
        let text = String::from_utf8(batch.segments().concat()).expect("text");
        self.0.send(text).await.expect("the test looks");
        Ok(Delivered::default())
    }
}

impl Destination {
    fn named(&self, id: &str) -> Named<AnyExporter> {
        let exporter = self.clone();
        let prepared = Prepared::from_fn(move |_| {
            Ok(BuiltExporter { exporter: Box::new(exporter.clone()), delivery: Delivery::local() }.into())
        });
        Named { id: id.to_owned(), prepared }
    }
}

fn destination() -> (Destination, mpsc::Receiver<String>) {
    let (sender, arrived) = mpsc::channel(8);
    (Destination(sender), arrived)
}

struct Dead;

/// Refuses new batches when `size` of them wait.
fn dead_with_queue_of(size: usize) -> Named<AnyExporter> {
    let prepared = Prepared::from_fn(move |_| {
        let mut delivery = Delivery::local();
        delivery.queue.queue_size = size.try_into().ok();
        delivery.queue.block_on_overflow = false;
        Ok(BuiltExporter { exporter: Box::new(Dead), delivery }.into())
    });
    Named { id: "dead".to_owned(), prepared }
}

#[async_trait]
impl Exporter for Dead {
    async fn export(&self, _batch: &Batch) -> Result<Delivered, ExportError> {
        std::future::pending().await
    }
}

fn named(id: &str, make: fn() -> Box<dyn Processor>) -> Named<Box<dyn Processor>> {
    Named { id: id.to_owned(), prepared: Prepared::from_fn(move |_| Ok(make())) }
}

/// A connector that leaves its mark.
fn connector(id: &str) -> Named<Connector> {
    Named {
        id: id.to_owned(),
        prepared: Prepared::from_fn(|_| Ok(Connector::Processor(Box::new(Mark(b'-'))))),
    }
}

fn pipeline(id: &str, signal: Signal, from: &[&str], through: &[&str], to: &[&str]) -> PipelinePlan {
    let list = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect();
    PipelinePlan {
        id: id.to_owned(),
        signal,
        receivers: list(from),
        processors: list(through),
        exporters: list(to),
    }
}

fn surroundings() -> Surroundings {
    Surroundings {
        registry: Registry::default(),
        budget: Budget::unlimited(),
        health: Health::starting(Instant::now()),
        host: Arc::new(FakeHost::default()),
        state_directory: None,
        learned: Home::default(),
        listeners: Listeners::default(),
    }
}

fn deadline() -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_secs(5)
}
