//! Sets of sequences.

/// Sequences, kept as ranges that do not touch. Its size follows the number of holes: as many as records are being delivered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    /// Adds `start..end`.
    pub(super) fn insert(&mut self, start: u64, end: u64) {
        if start >= end {
            return;
        }
        // Ranges that touch the new one become one with it.
        let from = self.0.partition_point(|range| range.1 < start);
        let to = self.0.partition_point(|range| range.0 <= end);
        let touched = self.0.get(from..to).unwrap_or_default();
        let start = touched.first().map_or(start, |range| range.0.min(start));
        let end = touched.last().map_or(end, |range| range.1.max(end));
        self.0.splice(from..to, [(start, end)]);
    }

    /// Adds everything that `other` has.
    pub(super) fn union(&mut self, other: &Self) {
        for &(start, end) in &other.0 {
            self.insert(start, end);
        }
    }

    pub(super) fn contains(&self, sequence: u64) -> bool {
        self.covers(sequence, sequence.saturating_add(1))
    }

    /// Whether all of `start..end` is in it.
    pub(super) fn covers(&self, start: u64, end: u64) -> bool {
        let at = self.0.partition_point(|range| range.1 < end);
        start >= end || self.0.get(at).is_some_and(|range| range.0 <= start && end <= range.1)
    }

    /// Whether any of `start..end` is in it.
    pub(super) fn touches(&self, start: u64, end: u64) -> bool {
        let at = self.0.partition_point(|range| range.1 <= start);
        start < end && self.0.get(at).is_some_and(|range| range.0 < end)
    }

    /// How many of `start..end` are not in it.
    pub(super) fn missing(&self, start: u64, end: u64) -> u64 {
        let from = self.0.partition_point(|range| range.1 <= start);
        let inside = self.0.iter().skip(from).take_while(|range| range.0 < end);
        let covered: u64 = inside.map(|range| range.1.min(end) - range.0.max(start)).sum();
        end.saturating_sub(start) - covered
    }

    /// Behind the last.
    pub(super) fn end(&self) -> u64 {
        self.0.last().map_or(0, |range| range.1)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        self.0.iter().copied()
    }
}
