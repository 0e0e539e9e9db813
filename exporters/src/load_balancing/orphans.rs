//! Queues on disk whose destinations are gone: what waits in them is dealt out to the others.
//!
//! A record is settled when all its parts are safe in the queues of other destinations. The destination may come back meanwhile: it is
//! then the next consumer of its queue, and gets what is left.

use std::sync::{Arc, Weak};
use std::time::Duration;

use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::storage::{Consumer, Storage, Stored, StoredQueue};
use edgewatch_core::telemetry::Tenure;
use futures_util::future::join_all;
use tokio::time::{sleep, timeout};
use tracing::info;

use super::balancer::Shared;
use super::members::Member;

/// How often it is seen whether something has changed of which nobody tells.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How often it is tried to remove a queue that is empty. It is found again when the destinations change.
const TRIES: usize = 10;

/// Time for what is being passed on when the exporter is to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// The queue of a destination that is none any more.
pub(super) struct Orphan {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) queue: Arc<dyn StoredQueue>,
    pub(super) owner: String,
    pub(super) signal: Signal,
    /// The destination, as long as somebody has it and may put something into its queue.
    pub(super) member: Weak<Member>,
    /// The numbers of the queue are shown for as long.
    pub(super) _tenure: Tenure,
}

impl Orphan {
    /// Passes on what waits and removes the queue, unless the destination comes back first or the exporter ends.
    pub(super) async fn pass_on(self, shared: Arc<Shared>) {
        let consumer = tokio::select! {
            consumer = Arc::clone(&self.queue).consumer() => consumer,
            () = shared.closing.cancelled() => return,
        };
        let items = self.queue.usage().items;
        if items > 0 {
            info!(
                exporter = self.owner,
                items, "the destination is gone; what waits for it goes to the others"
            );
        }
        if !self.empty(consumer.as_ref(), &shared).await {
            return;
        }
        drop(consumer);
        let Self { storage, queue, owner, signal, .. } = self;
        drop(queue);
        for _ in 0..TRIES {
            if storage.forget(&owner, signal) || pause(&shared).await {
                return;
            }
        }
    }

    /// Passes on what waits, and what is still put into the queue. `false` when it was not to the end.
    async fn empty(&self, consumer: &dyn Consumer, shared: &Arc<Shared>) -> bool {
        while self.queue.usage().records > 0 || self.member.strong_count() > 0 {
            let room = shared.admit(self.signal).is_ok();
            tokio::select! {
                biased;
                () = shared.closing.cancelled() => return false,
                () = consumer.succeeded() => return false,
                stored = consumer.next(), if room => {
                    let id = stored.id;
                    if self.deal(stored, consumer, shared).await {
                        consumer.settle(id).await;
                    } else if shared.closing.is_cancelled() {
                        return false;
                    }
                }
                () = sleep(LOOK_AGAIN) => {}
            }
        }
        true
    }

    /// Deals a record out until others have all of it. `false` when the exporter ends before that.
    async fn deal(&self, stored: Stored, consumer: &dyn Consumer, shared: &Arc<Shared>) -> bool {
        let Stored { segments, items, .. } = stored;
        loop {
            let (ack, mut receipt) = Ack::pair(None);
            let batch = Batch::of_segments(self.signal, segments.clone(), items, ack);
            let dealing = send(batch, shared);
            tokio::pin!(dealing);
            let dealt = tokio::select! {
                () = &mut dealing => true,
                () = shared.closing.cancelled() => timeout(PATIENCE, dealing).await.is_ok(),
            };
            if !dealt {
                return false;
            }
            if receipt.delivered().await.is_ok() {
                shared.telemetry.dealt_again(items);
                return true;
            }
            tokio::select! {
                ended = pause(shared) => if ended { return false },
                () = consumer.succeeded() => return false,
            }
        }
    }
}

/// Deals `batch` out and follows its parts to their ends, again where a destination has departed before it had its part.
async fn send(batch: Batch, shared: &Arc<Shared>) {
    let mut batches = vec![batch];
    while let Some(batch) = batches.pop() {
        let sent = shared.send(batch).await.into_iter();
        let left = join_all(sent.map(|sent| sent.follow(Arc::clone(shared)))).await;
        batches.extend(left.into_iter().flatten());
    }
}

/// Lets some time pass; whether the exporter ends.
async fn pause(shared: &Shared) -> bool {
    timeout(LOOK_AGAIN, shared.closing.cancelled()).await.is_ok()
}
