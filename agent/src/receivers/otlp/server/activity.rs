//! What a connection is doing, as its listener may ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use tokio_util::sync::CancellationToken;

/// Shared by a connection's task, its requests and its listener. All of them run on one thread; the atomics
/// are for the compiler.
#[derive(Debug)]
pub(super) struct Activity {
    opened: Instant,
    /// Requests in progress.
    active: AtomicUsize,
    /// Requests ever begun.
    begun: AtomicU64,
    /// Milliseconds after `opened` at which the last request ended.
    last: AtomicU64,
    /// Bytes ever received, after decryption.
    received: AtomicU64,
    /// Whether its client has pinged too often.
    flooded: AtomicBool,
    /// Fires when the connection shall end: the listener needs its place, or its client does not behave.
    pub(super) evicted: CancellationToken,
}

impl Activity {
    pub(super) fn new(opened: Instant) -> Arc<Self> {
        Arc::new(Self {
            opened,
            active: AtomicUsize::new(0),
            begun: AtomicU64::new(0),
            last: AtomicU64::new(0),
            received: AtomicU64::new(0),
            flooded: AtomicBool::new(false),
            evicted: CancellationToken::new(),
        })
    }

    /// A request begins; it ends when the result is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> InProgress {
        self.active.fetch_add(1, Ordering::Relaxed);
        self.begun.fetch_add(1, Ordering::Relaxed);
        InProgress(Arc::clone(self))
    }

    pub(super) fn receive(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.active.load(Ordering::Relaxed) == 0
    }

    /// Requests that have ended.
    pub(super) fn answered(&self) -> u64 {
        self.begun().saturating_sub(self.active.load(Ordering::Relaxed) as u64)
    }

    /// The client pings too often: the connection shall end.
    pub(super) fn flood(&self) {
        self.flooded.store(true, Ordering::Relaxed);
        self.evicted.cancel();
    }

    pub(super) fn is_flooded(&self) -> bool {
        self.flooded.load(Ordering::Relaxed)
    }

    /// When the connection was last of use.
    pub(super) fn last(&self) -> Instant {
        self.opened + std::time::Duration::from_millis(self.last.load(Ordering::Relaxed))
    }
}

/// A request in progress.
pub(super) struct InProgress(Arc<Activity>);

impl InProgress {
    /// Asks the connection to end once its requests are answered.
    pub(super) fn end_connection(&self) {
        self.0.evicted.cancel();
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        let now = u64::try_from(self.0.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.last.store(now, Ordering::Relaxed);
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}
