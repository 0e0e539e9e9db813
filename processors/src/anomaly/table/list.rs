//! Entries in the order in which they were last seen.

use super::Entry;
use super::slab::Slab;

/// No entry.
pub(super) const NONE: u32 = u32::MAX;

/// The neighbours of an entry in its list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links {
    newer: u32,
    older: u32,
}

impl Default for Links {
    fn default() -> Self {
        Self { newer: NONE, older: NONE }
    }
}

/// A list of entries, linked through them.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    newest: u32,
    oldest: u32,
    len: usize,
}

impl Default for List {
    fn default() -> Self {
        Self { newest: NONE, oldest: NONE, len: 0 }
    }
}

impl List {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The one not seen for longest.
    pub(super) const fn oldest(&self) -> Option<u32> {
        if self.oldest == NONE { None } else { Some(self.oldest) }
    }

    /// Adds an entry as the newest.
    pub(super) fn push<const N: usize>(&mut self, entries: &mut Slab<Entry, N>, number: u32) {
        let Some(entry) = entries.get_mut(number) else { return };
        entry.links = Links { newer: NONE, older: self.newest };
        match entries.get_mut(self.newest) {
            Some(before) => before.links.newer = number,
            None => self.oldest = number,
        }
        self.newest = number;
        self.len += 1;
    }

    /// Takes an entry out, which must be in this list.
    pub(super) fn remove<const N: usize>(&mut self, entries: &mut Slab<Entry, N>, number: u32) {
        let Some(entry) = entries.get_mut(number) else { return };
        let Links { newer, older } = std::mem::take(&mut entry.links);
        match entries.get_mut(newer) {
            Some(entry) => entry.links.older = older,
            None => self.newest = older,
        }
        match entries.get_mut(older) {
            Some(entry) => entry.links.newer = newer,
            None => self.oldest = newer,
        }
        self.len = self.len.saturating_sub(1);
    }
}
