//! How much, as the files count it.

use std::ops::{Add, AddAssign, Sub};

use edgewatch_core::storage::Usage;

/// Records, items and bytes before compression. Differences do not go below zero: damaged files may say anything.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Totals {
    pub(super) records: u64,
    pub(super) items: u64,
    pub(super) bytes: u64,
}

impl Totals {
    pub(super) const fn of_record(items: u32, raw: u32) -> Self {
        Self { records: 1, items: items as u64, bytes: raw as u64 }
    }

    pub(super) fn usage(self) -> Usage {
        let fit = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        Usage { records: fit(self.records), items: fit(self.items), bytes: fit(self.bytes) }
    }
}

impl Add for Totals {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            records: self.records.saturating_add(other.records),
            items: self.items.saturating_add(other.items),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Totals {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            records: self.records.saturating_sub(other.records),
            items: self.items.saturating_sub(other.items),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }
}

impl std::iter::Sum for Totals {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), Self::add)
    }
}
