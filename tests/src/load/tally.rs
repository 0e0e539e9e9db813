//! What arrived, compared with what was sent.

use std::collections::HashMap;

/// Counts every number that arrived.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    seen: HashMap<u64, u32>,
}

impl Tally {
    /// Those of `sent` that never arrived, in order.
    #[must_use]
    pub fn missing(&self, sent: impl IntoIterator<Item = u64>) -> Vec<u64> {
        sent.into_iter().filter(|number| !self.seen.contains_key(number)).collect()
    }

    /// Those that arrived more than once, in order.
    #[must_use]
    pub fn duplicated(&self) -> Vec<u64> {
        let mut numbers: Vec<u64> =
            self.seen.iter().filter(|(_, times)| **times > 1).map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// How many different numbers arrived.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.seen.len()
    }
}

impl FromIterator<u64> for Tally {
    fn from_iter<I: IntoIterator<Item = u64>>(numbers: I) -> Self {
        let mut tally = Self::default();
        tally.extend(numbers);
        tally
    }
}

impl Extend<u64> for Tally {
    fn extend<I: IntoIterator<Item = u64>>(&mut self, numbers: I) {
        for number in numbers {
            *self.seen.entry(number).or_default() += 1;
        }
    }
}
