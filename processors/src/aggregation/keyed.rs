//! Things found by what identifies them.

use super::hash::HashedMap;

/// No further entry.
const NONE: usize = usize::MAX;
/// Most entries with the same hash. By chance there are never two; but who knows the hash can find keys that share one, and every look
/// for one of them would go through all.
const CROWD: usize = 8;

/// Values by key, in the order in which they came.
///
/// Whoever asks hands in the key's hash, and compares nothing itself: equal hashes of different keys are told apart here.
#[derive(Debug)]
pub(crate) struct Keyed<T> {
    /// By hash, the newest entry that has it.
    heads: HashedMap<usize>,
    entries: Vec<Entry<T>>,
}

#[derive(Debug)]
struct Entry<T> {
    hash: u64,
    /// The next older entry with the same hash.
    next: usize,
    key: Box<[u8]>,
    value: T,
}

impl<T> Default for Keyed<T> {
    fn default() -> Self {
        Self { heads: HashedMap::default(), entries: Vec::new() }
    }
}

impl<T> Keyed<T> {
    /// What one value takes of memory, beside its key and what it owns itself: vectors and maps grow to twice what they hold.
    pub(crate) const OVERHEAD: usize = 2 * (size_of::<Entry<T>>() + 24);

    /// The place of `key`, whose hash is `hash`.
    #[inline]
    pub(crate) fn find(&self, hash: u64, key: &[u8]) -> Option<usize> {
        let mut index = *self.heads.get(&hash)?;
        loop {
            let entry = self.entries.get(index)?;
            if *entry.key == *key {
                return Some(index);
            }
            index = entry.next;
        }
    }

    /// Whether so many entries have this hash that there must not be another one.
    pub(crate) fn is_crowded(&self, hash: u64) -> bool {
        let first = self.heads.get(&hash).copied();
        let alike = std::iter::successors(first, |&index| self.entries.get(index).map(|entry| entry.next));
        alike.take_while(|&index| index != NONE).take(CROWD).count() == CROWD
    }

    /// Adds a value under a key that has none, and says where it is.
    pub(crate) fn add(&mut self, hash: u64, key: &[u8], value: T) -> usize {
        let index = self.entries.len();
        let next = self.heads.insert(hash, index).unwrap_or(NONE);
        self.entries.push(Entry { hash, next, key: key.into(), value });
        index
    }

    /// The value at a place that [`Keyed::find`] or [`Keyed::add`] has told, as long as none was removed since.
    #[inline]
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.entries.get_mut(index).map(|entry| &mut entry.value)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Keys and values, from a place on.
    pub(crate) fn iter_from(&self, place: usize) -> impl Iterator<Item = (&[u8], &T)> + Clone {
        self.entries.get(place..).unwrap_or_default().iter().map(|entry| (&*entry.key, &entry.value))
    }

    /// The values, to be changed.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.iter_mut().map(|entry| &mut entry.value)
    }

    /// Takes out those that `leaves` says leave; the others may be elsewhere then.
    pub(crate) fn extract(&mut self, mut leaves: impl FnMut(&[u8], &mut T) -> bool) -> Vec<(Box<[u8]>, T)> {
        let gone = self.entries.extract_if(.., |entry| leaves(&entry.key, &mut entry.value));
        let gone: Vec<(Box<[u8]>, T)> = gone.map(|entry| (entry.key, entry.value)).collect();
        if gone.is_empty() {
            return gone;
        }
        self.heads.clear();
        for (index, entry) in self.entries.iter_mut().enumerate() {
            entry.next = self.heads.insert(entry.hash, index).unwrap_or(NONE);
        }
        // A burst of names is over: what it took is given back.
        if self.entries.len() < self.entries.capacity() / 4 {
            self.entries.shrink_to_fit();
            self.heads.shrink_to_fit();
        }
        gone
    }
}
