//! A storage in memory, for tests: survives its queues, and can be full.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use edgewatch_core::Signal;
use edgewatch_core::batch::{Batch, Segments};
use edgewatch_core::refusal::Refusal;
use edgewatch_core::storage::{Consumer, RecordId, Storage, StorageError, Stored, StoredQueue, Usage};
use edgewatch_core::telemetry::Telemetry;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Queues that outlive whoever uses them.
#[derive(Default)]
pub(in crate::queue) struct FakeStorage {
    queues: Mutex<HashMap<(String, Signal), Arc<FakeQueue>>>,
}

impl Storage for FakeStorage {
    fn queue(
        &self,
        owner: &str,
        signal: Signal,
        _telemetry: &Telemetry,
    ) -> Result<Arc<dyn StoredQueue>, StorageError> {
        Ok(self.get(owner, signal))
    }

    fn owners(&self, signal: Signal) -> Result<Vec<String>, StorageError> {
        let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(queues.keys().filter(|(_, other)| *other == signal).map(|(owner, _)| owner.clone()).collect())
    }

    fn forget(&self, _owner: &str, _signal: Signal) -> bool {
        false
    }
}

impl FakeStorage {
    pub(in crate::queue) fn get(&self, owner: &str, signal: Signal) -> Arc<FakeQueue> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(queues.entry((owner.to_owned(), signal)).or_default())
    }
}

pub(in crate::queue) struct FakeQueue {
    state: Mutex<State>,
    arrived: Notify,
    room: Notify,
    seat: Arc<Semaphore>,
    /// Consumers that wait for the seat.
    queueing: tokio::sync::watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    next: u64,
    records: BTreeMap<u64, (Segments, usize)>,
    taken: HashSet<u64>,
    full: bool,
    /// So many writes fail.
    failing: usize,
}

impl Default for FakeQueue {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            arrived: Notify::new(),
            room: Notify::new(),
            seat: Arc::new(Semaphore::new(1)),
            queueing: tokio::sync::watch::Sender::new(0),
        }
    }
}

impl FakeQueue {
    /// From now on the disk is full, or has room.
    pub(in crate::queue) fn fill(&self, full: bool) {
        self.lock().full = full;
        self.room.notify_waiters();
    }

    /// The next `writes` fail, although there seemed to be room.
    pub(in crate::queue) fn fail(&self, writes: usize) {
        self.lock().failing = writes;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Stored> {
        let mut state = self.lock();
        let state = &mut *state;
        let (id, (segments, items)) = state.records.iter().find(|(id, _)| !state.taken.contains(id))?;
        state.taken.insert(*id);
        Some(Stored { id: RecordId(*id), segments: segments.clone(), items: *items })
    }
}

#[async_trait]
impl StoredQueue for FakeQueue {
    fn admit(&self) -> Result<(), Refusal> {
        if self.lock().full { Err(Refusal::busy("the disk is full")) } else { Ok(()) }
    }

    fn append(&self, batch: Batch) {
        let items = batch.items();
        let (segments, mut ack) = batch.into_parts();
        let mut state = self.lock();
        let id = state.next;
        state.next += 1;
        if state.failing > 0 {
            state.failing -= 1;
            drop(state);
            return ack.refused(&Refusal::busy("the disk is full"));
        }
        state.records.insert(id, (segments, items));
        drop(state);
        ack.accepted();
        ack.delivered();
        self.arrived.notify_one();
    }

    async fn room(&self) {
        self.room.notified().await;
    }

    async fn consumer(self: Arc<Self>) -> Box<dyn Consumer> {
        self.queueing.send_modify(|waiting| *waiting += 1);
        let seat = Arc::clone(&self.seat).acquire_owned().await.expect("never closed");
        self.queueing.send_modify(|waiting| *waiting -= 1);
        Box::new(FakeConsumer { queue: self, _seat: seat })
    }

    async fn drop_oldest(&self) -> Option<Usage> {
        let mut state = self.lock();
        let state = &mut *state;
        let id = *state.records.keys().find(|id| !state.taken.contains(id))?;
        let (segments, items) = state.records.remove(&id)?;
        Some(Usage { records: 1, items, bytes: segments.iter().map(bytes::Bytes::len).sum() })
    }

    fn usage(&self) -> Usage {
        let state = self.lock();
        let bytes = |segments: &Segments| segments.iter().map(bytes::Bytes::len).sum::<usize>();
        Usage {
            records: state.records.len(),
            items: state.records.values().map(|(_, items)| items).sum(),
            bytes: state.records.values().map(|(segments, _)| bytes(segments)).sum(),
        }
    }
}

struct FakeConsumer {
    queue: Arc<FakeQueue>,
    _seat: OwnedSemaphorePermit,
}

impl Drop for FakeConsumer {
    fn drop(&mut self) {
        self.queue.lock().taken.clear();
    }
}

#[async_trait]
impl Consumer for FakeConsumer {
    async fn next(&self) -> Stored {
        loop {
            match self.queue.take() {
                Some(stored) => return stored,
                None => self.queue.arrived.notified().await,
            }
        }
    }

    async fn settle(&self, record: RecordId) {
        // As a disk does, in its own time.
        tokio::task::yield_now().await;
        let mut state = self.queue.lock();
        assert!(state.records.remove(&record.0).is_some(), "a record is settled once");
        state.taken.remove(&record.0);
    }

    async fn succeeded(&self) {
        let mut queueing = self.queue.queueing.subscribe();
        let _waiting = queueing.wait_for(|waiting| *waiting > 0).await;
    }
}
