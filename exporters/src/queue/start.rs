//! Puts queue, batching and retries around an exporter.

use std::sync::Arc;
use std::time::Duration;

use edgewatch_core::Signal;
use edgewatch_core::delivery::Delivery;
use edgewatch_core::exporter::{Exporter, Sink};
use edgewatch_core::factory::BuiltExporter;
use edgewatch_core::telemetry::Telemetry;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::deliver::Deliverer;
use super::drive::drive;
use super::join::Joiner;
use super::sink::{DirectSink, QueueSink};
use super::store::Store;
use super::telemetry::{DeliveryTelemetry, QueueTelemetry};

/// Longest time that an exporter may take to close.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// The ends of the pipelines that lead into one exporter.
#[derive(Clone, Default)]
pub struct Sinks {
    traces: Option<Arc<dyn Sink>>,
    metrics: Option<Arc<dyn Sink>>,
    logs: Option<Arc<dyn Sink>>,
}

impl Sinks {
    /// The end of the pipelines of `signal`, when the exporter was started for it.
    #[must_use]
    pub fn get(&self, signal: Signal) -> Option<Arc<dyn Sink>> {
        match signal {
            Signal::Traces => self.traces.clone(),
            Signal::Metrics => self.metrics.clone(),
            Signal::Logs => self.logs.clone(),
        }
    }

    pub(crate) fn set(&mut self, signal: Signal, sink: Arc<dyn Sink>) {
        match signal {
            Signal::Traces => self.traces = Some(sink),
            Signal::Metrics => self.metrics = Some(sink),
            Signal::Logs => self.logs = Some(sink),
        }
    }
}

/// The work behind the [`Sinks`] of one exporter.
#[must_use = "nothing is sent unless it runs"]
pub struct Delivering {
    exporter: Arc<dyn Exporter>,
    id: String,
    lanes: Vec<Lane>,
}

/// The work for one signal.
struct Lane {
    deliverer: Arc<Deliverer>,
    work: Work,
}

enum Work {
    /// Batches go through a queue.
    Queued { store: Arc<Store>, joiner: Joiner, consumers: usize },
    /// Pipelines deliver themselves; all there is to do is to wait until they are gone.
    Direct { gone: CancellationToken },
}

/// Starts serving `built`, the exporter `id`, for `signals`. `telemetry` carries the exporter's label
/// already.
///
/// The queue ends with the data: when the last pipeline has dropped its sink, what waits is sent, and
/// [`Delivering::run`] returns. `stop` says that no time is left for that: it ends attempts and waits, and
/// what remains is refused and counted.
pub fn start(
    built: BuiltExporter,
    id: &str,
    signals: &[Signal],
    telemetry: &Telemetry,
    stop: &CancellationToken,
) -> (Sinks, Delivering) {
    start_seeded(built, id, signals, telemetry, stop, fastrand::u64(..))
}

/// [`start`] with the seed of the waits between attempts.
pub(super) fn start_seeded(
    built: BuiltExporter,
    id: &str,
    signals: &[Signal],
    telemetry: &Telemetry,
    stop: &CancellationToken,
    seed: u64,
) -> (Sinks, Delivering) {
    let BuiltExporter { exporter, delivery } = built;
    let exporter: Arc<dyn Exporter> = exporter.into();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut sinks = Sinks::default();
    let mut lanes = Vec::with_capacity(signals.len());
    for &signal in signals {
        let deliverer = Arc::new(Deliverer::new(
            Arc::clone(&exporter),
            id,
            &delivery,
            DeliveryTelemetry::new(telemetry, signal),
            stop.clone(),
            random.fork(),
        ));
        let (sink, work) = lane(&delivery, &deliverer, telemetry, signal);
        sinks.set(signal, sink);
        lanes.push(Lane { deliverer, work });
    }
    (sinks, Delivering { exporter, id: id.to_owned(), lanes })
}

fn lane(
    delivery: &Delivery,
    deliverer: &Arc<Deliverer>,
    telemetry: &Telemetry,
    signal: Signal,
) -> (Arc<dyn Sink>, Work) {
    let queue = &delivery.queue;
    if !queue.enabled {
        let gone = CancellationToken::new();
        let sink = DirectSink { deliverer: Arc::clone(deliverer), _gone: gone.clone().drop_guard() };
        return (Arc::new(sink), Work::Direct { gone });
    }
    let store = Arc::new(Store::new(queue));
    let sink = QueueSink {
        exporter: deliverer.id.clone(),
        store: Arc::clone(&store),
        block_on_overflow: queue.block_on_overflow,
        wait_for_result: queue.wait_for_result,
        condition: deliverer.condition().clone(),
        stop: deliverer.stop().clone(),
        telemetry: QueueTelemetry::new(telemetry, signal, &store),
    };
    let joiner = Joiner::new(queue.batch.clone());
    (Arc::new(sink), Work::Queued { store, joiner, consumers: queue.num_consumers.get() })
}

impl Delivering {
    /// Sends until every sink is gone and every queue is empty, then closes the exporter.
    pub async fn run(self) {
        let mut lanes: FuturesUnordered<_> = self.lanes.into_iter().map(Lane::run).collect();
        let mut abandoned = 0;
        while let Some(items) = lanes.next().await {
            abandoned += items;
        }
        if abandoned > 0 {
            warn!(exporter = self.id, items = abandoned, "no time left to deliver, items dropped");
        }
        if tokio::time::timeout(CLOSE_WITHIN, self.exporter.close()).await.is_err() {
            warn!(exporter = self.id, "exporter did not close in time");
        }
    }
}

impl Lane {
    /// Works until nothing will come any more; returns the items that were given up for lack of time.
    async fn run(self) -> usize {
        match self.work {
            Work::Queued { store, joiner, consumers } => {
                drive(store, joiner, Arc::clone(&self.deliverer), consumers).await;
            }
            Work::Direct { gone } => gone.cancelled().await,
        }
        self.deliverer.abandoned()
    }
}
