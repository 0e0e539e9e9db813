//! Words that are known to be values.

use super::code::Code;
use super::hash::HashedMap;

/// Most words that are remembered.
const CAPACITY: usize = 8 * 1024;

/// Words that were found to be values of a variable: elsewhere they are probably values too.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    seen: HashedMap<()>,
}

impl Values {
    pub(super) fn note(&mut self, word: Code) {
        if self.seen.len() >= CAPACITY {
            self.seen.clear();
        }
        self.seen.insert(word.bits(), ());
    }

    pub(super) fn contains(&self, word: Code) -> bool {
        self.seen.contains_key(&word.bits())
    }

    /// Everything, in an order that does not change.
    pub(super) fn sorted(&self) -> Vec<u64> {
        let mut values: Vec<u64> = self.seen.keys().copied().collect();
        values.sort_unstable();
        values
    }

    /// Bytes that they hold.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.seen.capacity() * 8 / 7 * (size_of::<u64>() + 1)
    }
}
