//! What has been handed over and is not safe yet. It is in memory until then.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Bytes of all batches of a storage that wait to be written or synced.
#[derive(Debug)]
pub(super) struct Backlog {
    bytes: AtomicUsize,
    most: usize,
    /// Wakes who waits for it to be less.
    shrunk: Notify,
}

/// The part that one batch has in it, until it is dropped.
#[derive(Debug)]
pub(super) struct Debt {
    backlog: Arc<Backlog>,
    bytes: usize,
}

impl Backlog {
    /// Nothing more is to be handed over when it has `most` bytes.
    pub(super) fn new(most: usize) -> Self {
        Self { bytes: AtomicUsize::new(0), most, shrunk: Notify::new() }
    }

    /// Whether the disk does not keep up.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) >= self.most
    }

    /// Adds `bytes`. Whatever is handed over is taken; who asks before does not exceed it by more than one batch.
    pub(super) fn add(self: &Arc<Self>, bytes: usize) -> Debt {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Debt { backlog: Arc::clone(self), bytes }
    }

    pub(super) const fn shrunk(&self) -> &Notify {
        &self.shrunk
    }
}

impl Drop for Debt {
    fn drop(&mut self) {
        let Backlog { bytes, most, shrunk } = &*self.backlog;
        let before = bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        if before >= *most && before - self.bytes < *most {
            shrunk.notify_waiters();
        }
    }
}
