//! The consumer of a stored queue: as many deliveries at a time as the configuration allows, in one task.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::delivery::QueueSettings;
use edgewatch_core::storage::{Consumer, Stored, Usage};
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::records::Records;
use super::stock::{LOOK_AGAIN, Stock};
use crate::queue::deliver::{Deliverer, Fate};
use crate::queue::drive::at;
use crate::queue::join::{Found, Held, Joiner, Joining, Next};

/// Time that a destination has to take something when the lane is to end. What it does not take stays on disk.
const PATIENCE: Duration = Duration::from_secs(5);

/// The work for one signal.
pub(in crate::queue) struct StoredLane {
    stock: Arc<Stock>,
    signal: Signal,
    joiner: Joiner<Records>,
    /// Deliveries at a time.
    consumers: usize,
    tokens: Tokens,
}

/// What is said to and within a lane.
pub(in crate::queue) struct Tokens {
    /// Pipelines: the last has let go of its sink.
    pub(in crate::queue) gone: CancellationToken,
    /// To the deliverer: what fails now is left on disk.
    pub(in crate::queue) leave: CancellationToken,
    /// To the deliverer: no time is left. Fires with the agent's own.
    pub(in crate::queue) cut: CancellationToken,
}

impl Tokens {
    pub(in crate::queue) fn new(stop: &CancellationToken) -> Self {
        Self { gone: CancellationToken::new(), leave: CancellationToken::new(), cut: stop.child_token() }
    }
}

/// How far a lane is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// Takes and sends.
    Open,
    /// Nothing will be appended: sends what there is, while that goes well.
    Closing,
    /// Takes nothing more: finishes what is under way.
    Ending,
}

/// Who has what is left at the end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Heir {
    /// Nobody, until the exporter runs again.
    Disk,
    /// Another lane, which waits for it.
    Lane,
}

impl StoredLane {
    pub(in crate::queue) fn new(
        stock: Arc<Stock>,
        signal: Signal,
        joining: Joining,
        settings: &QueueSettings,
        tokens: Tokens,
    ) -> Self {
        let joiner = Joiner::new(joining);
        Self { stock, signal, joiner, consumers: settings.num_consumers.get(), tokens }
    }

    /// Sends what is in the queue until there will be no more, or the rest is better left for later.
    pub(in crate::queue) async fn run(self, deliverer: &Deliverer) {
        let consumer = tokio::select! {
            consumer = Arc::clone(&self.stock.queue).consumer() => consumer,
            () = self.tokens.cut.cancelled() => return,
        };
        // What the consumer before has settled, nobody has told our senders.
        self.stock.settled();
        let stock = Arc::clone(&self.stock);
        self.consume(consumer.as_ref(), deliverer).await;
        // Its destination may have been found dead before it had a look at who waits.
        let heir = heir(consumer.as_ref());
        drop(consumer);
        let Usage { records, items, bytes } = stock.usage();
        let exporter = deliverer.id.as_str();
        match (records, heir) {
            (0, _) => {}
            (_, Heir::Lane) => info!(exporter, items, bytes, "the queue on disk is handed over"),
            (_, Heir::Disk) => {
                info!(
                    exporter,
                    items,
                    bytes,
                    "items stay in the queue on disk; they are sent when this exporter runs again"
                );
            }
        }
    }

    async fn consume(self, consumer: &dyn Consumer, deliverer: &Deliverer) {
        let Self { stock, signal, mut joiner, consumers, tokens: Tokens { gone, leave, cut } } = self;
        let mut inbox = VecDeque::new();
        // Records that are not settled: in the inbox, being joined, being delivered.
        let mut taken = 0;
        let mut deliveries = FuturesUnordered::new();
        let mut phase = Phase::Open;
        let mut deadline = None;
        loop {
            let mut due = None;
            let mut hungry = false;
            while phase != Phase::Ending && deliveries.len() < consumers {
                let take = || match inbox.pop_front() {
                    Some(held) => Found::Batch(held),
                    None if phase == Phase::Closing && stock.usage().records <= taken => Found::End,
                    None => Found::Nothing,
                };
                match joiner.next(take, Instant::now()) {
                    Next::Ready(held) => deliveries.push(deliver(&stock, consumer, deliverer, held)),
                    Next::Wait(at) => {
                        (due, hungry) = (at, true);
                        break;
                    }
                    Next::End => break,
                }
            }
            if phase != Phase::Open && !hungry && deliveries.is_empty() {
                return;
            }
            tokio::select! {
                Some((fate, settled)) = deliveries.next(), if !deliveries.is_empty() => {
                    taken -= settled;
                    match fate {
                        Fate::Left => phase = Phase::Ending,
                        Fate::Sealed => deadline = deadline.map(|_| Instant::now() + PATIENCE),
                    }
                }
                stored = consumer.next(), if hungry => {
                    taken += 1;
                    inbox.push_back(held(signal, stored));
                }
                () = at(due), if due.is_some() => {}
                () = cut.cancelled(), if phase != Phase::Ending => phase = Phase::Ending,
                () = consumer.succeeded(), if phase != Phase::Ending => {
                    phase = Phase::Ending;
                    leave.cancel();
                    deadline = Some(Instant::now() + PATIENCE);
                }
                () = gone.cancelled(), if phase == Phase::Open => {
                    phase = Phase::Closing;
                    leave.cancel();
                    deadline = Some(Instant::now() + PATIENCE);
                }
                () = at(deadline), if deadline.is_some() => {
                    deadline = None;
                    // A destination that is merely slow may have what is under way already; nothing presses an heir.
                    if heir(consumer) == Heir::Disk || deliverer.condition().is_failing() {
                        cut.cancel();
                    }
                }
                // What the storage could not write or read is not handed out: the queue may be empty without a word.
                () = sleep(LOOK_AGAIN), if phase == Phase::Closing => {}
            }
        }
    }
}

/// Who gets what the present lane leaves, as things are.
fn heir(consumer: &dyn Consumer) -> Heir {
    consumer.succeeded().now_or_never().map_or(Heir::Disk, |()| Heir::Lane)
}

/// A record as a batch. Nobody waits for it: the storage has answered its sources.
fn held(signal: Signal, stored: Stored) -> Held<Records> {
    let Stored { id, segments, items } = stored;
    let batch = Batch::of_segments(signal, segments, items, Ack::none());
    Held { batch, charge: Records::whole(id, items) }
}

/// Delivers a batch and settles the records that have met their fate with it. Returns how many.
async fn deliver(
    stock: &Stock,
    consumer: &dyn Consumer,
    deliverer: &Deliverer,
    held: Held<Records>,
) -> (Fate, usize) {
    let Held { batch, charge } = held;
    let fate = deliverer.deliver(batch).await;
    let settled = match fate {
        Fate::Sealed => charge.seal(),
        Fate::Left => {
            charge.leave();
            Vec::new()
        }
    };
    join_all(settled.iter().map(|record| consumer.settle(*record))).await;
    if !settled.is_empty() {
        stock.settled();
    }
    (fate, settled.len())
}
