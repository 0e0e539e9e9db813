//! Memory as a budget: bytes in flight, leased before they are read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that telemetry in flight may occupy, shared by every source of the process.
#[derive(Clone, Debug)]
pub struct Budget {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    limit: AtomicUsize,
    used: AtomicUsize,
}

/// A part of the budget, given back when dropped.
#[derive(Debug)]
pub struct Lease {
    inner: Arc<Inner>,
    bytes: usize,
}

impl Budget {
    /// A budget of `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { inner: Arc::new(Inner { limit: AtomicUsize::new(limit), used: AtomicUsize::new(0) }) }
    }

    /// A budget that never runs out.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::new(usize::MAX)
    }

    /// Changes the limit, in bytes. What is leased already stays leased.
    pub fn set_limit(&self, limit: usize) {
        self.inner.limit.store(limit, Ordering::Relaxed);
    }

    /// The limit, in bytes.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.inner.limit.load(Ordering::Relaxed)
    }

    /// Bytes leased at the moment.
    #[must_use]
    pub fn used(&self) -> usize {
        self.inner.used.load(Ordering::Relaxed)
    }

    /// Leases `bytes`, or nothing when that would exceed the limit.
    #[must_use]
    pub fn lease(&self, bytes: usize) -> Option<Lease> {
        let mut lease = Lease { inner: Arc::clone(&self.inner), bytes: 0 };
        lease.grow(bytes).then_some(lease)
    }
}

impl Lease {
    /// Adds `bytes` to the lease; false, and nothing is added, when that would exceed the limit.
    #[must_use]
    pub fn grow(&mut self, bytes: usize) -> bool {
        let limit = self.inner.limit.load(Ordering::Relaxed);
        let fits = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= limit);
        let grown = self.inner.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok();
        if grown {
            self.bytes += bytes;
        }
        grown
    }

    /// Adds `bytes` even beyond the limit: for memory that is taken already, so that nobody else is given it.
    pub fn charge(&mut self, bytes: usize) {
        let add = |used: usize| used.checked_add(bytes);
        if self.inner.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok() {
            self.bytes += bytes;
        }
    }

    /// Gives back what exceeds `bytes`.
    pub fn shrink_to(&mut self, bytes: usize) {
        let excess = self.bytes.saturating_sub(bytes);
        self.inner.used.fetch_sub(excess, Ordering::Relaxed);
        self.bytes -= excess;
    }

    /// Bytes leased.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.inner.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lends_up_to_its_limit_and_takes_back_what_is_dropped() {
        let budget = Budget::new(100);
        let mut lease = budget.lease(60).expect("fits");
        assert!(budget.lease(41).is_none());
        assert!(!lease.grow(41));
        assert!(lease.grow(40));
        assert_eq!(budget.used(), 100);

        lease.shrink_to(10);
        assert_eq!((budget.used(), lease.bytes()), (10, 10));

        drop(lease);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn what_is_taken_already_counts_even_beyond_the_limit() {
        let budget = Budget::new(100);
        let mut lease = budget.lease(60).expect("fits");
        lease.charge(60);
        assert_eq!((budget.used(), lease.bytes()), (120, 120));
        assert!(budget.lease(0).is_none());

        drop(lease);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn a_request_for_more_than_there_can_be_does_not_overflow() {
        let budget = Budget::unlimited();
        let _held = budget.lease(usize::MAX).expect("fits exactly");
        assert!(budget.lease(1).is_none());
    }
}
