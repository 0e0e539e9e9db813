//! A queue as exporters see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use edgewatch_core::batch::Batch;
use edgewatch_core::refusal::Refusal;
use edgewatch_core::storage::{Consumer, StoredQueue, Usage};

use super::consumer::JournalConsumer;
use super::engine::{Command, Engine};
use super::queue::{Queue, Settlement, totals_of};
use super::reader::read_ahead;
use super::totals::Totals;

/// A queue that is in use.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) queue: Arc<Queue>,
    pub(super) engine: Arc<Engine>,
}

impl Handle {
    pub(super) fn new(queue: Arc<Queue>, engine: Arc<Engine>) -> Self {
        Self { queue, engine }
    }

    pub(super) fn settle(&self, sequence: u64, totals: Totals, done: super::engine::Done) {
        let settlement = Settlement { start: sequence, end: sequence + 1, totals, done };
        self.engine.send(Command::Settle { queue: Arc::clone(&self.queue), settlement });
    }
}

#[async_trait]
impl StoredQueue for Handle {
    fn admit(&self) -> Result<(), Refusal> {
        if self.engine.backlog.is_full() {
            return Err(Refusal::unavailable(
                "the disk of the sending queue does not keep up; send again later",
            ));
        }
        self.queue.is_closed().map_or(Ok(()), Err)
    }

    fn append(&self, batch: Batch) {
        {
            let mut state = self.queue.state();
            state.waiting += totals_of(&batch);
        }
        let debt = self.engine.backlog.add(batch.bytes());
        self.engine.send(Command::Append { queue: Arc::clone(&self.queue), batch, debt });
    }

    async fn room(&self) {
        loop {
            let (room, shrunk) = (self.queue.room.notified(), self.engine.backlog.shrunk().notified());
            tokio::pin!(room, shrunk);
            room.as_mut().enable();
            shrunk.as_mut().enable();
            if self.admit().is_ok() {
                return;
            }
            tokio::select! {
                () = room => {}
                () = shrunk => {}
            }
        }
    }

    async fn consumer(self: Arc<Self>) -> Box<dyn Consumer> {
        let waiting = Waiting::begin(&self.queue.succession.waiting);
        self.queue.succession.wanted.notify_waiters();
        let right = Arc::clone(&self.queue.succession.right).lock_owned().await;
        drop(waiting);
        Box::new(JournalConsumer::new(self, right))
    }

    async fn drop_oldest(&self) -> Option<Usage> {
        loop {
            let read = self.queue.read.notified();
            tokio::pin!(read);
            read.as_mut().enable();
            let (given_up, unread) = {
                let mut state = self.queue.state();
                (state.give_up(), state.has_unread())
            };
            if let Some((sequence, totals)) = given_up {
                // It does not count as waiting any more.
                self.settle(sequence, Totals::default(), None);
                self.queue.telemetry.settled_records.add(1);
                let _started = read_ahead(&self.queue, &self.engine);
                return Some(totals.usage());
            }
            // Rare: the window has been emptied just now, and what it is filled with is under way.
            if !unread || !read_ahead(&self.queue, &self.engine) {
                return None;
            }
            read.await;
        }
    }

    fn usage(&self) -> Usage {
        self.queue.state().usage()
    }
}

/// Counts who waits to be the consumer, for as long as they do.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
