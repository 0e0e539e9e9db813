//! Puts queue, batching and retries around an exporter.

use std::sync::Arc;
use std::time::Duration;

use edgewatch_core::Signal;
use edgewatch_core::config::ConfigError;
use edgewatch_core::delivery::Delivery;
use edgewatch_core::exporter::{Exporter, Sink};
use edgewatch_core::factory::{BuildContext, BuiltExporter};
use edgewatch_core::storage::Storage;
use edgewatch_core::telemetry::Telemetry;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::dead_letter::DeadLetters;
use super::deliver::Deliverer;
use super::drive::drive;
use super::join::{Joiner, Joining};
use super::sink::{DirectSink, QueueSink};
use super::store::{Room, Store};
use super::stored::{Stock, StoredLane, StoredSink, Tokens};
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
    dead_letters: Option<Arc<DeadLetters>>,
}

/// The work for one signal.
struct Lane {
    deliverer: Arc<Deliverer>,
    work: Work,
}

enum Work {
    /// Batches go through a queue.
    Queued { store: Arc<Store>, joiner: Joiner<Room>, consumers: usize },
    /// Batches go through a storage.
    Stored(StoredLane),
    /// Pipelines deliver themselves; all there is to do is to wait until they are gone.
    Direct { gone: CancellationToken },
}

/// Where queues that survive the process are kept, and the key that names it.
const STORAGE: &str = "sending_queue.storage";

/// Starts serving `built`, the exporter that `context` was made for, for `signals`.
///
/// The queue ends with the data: when the last pipeline has dropped its sink, what waits is sent, and [`Delivering::run`] returns. `stop`
/// says that no time is left for that: it ends attempts and waits, and what remains is refused and counted, or stays on disk.
///
/// A queue in a storage has one consumer at a time. When [`Delivering::run`] starts, the one before finishes what it has under way and
/// goes: run it when it is certain that it is to take over.
///
/// # Errors
///
/// When the queue is to be kept in a storage that is not there, or that cannot open it.
pub fn start(
    built: BuiltExporter,
    signals: &[Signal],
    context: &BuildContext,
    stop: &CancellationToken,
) -> Result<(Sinks, Delivering), ConfigError> {
    let storage = match built.delivery.queue.storage() {
        Some(id) => Some(context.offered.storage(STORAGE, id)?),
        None => None,
    };
    let around = Around { id: &context.id, telemetry: &context.telemetry, storage, stop };
    start_seeded(built, signals, &around, fastrand::u64(..))
}

/// What stands around an exporter.
pub(super) struct Around<'a> {
    pub(super) id: &'a str,
    /// Carries the exporter's label already.
    pub(super) telemetry: &'a Telemetry,
    pub(super) storage: Option<Arc<dyn Storage>>,
    pub(super) stop: &'a CancellationToken,
}

/// [`start`] with the seed of the waits between attempts.
pub(super) fn start_seeded(
    built: BuiltExporter,
    signals: &[Signal],
    around: &Around<'_>,
    seed: u64,
) -> Result<(Sinks, Delivering), ConfigError> {
    let BuiltExporter { exporter, delivery } = built;
    let exporter: Arc<dyn Exporter> = exporter.into();
    let dead_letters = match &delivery.queue.dead_letter {
        Some(settings) => Some(Arc::new(DeadLetters::new(settings, around.id, around.telemetry)?)),
        None => None,
    };
    let mut random = fastrand::Rng::with_seed(seed);
    let mut sinks = Sinks::default();
    let mut lanes = Vec::with_capacity(signals.len());
    for &signal in signals {
        let deliver = |stop: &CancellationToken| {
            Deliverer::new(
                Arc::clone(&exporter),
                around.id,
                &delivery,
                DeliveryTelemetry::new(around.telemetry, signal),
                stop.clone(),
                random.fork(),
            )
            .keeping(dead_letters.clone())
        };
        let (sink, lane) = lane(&delivery, deliver, around, signal)?;
        sinks.set(signal, sink);
        lanes.push(lane);
    }
    Ok((sinks, Delivering { exporter, id: around.id.to_owned(), lanes, dead_letters }))
}

fn lane(
    delivery: &Delivery,
    deliver: impl FnOnce(&CancellationToken) -> Deliverer,
    around: &Around<'_>,
    signal: Signal,
) -> Result<(Arc<dyn Sink>, Lane), ConfigError> {
    let queue = &delivery.queue;
    if !queue.enabled {
        let (gone, deliverer) = (CancellationToken::new(), Arc::new(deliver(around.stop)));
        let sink = DirectSink { deliverer: Arc::clone(&deliverer), _gone: gone.clone().drop_guard() };
        return Ok((Arc::new(sink), Lane { deliverer, work: Work::Direct { gone } }));
    }
    if let Some(storage) = &around.storage {
        return stored_lane(delivery, deliver, around, storage.as_ref(), signal);
    }
    let deliverer = Arc::new(deliver(around.stop));
    let store = Arc::new(Store::new(queue));
    let sink = QueueSink {
        exporter: around.id.to_owned(),
        store: Arc::clone(&store),
        overflow: queue.overflow(),
        wait_for_result: queue.wait_for_result,
        condition: deliverer.condition().clone(),
        stop: around.stop.clone(),
        telemetry: QueueTelemetry::new(around.telemetry, signal, &store),
    };
    let joiner = Joiner::new(Joining::new(queue.batch.clone()));
    let work = Work::Queued { store, joiner, consumers: queue.num_consumers.get() };
    Ok((Arc::new(sink), Lane { deliverer, work }))
}

fn stored_lane(
    delivery: &Delivery,
    deliver: impl FnOnce(&CancellationToken) -> Deliverer,
    around: &Around<'_>,
    storage: &dyn Storage,
    signal: Signal,
) -> Result<(Arc<dyn Sink>, Lane), ConfigError> {
    let queue = &delivery.queue;
    let stored = storage.queue(around.id, signal, around.telemetry);
    let stored = stored.map_err(|error| ConfigError::new(STORAGE, error.to_string()))?;
    let stock = Arc::new(Stock::new(stored, queue));
    let joining = Joining::new(queue.batch.clone());
    let tokens = Tokens::new(around.stop);
    let deliverer = Arc::new(deliver(&tokens.cut).leaving(tokens.leave.clone()));
    let sink = StoredSink {
        exporter: around.id.to_owned(),
        stock: Arc::clone(&stock),
        overflow: queue.overflow(),
        joining: queue.batch.is_none().then(|| joining.clone()),
        condition: deliverer.condition().clone(),
        stop: around.stop.clone(),
        telemetry: QueueTelemetry::new(around.telemetry, signal, &stock),
        _gone: tokens.gone.clone().drop_guard(),
    };
    let work = Work::Stored(StoredLane::new(stock, signal, joining, queue, tokens));
    Ok((Arc::new(sink), Lane { deliverer, work }))
}

impl Delivering {
    /// Sends until every sink is gone and every queue is empty, then closes the exporter.
    pub async fn run(self) {
        let lanes: FuturesUnordered<_> = self.lanes.into_iter().map(Lane::run).collect();
        let lanes = lanes.fold(0, async |sum, items| sum + items);
        let abandoned = match &self.dead_letters {
            None => lanes.await,
            Some(dead_letters) => {
                let abandoned = tokio::select! {
                    abandoned = lanes => abandoned,
                    never = dead_letters.tend() => match never {},
                };
                dead_letters.close().await;
                abandoned
            }
        };
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
            Work::Stored(lane) => lane.run(&self.deliverer).await,
            Work::Direct { gone } => gone.cancelled().await,
        }
        self.deliverer.abandoned()
    }
}
