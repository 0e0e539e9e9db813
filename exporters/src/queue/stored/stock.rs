//! A stored queue with the limits of its exporter.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use edgewatch_core::batch::Batch;
use edgewatch_core::delivery::{QueueSettings, Sizer};
use edgewatch_core::refusal::{Refusal, RefusalKind};
use edgewatch_core::storage::{StoredQueue, Usage};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::queue::sink::full;
use crate::queue::store::{measure, overshoot};
use crate::queue::telemetry::Measured;

/// A storage tells of some changes only when it is asked, such as of a disk that others have cleared.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The part of what waits that is given up at a time when the storage has no room. It has some when all that a file holds is given up,
/// which it finds in its own time.
const STEP_SHARE: usize = 64;

/// Encoded bytes that are given up for one batch, at most.
const MOST_DROPPED: usize = 64 << 20;

/// Time for the storage to find that it has room.
const FIND_ROOM: Duration = Duration::from_millis(10);

/// What waits in a storage for one exporter and signal.
pub(in crate::queue) struct Stock {
    pub(super) queue: Arc<dyn StoredQueue>,
    sizer: Sizer,
    /// In units of the sizer; `None`: what the storage takes.
    capacity: Option<usize>,
    /// Wakes the senders that wait for room.
    settled: Notify,
}

/// What became of a batch that was offered.
#[derive(Debug)]
pub(super) enum Offer {
    Taken,
    Full(NoRoom),
}

/// Why a batch was not taken.
#[derive(Debug)]
pub(super) struct NoRoom {
    pub(super) batch: Batch,
    pub(super) refusal: Refusal,
    /// Whether giving up what waits may help.
    gains_by_dropping: Gain,
}

#[derive(Clone, Copy, Debug)]
enum Gain {
    /// Until there is room for the batch.
    Room,
    /// Until the storage has freed a file.
    File,
    Nothing,
}

impl Stock {
    pub(in crate::queue) fn new(queue: Arc<dyn StoredQueue>, settings: &QueueSettings) -> Self {
        let (sizer, capacity) = (settings.sizer, settings.capacity());
        Self { queue, sizer, capacity, settled: Notify::new() }
    }

    /// Appends `batch` when there is room. `spare`: it may also take the room that is kept for what was promised to its senders.
    pub(super) fn offer(&self, batch: Batch, spare: bool) -> Offer {
        if let Err(refusal) = self.queue.admit() {
            let full = matches!(refusal.kind, RefusalKind::Busy { .. });
            let gains_by_dropping = if full { Gain::File } else { Gain::Nothing };
            return Offer::Full(NoRoom { batch, refusal, gains_by_dropping });
        }
        if let Some(capacity) = self.capacity {
            let (size, wanted) = (self.size(), measure(&batch, self.sizer));
            // An empty queue takes any batch: one that is larger than the queue would otherwise never pass.
            let fits = size == 0 || size.saturating_add(wanted) <= capacity;
            let spare = spare && size < overshoot(capacity);
            if !(fits || spare) {
                let gains_by_dropping = if wanted > capacity { Gain::Nothing } else { Gain::Room };
                return Offer::Full(NoRoom { batch, refusal: full(), gains_by_dropping });
            }
        }
        self.queue.append(batch);
        Offer::Taken
    }

    /// Gives up the oldest records when that may make the room that was missing; `dropped` counts the bytes that were given up for the
    /// same batch. Returns their items; `None` when nothing was given up.
    pub(super) async fn drop_oldest(&self, missing: &NoRoom, dropped: &mut usize) -> Option<usize> {
        let until = match missing.gains_by_dropping {
            Gain::Room => *dropped + 1,
            Gain::File => {
                let step = missing.batch.bytes().max(self.usage().bytes / STEP_SHARE);
                MOST_DROPPED.min(*dropped + step)
            }
            Gain::Nothing => return None,
        };
        let mut items = None;
        // It may have to be read first, from a disk that does not answer.
        while *dropped < until
            && let Ok(Some(oldest)) = tokio::time::timeout(LOOK_AGAIN, self.queue.drop_oldest()).await
        {
            // Even a batch without bytes has been given up.
            *dropped += oldest.bytes.max(1);
            items = Some(items.unwrap_or(0) + oldest.items);
        }
        if items.is_some() {
            self.settled.notify_waiters();
        }
        if let (Some(_), Gain::File) = (items, missing.gains_by_dropping) {
            let _found = tokio::time::timeout(FIND_ROOM, self.queue.room()).await;
        }
        items
    }

    /// Whether a new batch would be taken now.
    pub(super) fn admit(&self) -> Result<(), Refusal> {
        self.queue.admit()?;
        if self.capacity.is_some_and(|capacity| self.size() >= capacity) { Err(full()) } else { Ok(()) }
    }

    /// Completes when a record was settled after this call, provided that it is polled or enabled first.
    pub(super) fn settlement(&self) -> Notified<'_> {
        self.settled.notified()
    }

    /// Completes when the storage may have room, if that is what is missing; in any case when it is time to look again.
    pub(super) async fn room(&self) {
        let storage = async {
            match self.queue.admit() {
                Ok(()) => pending().await,
                Err(_) => self.queue.room().await,
            }
        };
        tokio::select! {
            () = storage => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }

    /// Tells senders that records were settled.
    pub(super) fn settled(&self) {
        self.settled.notify_waiters();
    }

    pub(super) fn usage(&self) -> Usage {
        self.queue.usage()
    }
}

impl Measured for Stock {
    fn size(&self) -> usize {
        let usage = self.usage();
        match self.sizer {
            Sizer::Requests => usage.records,
            Sizer::Items => usage.items,
            Sizer::Bytes => usage.bytes,
        }
    }

    fn capacity(&self) -> Option<usize> {
        self.capacity
    }
}
