//! A queue as exporters see it.

use std::sync::Arc;
use std::sync::PoisonError;
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
        self.queue.is_closed().map_or(Ok(()), Err)
    }

    fn append(&self, batch: Batch) {
        {
            let mut state = self.queue.state();
            state.waiting += totals_of(&batch);
        }
        self.engine.send(Command::Append { queue: Arc::clone(&self.queue), batch });
    }

    async fn room(&self) {
        loop {
            let room = self.queue.room.notified();
            tokio::pin!(room);
            room.as_mut().enable();
            if self.queue.is_closed().is_none() {
                return;
            }
            room.await;
        }
    }

    async fn consumer(self: Arc<Self>) -> Box<dyn Consumer> {
        let waiting = Waiting::begin(&self.queue.succession.waiting);
        self.queue.succession.wanted.notify_waiters();
        let right = Arc::clone(&self.queue.succession.right).lock_owned().await;
        drop(waiting);
        Box::new(JournalConsumer::new(self, right))
    }

    fn drop_oldest(&self) -> Option<Usage> {
        let mut state = self.queue.state();
        loop {
            if let Some((sequence, totals)) = state.give_up() {
                drop(state);
                self.settle(sequence, totals, None);
                read_ahead(&self.queue, &self.engine);
                return Some(totals.usage());
            }
            if !state.has_unread() {
                return None;
            }
            // Rare: the window has been emptied just now, and what it is filled with is under way.
            drop(state);
            read_ahead(&self.queue, &self.engine);
            state = self.queue.state();
            if state.reading && !state.has_ready() {
                state = self.queue.read.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
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
