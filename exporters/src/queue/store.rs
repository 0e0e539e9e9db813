//! The bounded memory in which batches wait.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edgewatch_core::batch::Batch;
use edgewatch_core::delivery::{QueueSettings, Sizer};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::join::{Charge, Found, Held};
use super::telemetry::Measured;

/// A queue is exceeded by at most this part of its capacity (and one batch). It lets what the pipeline holds
/// through, so that a full queue does not stop the other exporters of its pipelines at once.
const OVERSHOOT_SHARE: usize = 10;

/// Batches of one signal that wait, and the size of all that have not met their fate.
#[derive(Debug)]
pub(super) struct Store {
    sizer: Sizer,
    capacity: usize,
    /// Size up to which batches are taken whose senders believe them accepted.
    overshoot: usize,
    /// Whether senders learn the outcome only when the destination has confirmed.
    wait_for_result: bool,
    state: Mutex<State>,
    /// Wakes the one consumer: something arrived, or the store was closed.
    arrived: Notify,
    /// Wakes the senders that wait for room.
    room: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Batch>,
    /// Of the waiting batches and of those that have a living [`Room`].
    size: usize,
    closed: bool,
}

/// What became of a batch that was offered.
#[derive(Debug)]
pub(super) enum Offer {
    Taken,
    Full(Batch),
    Closed(Batch),
}

/// Room taken in the store, given back when dropped.
#[derive(Debug)]
pub(super) struct Room {
    store: Arc<Store>,
    size: usize,
}

impl Store {
    pub(super) fn new(settings: &QueueSettings) -> Self {
        let capacity = settings.capacity().unwrap_or(usize::MAX);
        Self {
            sizer: settings.sizer,
            capacity,
            overshoot: overshoot(capacity),
            wait_for_result: settings.wait_for_result,
            state: Mutex::default(),
            arrived: Notify::new(),
            room: Notify::new(),
        }
    }

    /// Takes `batch` when there is room and tells its senders that it is accepted. `spare`: it may
    /// also take the room that is kept for what was promised to its senders.
    pub(super) fn offer(&self, mut batch: Batch, spare: bool) -> Offer {
        let size = measure(&batch, self.sizer);
        let mut state = self.lock();
        if state.closed {
            return Offer::Closed(batch);
        }
        // An empty store takes any batch: one that is larger than the store would otherwise never pass.
        let fits = state.size == 0 || state.size.saturating_add(size) <= self.capacity;
        let spare = spare && state.size < self.overshoot;
        if !(fits || spare) {
            return Offer::Full(batch);
        }
        if !self.wait_for_result {
            batch.ack_mut().accepted();
        }
        state.size += size;
        state.waiting.push_back(batch);
        drop(state);
        self.arrived.notify_one();
        Offer::Taken
    }

    /// Takes out the batch that has waited longest.
    pub(super) fn take(self: &Arc<Self>) -> Found<Room> {
        let mut state = self.lock();
        match state.waiting.pop_front() {
            Some(batch) => {
                drop(state);
                let charge = Room { store: Arc::clone(self), size: measure(&batch, self.sizer) };
                Found::Batch(Held { batch, charge })
            }
            None if state.closed => Found::End,
            None => Found::Nothing,
        }
    }

    /// Gives up the batch that has waited longest, to make room for `batch`; `None` when none waits, or all of them would not be enough.
    pub(super) fn drop_oldest(&self, batch: &Batch) -> Option<Batch> {
        if measure(batch, self.sizer) > self.capacity {
            return None;
        }
        let mut state = self.lock();
        let oldest = state.waiting.pop_front()?;
        state.size -= measure(&oldest, self.sizer);
        drop(state);
        self.room.notify_waiters();
        Some(oldest)
    }

    /// No batch is taken from now on; those inside stay.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
        self.room.notify_waiters();
    }

    /// Completes when something has arrived or the store was closed. Only one task may wait.
    pub(super) fn arrival(&self) -> Notified<'_> {
        self.arrived.notified()
    }

    /// Completes when room was made after this call, provided that it is polled or enabled first.
    pub(super) fn room(&self) -> Notified<'_> {
        self.room.notified()
    }

    pub(super) fn is_full(&self) -> bool {
        self.lock().size >= self.capacity
    }

    fn release(&self, size: usize) {
        self.lock().size -= size;
        self.room.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Measured for Store {
    fn size(&self) -> usize {
        self.lock().size
    }

    fn capacity(&self) -> Option<usize> {
        Some(self.capacity)
    }
}

impl Charge for Room {
    fn absorb(&mut self, mut other: Self) {
        self.size += std::mem::take(&mut other.size);
    }

    /// The part of the room that `piece` takes. A request counts where its last piece goes.
    fn share(&mut self, piece: &Batch) -> Self {
        let part = match self.store.sizer {
            Sizer::Requests => 0,
            Sizer::Items | Sizer::Bytes => measure(piece, self.store.sizer).min(self.size),
        };
        self.size -= part;
        Self { store: Arc::clone(&self.store), size: part }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.size > 0 {
            self.store.release(self.size);
        }
    }
}

/// The size up to which a queue of `capacity` takes batches that cannot be refused.
pub(super) const fn overshoot(capacity: usize) -> usize {
    let share = capacity / OVERSHOOT_SHARE;
    capacity.saturating_add(if share == 0 { 1 } else { share })
}

/// The size of `batch` in units of `sizer`.
pub(super) fn measure(batch: &Batch, sizer: Sizer) -> usize {
    match sizer {
        Sizer::Requests => 1,
        Sizer::Items => batch.items(),
        Sizer::Bytes => batch.bytes(),
    }
}
