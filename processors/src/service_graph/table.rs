//! Series by what identifies them, within bounds.

use std::time::Instant;

use super::store::LONGEST;
use crate::aggregation::{Keyed, hash};

/// What all tables together may hold.
#[derive(Debug)]
pub(super) struct Budget {
    pub(super) used: usize,
    pub(super) memory: usize,
    /// Most series of a table; zero: no limit.
    pub(super) limit: usize,
}

/// A series.
#[derive(Debug)]
pub(super) struct Row<T> {
    pub(super) value: T,
    /// Since when it counts, in nanoseconds since 1970; zero: since the last time that metrics were sent.
    pub(super) start: u64,
    seen: Instant,
}

/// Series that count the same.
#[derive(Debug)]
pub(super) struct Table<T> {
    pub(super) rows: Keyed<Row<T>>,
    /// What there is no room for.
    pub(super) overflow: Option<Box<Row<T>>>,
    /// Most bytes that a value owns.
    owned: usize,
}

/// Where a series is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    At(usize),
    Overflow,
}

impl<T> Table<T> {
    pub(super) fn new(owned: usize) -> Self {
        Self { rows: Keyed::default(), overflow: None, owned }
    }

    /// The place of a series, which is made when it is not there yet and there is room.
    #[inline]
    pub(super) fn place(
        &mut self,
        key: &[u8],
        now: Instant,
        budget: &mut Budget,
        new: impl FnOnce() -> T,
    ) -> Place {
        let hashed = hash(key);
        if let Some(place) = self.rows.find(hashed, key) {
            if let Some(row) = self.rows.get_mut(place) {
                row.seen = now;
            }
            return Place::At(place);
        }
        let cost = self.cost(key.len());
        let full = (budget.limit > 0 && self.rows.len() >= budget.limit)
            || budget.used.saturating_add(cost) > budget.memory
            || key.len() > LONGEST;
        if full {
            return Place::Overflow;
        }
        budget.used += cost;
        Place::At(self.rows.add(hashed, key, Row { value: new(), start: 0, seen: now }))
    }

    /// The value at a place. The one for what is too much is made when it is not there yet.
    #[inline]
    pub(super) fn at(&mut self, place: Place, now: Instant, new: impl FnOnce() -> T) -> Option<&mut T> {
        match place {
            Place::At(place) => self.rows.get_mut(place).map(|row| &mut row.value),
            Place::Overflow => {
                let make = || Box::new(Row { value: new(), start: 0, seen: now });
                let row = self.overflow.get_or_insert_with(make);
                row.seen = now;
                Some(&mut row.value)
            }
        }
    }

    /// Everything was sent that counts since `start`: what began then has its start, and `clear` forgets what counts only once.
    pub(super) fn settle(&mut self, start: u64, clear: impl Fn(&mut T)) {
        for row in self.rows.values_mut().chain(self.overflow.as_deref_mut()) {
            if row.start == 0 {
                row.start = start;
            }
            clear(&mut row.value);
        }
    }

    /// Forgets what nothing came for since `before`, unless it `stays`. Tells for each place whether it left, or nothing when none did.
    pub(super) fn forget(
        &mut self,
        before: Instant,
        budget: &mut Budget,
        stays: impl Fn(&T) -> bool,
    ) -> Vec<bool> {
        let leaves = |row: &Row<T>| row.seen <= before && !stays(&row.value);
        if self.overflow.as_deref().is_some_and(leaves) {
            self.overflow = None;
        }
        let mut left = Vec::new();
        let gone = self.rows.extract(|_key, row| {
            let leaves = leaves(row);
            left.push(leaves);
            leaves
        });
        let freed: usize = gone.iter().map(|(key, _)| self.cost(key.len())).sum();
        budget.used = budget.used.saturating_sub(freed);
        if gone.is_empty() { Vec::new() } else { left }
    }

    /// What a series takes whose key has so many bytes.
    pub(super) const fn cost(&self, key: usize) -> usize {
        Keyed::<Row<T>>::OVERHEAD + key + self.owned
    }
}
