//! Memory as a budget: bytes in flight, leased before they are read.
//!
//! There are two limits. Above the *soft* one nothing new is begun: receivers ask [`Budget::is_crowded`] before they read a
//! request. What has begun may go on up to the *hard* one: no [`Lease`] grows beyond it. Between them lies the room in which
//! what is on its way can get out.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes that telemetry in flight may occupy, shared by every source of the process.
#[derive(Clone, Debug)]
pub struct Budget {
    inner: Arc<Inner>,
}

/// The limits of a budget, in bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Above it nothing new is begun.
    pub soft: usize,
    /// Above it nothing goes on.
    pub hard: usize,
}

#[derive(Debug)]
struct Inner {
    /// The limits in force: the least that are set, or else the default.
    soft: AtomicUsize,
    hard: AtomicUsize,
    used: AtomicUsize,
    claims: Mutex<Claims>,
}

#[derive(Debug)]
struct Claims {
    /// What holds while nobody sets other limits.
    default: Limits,
    /// Of each living [`Constraint`], by its number.
    set: Vec<(u64, Limits)>,
    next: u64,
}

/// Limits that hold as long as this lives. Of several, the least holds.
#[derive(Debug)]
#[must_use = "the limits are lifted when it is dropped"]
pub struct Constraint {
    inner: Arc<Inner>,
    number: u64,
}

/// A part of the budget, given back when dropped.
#[derive(Debug)]
pub struct Lease {
    inner: Arc<Inner>,
    bytes: usize,
}

impl Limits {
    /// A hard limit with the soft one a fifth below it, as the Collector has it when nothing is said.
    #[must_use]
    pub const fn below(hard: usize) -> Self {
        Self { soft: hard - hard / 5, hard }
    }
}

impl Budget {
    /// A budget of `limit` bytes, all of which new data may take.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self::with_limits(Limits { soft: limit, hard: limit })
    }

    /// A budget with `limits` as long as nobody sets others.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        let claims = Claims { default: limits, set: Vec::new(), next: 0 };
        Self {
            inner: Arc::new(Inner {
                soft: AtomicUsize::new(limits.soft),
                hard: AtomicUsize::new(limits.hard),
                used: AtomicUsize::new(0),
                claims: Mutex::new(claims),
            }),
        }
    }

    /// A budget that never runs out.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::new(usize::MAX)
    }

    /// Sets `limits` for as long as the result lives. What is leased already stays leased.
    pub fn constrain(&self, limits: Limits) -> Constraint {
        let number = self.inner.change(|claims| {
            let number = claims.next;
            claims.next += 1;
            claims.set.push((number, limits));
            number
        });
        Constraint { inner: Arc::clone(&self.inner), number }
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            soft: self.inner.soft.load(Ordering::Relaxed),
            hard: self.inner.hard.load(Ordering::Relaxed),
        }
    }

    /// Bytes leased at the moment.
    #[must_use]
    pub fn used(&self) -> usize {
        self.inner.used.load(Ordering::Relaxed)
    }

    /// Whether more is leased than the soft limit allows: nothing new may begin.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        self.used() > self.inner.soft.load(Ordering::Relaxed)
    }

    /// Whether more is leased than the hard limit allows, because some was taken without asking.
    #[must_use]
    pub fn is_exceeded(&self) -> bool {
        self.used() > self.inner.hard.load(Ordering::Relaxed)
    }

    /// Leases `bytes`, or nothing when that would exceed the hard limit.
    #[must_use]
    pub fn lease(&self, bytes: usize) -> Option<Lease> {
        let mut lease = Lease { inner: Arc::clone(&self.inner), bytes: 0 };
        lease.grow(bytes).then_some(lease)
    }
}

impl Inner {
    fn change<T>(&self, change: impl FnOnce(&mut Claims) -> T) -> T {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut claims);
        let limits = |of: fn(&Limits) -> usize| {
            claims.set.iter().map(|(_, limits)| of(limits)).min().unwrap_or_else(|| of(&claims.default))
        };
        self.soft.store(limits(|limits| limits.soft), Ordering::Relaxed);
        self.hard.store(limits(|limits| limits.hard), Ordering::Relaxed);
        result
    }
}

impl Drop for Constraint {
    fn drop(&mut self) {
        self.inner.change(|claims| claims.set.retain(|(number, _)| *number != self.number));
    }
}

impl Lease {
    /// Adds `bytes` to the lease; false, and nothing is added, when that would exceed the hard limit.
    #[must_use]
    pub fn grow(&mut self, bytes: usize) -> bool {
        let limit = self.inner.hard.load(Ordering::Relaxed);
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

    /// Whether more is leased by all together than the hard limit allows: what has begun must end.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.inner.used.load(Ordering::Relaxed) > self.inner.hard.load(Ordering::Relaxed)
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
    fn what_has_begun_goes_on_above_the_soft_limit_up_to_the_hard_one() {
        let budget = Budget::with_limits(Limits::below(100));
        let mut lease = budget.lease(80).expect("fits");
        assert!(!budget.is_crowded(), "at the limit is not above it");

        assert!(lease.grow(1));
        assert!(budget.is_crowded());
        assert!(lease.grow(19));
        assert!(!lease.grow(1));

        assert!(!budget.is_exceeded());
        lease.charge(1);
        assert!(budget.is_exceeded());
    }

    #[test]
    fn of_several_limits_the_least_holds_for_as_long_as_it_is_set() {
        let budget = Budget::with_limits(Limits { soft: 80, hard: 100 });
        let wide = budget.constrain(Limits { soft: 150, hard: 200 });
        assert_eq!(budget.limits(), Limits { soft: 150, hard: 200 }, "what is set replaces the default");

        let narrow = budget.constrain(Limits { soft: 10, hard: 300 });
        assert_eq!(budget.limits(), Limits { soft: 10, hard: 200 });
        drop(narrow);
        assert_eq!(budget.limits(), Limits { soft: 150, hard: 200 });

        drop(wide);
        assert_eq!(budget.limits(), Limits { soft: 80, hard: 100 });
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
