//! The ends of pipelines: into a queue, or straight to the destination.

use std::sync::Arc;

use async_trait::async_trait;
use edgewatch_core::batch::Batch;
use edgewatch_core::delivery::Overflow;
use edgewatch_core::exporter::Sink;
use edgewatch_core::refusal::Refusal;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::warn;

use super::condition::Condition;
use super::deliver::Deliverer;
use super::store::{Offer, Store};
use super::telemetry::QueueTelemetry;

/// Puts batches into the queue. When the last of the pipelines lets go of it, the queue is closed.
pub(super) struct QueueSink {
    /// The exporter's id.
    pub(super) exporter: String,
    pub(super) store: Arc<Store>,
    pub(super) overflow: Overflow,
    pub(super) wait_for_result: bool,
    pub(super) condition: Condition,
    /// Says that no time is left.
    pub(super) stop: CancellationToken,
    pub(super) telemetry: QueueTelemetry,
}

/// Hands batches over without a queue: the pipeline waits until the fate of each is known.
pub(super) struct DirectSink {
    pub(super) deliverer: Arc<Deliverer>,
    /// Tells that the pipelines have let go of the sink.
    pub(super) _gone: DropGuard,
}

#[async_trait]
impl Sink for QueueSink {
    fn admit(&self) -> Result<(), Refusal> {
        if self.stop.is_cancelled() {
            return Err(stopping());
        }
        if self.overflow == Overflow::Refuse && self.store.is_full() {
            return Err(full());
        }
        Ok(())
    }

    async fn send(&self, mut batch: Batch) {
        if self.stop.is_cancelled() {
            self.store.close();
        }
        let promised = batch.ack().is_accepted();
        // The room that is kept for what was promised; where old data may be dropped, the last resort.
        let mut spare = promised && self.overflow != Overflow::DropOldest;
        loop {
            let room = self.store.room();
            tokio::pin!(room);
            room.as_mut().enable();
            batch = match self.store.offer(batch, spare) {
                Offer::Taken => return,
                Offer::Closed(batch) => {
                    return self.lose(batch, &stopping());
                }
                Offer::Full(batch) => batch,
            };
            match self.overflow {
                Overflow::Block => room.await,
                // What cannot be refused any more waits: the pipeline then stops taking more, and so do its
                // receivers.
                Overflow::Refuse if promised => room.await,
                Overflow::Refuse => return self.lose(batch, &full()),
                Overflow::DropOldest => match self.store.drop_oldest(&batch) {
                    Some(oldest) => self.lose(oldest, &dropped()),
                    None if promised && !spare => spare = true,
                    None => return self.lose(batch, &full()),
                },
            }
        }
    }

    fn forgo(&self, items: usize) {
        self.telemetry.enqueue_failed(items);
        warn!(
            exporter = self.exporter,
            items, "the sending queue is full, items dropped; the other exporters take them"
        );
    }

    fn answers_sources(&self) -> bool {
        self.wait_for_result
    }

    fn is_failing(&self) -> bool {
        self.condition.is_failing()
    }
}

impl QueueSink {
    fn lose(&self, batch: Batch, refusal: &Refusal) {
        self.telemetry.enqueue_failed(batch.items());
        batch.refuse(refusal);
    }
}

impl Drop for QueueSink {
    fn drop(&mut self) {
        self.store.close();
    }
}

#[async_trait]
impl Sink for DirectSink {
    fn admit(&self) -> Result<(), Refusal> {
        if self.deliverer.is_stopped() { Err(stopping()) } else { Ok(()) }
    }

    async fn send(&self, batch: Batch) {
        let _fate = self.deliverer.deliver(batch).await;
    }

    fn forgo(&self, items: usize) {
        self.deliverer.forgo(items);
    }

    fn answers_sources(&self) -> bool {
        true
    }

    fn is_failing(&self) -> bool {
        self.deliverer.condition().is_failing()
    }
}

pub(super) fn full() -> Refusal {
    Refusal::busy("the sending queue is full; send again later")
}

pub(super) fn stopping() -> Refusal {
    Refusal::unavailable("the agent is stopping")
}

fn dropped() -> Refusal {
    Refusal::busy("the sending queue is full, the oldest data made room for newer")
}
