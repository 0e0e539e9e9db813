//! The end of pipelines that leads into a stored queue.

use std::sync::Arc;

use async_trait::async_trait;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::delivery::{Overflow, QueueBatchSettings};
use edgewatch_core::exporter::Sink;
use edgewatch_core::refusal::{Refusal, RefusalKind};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::warn;

use super::stock::{Offer, Stock};
use crate::queue::condition::Condition;
use crate::queue::join::Joining;
use crate::queue::sink::stopping;
use crate::queue::telemetry::QueueTelemetry;

/// Puts batches into the storage, which answers their sources.
pub(in crate::queue) struct StoredSink {
    /// The exporter's id.
    pub(in crate::queue) exporter: String,
    pub(in crate::queue) stock: Arc<Stock>,
    pub(in crate::queue) overflow: Overflow,
    /// How what waits is joined, unless the exporter's own configuration says that.
    pub(in crate::queue) joining: Option<Joining>,
    pub(in crate::queue) condition: Condition,
    /// Says that no time is left.
    pub(in crate::queue) stop: CancellationToken,
    pub(in crate::queue) telemetry: QueueTelemetry,
    /// Tells that the pipelines have let go of the sink.
    pub(in crate::queue) _gone: DropGuard,
}

#[async_trait]
impl Sink for StoredSink {
    fn admit(&self) -> Result<(), Refusal> {
        if self.stop.is_cancelled() {
            return Err(stopping());
        }
        match self.overflow {
            Overflow::Refuse => self.stock.admit(),
            Overflow::Block | Overflow::DropOldest => Ok(()),
        }
    }

    /// What cannot be refused any more waits for room, unless the user would rather lose data: then, and when no time is left, it is
    /// counted and dropped. The disk is a safer place than the pipeline, so what it takes is taken to the end.
    async fn send(&self, batch: Batch) {
        if batch.ack().is_accepted() {
            self.send_promised(batch).await
        } else {
            self.place(batch, false).await
        }
    }

    fn forgo(&self, items: usize) {
        self.telemetry.enqueue_failed(items);
        warn!(
            exporter = self.exporter,
            items, "the queue on disk is full, items dropped; the other exporters take them"
        );
    }

    fn answers_sources(&self) -> bool {
        true
    }

    fn is_failing(&self) -> bool {
        self.condition.is_failing()
    }

    fn join_behind(&self, settings: Option<&QueueBatchSettings>) -> bool {
        if let Some(joining) = &self.joining
            && joining.with(|present| present.as_ref() != settings)
        {
            joining.set(settings.cloned());
        }
        true
    }
}

impl StoredSink {
    /// Sees `batch` through to the disk: the storage may find only when it writes that it has no room.
    async fn send_promised(&self, batch: Batch) {
        let (signal, items) = (batch.signal(), batch.items());
        let (segments, ack) = batch.into_parts();
        loop {
            let (own, mut receipt) = Ack::pair(None);
            self.place(Batch::of_segments(signal, segments.clone(), items, own), true).await;
            let refusal = match receipt.delivered().await {
                Ok(()) => return ack.delivered(),
                Err(refusal) => refusal,
            };
            let passes = !matches!(refusal.kind, RefusalKind::Permanent);
            if !passes || self.overflow == Overflow::DropOldest || self.stop.is_cancelled() {
                self.telemetry.enqueue_failed(items);
                return ack.refused(&refusal);
            }
            self.stock.room().await;
        }
    }

    /// Appends `batch` when there is room, or refuses it. One that is `promised` to its senders is counted by whoever promised it.
    async fn place(&self, mut batch: Batch, promised: bool) {
        // The room that is kept for what was promised; where old data may be dropped, the last resort.
        let mut spare = promised && self.overflow != Overflow::DropOldest;
        let mut dropped = 0;
        loop {
            let settlement = self.stock.settlement();
            tokio::pin!(settlement);
            settlement.as_mut().enable();
            let Offer::Full(missing) = self.stock.offer(batch, spare) else { return };
            match self.overflow {
                Overflow::Block => {}
                Overflow::Refuse if promised => {}
                Overflow::Refuse => return self.refuse(missing.batch, &missing.refusal, promised),
                Overflow::DropOldest => {
                    match self.stock.drop_oldest(&missing, &mut dropped).await {
                        Some(items) => self.telemetry.enqueue_failed(items),
                        None if promised && !spare => spare = true,
                        None => return self.refuse(missing.batch, &missing.refusal, promised),
                    }
                    batch = missing.batch;
                    continue;
                }
            }
            batch = missing.batch;
            tokio::select! {
                () = self.stop.cancelled() => return self.refuse(batch, &stopping(), promised),
                () = settlement => {}
                () = self.stock.room() => {}
            }
        }
    }

    fn refuse(&self, batch: Batch, refusal: &Refusal, promised: bool) {
        if !promised {
            self.telemetry.enqueue_failed(batch.items());
        }
        batch.refuse(refusal);
    }
}
