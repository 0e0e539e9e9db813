//! The right to take records out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use edgewatch_core::storage::{Consumer, RecordId, Stored};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, oneshot};

use super::handle::Handle;
use super::reader::read_ahead;

/// Who may consume, and who waits for it.
#[derive(Debug, Default)]
pub(super) struct Succession {
    pub(super) right: Arc<Mutex<()>>,
    pub(super) waiting: AtomicUsize,
    pub(super) wanted: Notify,
}

/// The one consumer of a queue.
#[derive(Debug)]
pub(super) struct JournalConsumer {
    handle: Arc<Handle>,
    _right: OwnedMutexGuard<()>,
}

impl JournalConsumer {
    pub(super) fn new(handle: Arc<Handle>, right: OwnedMutexGuard<()>) -> Self {
        Self { handle, _right: right }
    }

    /// The oldest record that is in memory.
    fn take(&self) -> Option<Stored> {
        let queue = &self.handle.queue;
        let mut state = queue.state();
        let record = state.take();
        let more = state.has_ready();
        let low = state.wants_reading(queue.options().memory_bytes);
        drop(state);
        if low {
            let _started = read_ahead(queue, &self.handle.engine);
        }
        if more {
            // One notification may stand for several records.
            queue.arrived.notify_one();
        }
        record.map(|record| Stored {
            id: RecordId(record.sequence),
            segments: record.segments,
            items: usize::try_from(record.totals.items).unwrap_or(usize::MAX),
        })
    }
}

#[async_trait]
impl Consumer for JournalConsumer {
    async fn next(&self) -> Stored {
        loop {
            let arrived = self.handle.queue.arrived.notified();
            if let Some(stored) = self.take() {
                return stored;
            }
            arrived.await;
        }
    }

    async fn settle(&self, record: RecordId) {
        let released = self.handle.queue.state().release(record.0);
        let Some(totals) = released else { return };
        let (done, written) = oneshot::channel();
        self.handle.settle(record.0, totals, Some(done));
        // The thread answers, or is gone and everything with it.
        let _ = written.await;
    }

    async fn succeeded(&self) {
        let succession = &self.handle.queue.succession;
        loop {
            let wanted = succession.wanted.notified();
            tokio::pin!(wanted);
            wanted.as_mut().enable();
            if succession.waiting.load(Ordering::SeqCst) > 0 {
                return;
            }
            wanted.await;
        }
    }
}

impl Drop for JournalConsumer {
    fn drop(&mut self) {
        self.handle.queue.state().hand_back();
    }
}
