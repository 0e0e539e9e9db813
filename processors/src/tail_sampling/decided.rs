//! What was decided about traces whose spans are gone.

use std::collections::HashSet;

/// How much memory one remembered decision takes at most, in bytes: two generations in tables that may be 7/16 full, and one that
/// is half as large while a table grows.
pub(super) const DECISION_BYTES: usize = 6 * (size_of::<u128>() + 1);

/// The traces that were kept, and those that were dropped, as far as they are remembered.
#[derive(Debug)]
pub(super) struct Decided {
    kept: Recent,
    dropped: Recent,
}

impl Decided {
    pub(super) fn new((kept, dropped): (usize, usize)) -> Self {
        Self { kept: Recent::new(kept), dropped: Recent::new(dropped) }
    }

    /// Whether the trace was kept; `None` if nothing is known of it.
    pub(super) fn get(&mut self, trace: u128) -> Option<bool> {
        if self.kept.contains(trace) {
            return Some(true);
        }
        self.dropped.contains(trace).then_some(false)
    }

    pub(super) fn insert(&mut self, trace: u128, kept: bool) {
        if kept { &mut self.kept } else { &mut self.dropped }.insert(trace);
    }
}

/// The last `size` traces that were put in or asked for, and up to as many more: two generations, of which the elder one is forgotten
/// when the younger is full. What is asked for becomes young again.
#[derive(Debug)]
struct Recent {
    size: usize,
    young: HashSet<u128>,
    old: HashSet<u128>,
}

impl Recent {
    fn new(size: usize) -> Self {
        Self { size: size.max(1), young: HashSet::new(), old: HashSet::new() }
    }

    fn contains(&mut self, trace: u128) -> bool {
        if self.young.contains(&trace) {
            return true;
        }
        let known = self.old.remove(&trace);
        if known {
            self.insert(trace);
        }
        known
    }

    fn insert(&mut self, trace: u128) {
        if self.young.len() >= self.size {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(trace);
    }
}
