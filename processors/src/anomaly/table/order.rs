//! Points come in the same order time after time.
//!
//! So each entry knows whose point came behind its own, and that one is tried before the index is asked. Since it is known
//! who comes next, what is needed then can be fetched from memory now: with many series none of it is in the caches.
//! None of this changes what is found.

use super::ahead::fetch;
use super::known::Table;
use super::list::NONE;
use crate::anomaly::clock::Clock;

/// Whose point came last, and whose is expected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    last: u32,
    expected: u32,
}

impl Default for Order {
    fn default() -> Self {
        Self { last: NONE, expected: NONE }
    }
}

impl Order {
    /// An entry is not used any more.
    pub(super) const fn forget(&mut self, number: u32) {
        if self.last == number {
            self.last = NONE;
        }
    }
}

impl Table {
    /// Finds the series of the point that comes.
    #[inline]
    pub(in crate::anomaly) fn follow(&mut self, key: u64, clock: &Clock) -> Option<u32> {
        let expected = self.order.expected;
        let is_it = |entry: &super::Entry| entry.key == key && entry.is_used();
        if !self.entries.get(expected).is_some_and(is_it) {
            // Who guesses wrong does not fetch what nobody needs.
            let number = self.find(key)?;
            self.note_order(number);
            self.order.expected = self.entries.get(number)?.next;
            return Some(number);
        }
        self.order = Order { last: expected, expected: self.entries.get(expected)?.next };
        self.fetch_ahead(clock);
        Some(expected)
    }

    /// Notes whose point it was that came.
    #[inline]
    pub(super) fn note_order(&mut self, number: u32) {
        if let Some(before) = self.entries.get_mut(self.order.last) {
            before.next = number;
        }
        self.order = Order { last: number, expected: NONE };
    }

    /// Fetches the detector of the next point, and the entry of the one after it.
    #[inline]
    fn fetch_ahead(&self, clock: &Clock) {
        let Some(next) = self.entries.get(self.order.expected) else { return };
        if let Some(entry) = self.entries.get(next.next) {
            fetch(entry);
        }
        let detectors = next.detectors.iter().filter_map(|number| number.checked_sub(1));
        for detector in detectors.filter_map(|number| self.detectors.get(number)) {
            if clock.is_last_of_step(next.gap) {
                fetch(detector);
            } else {
                fetch(detector.open_step());
            }
        }
    }
}
