//! A failover between pipelines that end in the tests' hands.

mod choosing;
mod laws;
mod settings;
mod stories;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::{Ack, Receipt};
use edgewatch_core::batch::Batch;
use edgewatch_core::exporter::Sink;
use edgewatch_core::receiver::{Inlet, Outlet};
use edgewatch_core::refusal::Refusal;
use edgewatch_core::router::{Pipelines, Routed, Router, RouterSpec};
use edgewatch_core::telemetry::Registry;
use edgewatch_core::testing;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Failover;
use super::config::Config;

const INTERVAL: Duration = Duration::from_secs(60);

/// What a pipeline says of itself.
#[derive(Default)]
struct Gate {
    full: AtomicBool,
    failing: AtomicBool,
    answers: bool,
    forgone: AtomicUsize,
}

#[async_trait]
impl Sink for Gate {
    fn admit(&self) -> Result<(), Refusal> {
        if self.full.load(Ordering::Relaxed) { Err(Refusal::busy("full")) } else { Ok(()) }
    }

    async fn send(&self, _batch: Batch) {
        unreachable!("the test takes the batches from the entrance")
    }

    fn forgo(&self, items: usize) {
        self.forgone.fetch_add(items, Ordering::Relaxed);
    }

    fn answers_sources(&self) -> bool {
        self.answers
    }

    fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }
}

/// A pipeline behind the connector, seen from its inside.
struct Behind {
    batches: mpsc::Receiver<Batch>,
    gate: Arc<Gate>,
}

impl Behind {
    fn full(&self, full: bool) {
        self.gate.full.store(full, Ordering::Relaxed);
    }

    fn failing(&self, failing: bool) {
        self.gate.failing.store(failing, Ordering::Relaxed);
    }

    async fn next(&mut self) -> Batch {
        tokio::time::timeout(INTERVAL / 2, self.batches.recv()).await.expect("in time").expect("a batch")
    }

    /// Delivers the next batch; returns what was in it.
    async fn deliver_next(&mut self) -> String {
        let batch = self.next().await;
        let text = text(&batch);
        batch.deliver();
        text
    }

    fn is_idle(&mut self) -> bool {
        matches!(self.batches.try_recv(), Err(mpsc::error::TryRecvError::Empty))
    }
}

/// The failover between them.
struct Bench {
    sink: Arc<dyn Sink>,
    registry: Registry,
    running: JoinHandle<()>,
}

impl Bench {
    /// Sends a batch that some source waits for.
    async fn send(&self, data: &'static [u8]) -> Receipt {
        let (ack, receipt) = Ack::pair(None);
        self.sink.send(Batch::new(Signal::Traces, Bytes::from_static(data), 1, ack)).await;
        receipt
    }

    /// Sends a batch whose source has been told that it is accepted.
    async fn send_promised(&self, data: &'static [u8]) -> Receipt {
        let (mut ack, receipt) = Ack::pair(None);
        ack.accepted();
        self.sink.send(Batch::new(Signal::Traces, Bytes::from_static(data), 1, ack)).await;
        receipt
    }

    fn reading(&self, name: &str) -> f64 {
        testing::reading(&self.registry, name, &[])
    }
}

/// A failover between `count` levels of one pipeline each, whose entrances hold `room` batches.
fn bench<const N: usize>(room: usize) -> (Bench, [Behind; N]) {
    bench_of(room, [false; N])
}

/// The same; `answers` says which pipelines tell sources themselves when their batches are accepted.
fn bench_of<const N: usize>(room: usize, answers: [bool; N]) -> (Bench, [Behind; N]) {
    let levels: Vec<Vec<String>> = (0..N).map(|level| vec![format!("traces/{level}")]).collect();
    let config = Config { priority_levels: levels, retry_interval: INTERVAL.into(), ..Config::default() };
    let mut pipelines = Pipelines::new();
    let mut level = 0;
    let behind = answers.map(|answers| {
        let (behind, outlet) = behind(room, answers);
        pipelines.insert(format!("traces/{level}"), outlet);
        level += 1;
        behind
    });
    (connect(config, pipelines), behind)
}

fn behind(room: usize, answers: bool) -> (Behind, Outlet) {
    let (sender, batches) = mpsc::channel(room);
    let gate = Arc::new(Gate { answers, ..Gate::default() });
    let sinks: Arc<[Arc<dyn Sink>]> = Arc::new([Arc::clone(&gate) as Arc<dyn Sink>]);
    (Behind { batches, gate }, Outlet::new(vec![Inlet::new(sender, sinks)]))
}

fn connect(config: Config, pipelines: Pipelines) -> Bench {
    let (context, registry) = testing::context("failover");
    let failover = Failover::build(config, &context).expect("builds");
    let Routed { sink, work } = Box::new(failover).connect(pipelines);
    Bench { sink, registry, running: tokio::spawn(work) }
}

fn text(batch: &Batch) -> String {
    String::from_utf8(batch.segments().concat()).expect("text")
}
