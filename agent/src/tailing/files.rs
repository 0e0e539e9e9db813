//! The table of files: what each one is, how far it has been read, how far that has been delivered.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::access::Location;
use super::identity::{Facts, Place, Position, Print};
use super::pattern::{Rule, Tag};

/// Stands for one content. Never used again.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct FileId(pub(super) u64);

/// A file that is being followed.
#[derive(Debug)]
pub(super) struct Followed<L> {
    /// The path that its records are named after: without the root directory of a process.
    pub(super) name: PathBuf,
    pub(super) tag: Tag,
    pub(super) labels: L,
    /// Where records of several lines end; none: every line is a record.
    pub(super) rule: Option<Rule>,
    /// Where it was seen last.
    pub(super) location: Location,
    pub(super) facts: Facts,
    /// Its first bytes.
    pub(super) head: Print,
    /// How far it has been read.
    pub(super) read: Position,
    /// How far it has been delivered.
    pub(super) delivered: Position,
    pub(super) handle: Option<Arc<File>>,
    /// There may be something to read.
    pub(super) dirty: bool,
    /// When a last line without line break becomes a record.
    pub(super) flush_at: Option<Instant>,
    /// When the file last changed, as far as seen.
    pub(super) changed: Instant,
    /// When it was read last.
    pub(super) served: Instant,
    /// Its size when it was last certain that what was read stands in front of what is to be read.
    pub(super) verified: u64,
    /// The globs match it.
    pub(super) present: bool,
    /// Since when they do not.
    pub(super) gone: Option<Instant>,
    /// Nothing will be added to it any more: its last line is complete.
    pub(super) ending: bool,
    /// Seen in the scan that is going on.
    pub(super) seen: bool,
    /// It is a copy of this file as it seems, and waits until that one is truncated or gone.
    pub(super) copy_of: Option<FileId>,
}

impl<L> Followed<L> {
    /// Whether reading it now may bring something.
    pub(super) fn wants_turn(&self, now: Instant) -> bool {
        self.copy_of.is_none() && (self.dirty || self.flush_at.is_some_and(|due| due <= now))
    }

    /// Bytes that are known to be there and have not been read.
    pub(super) fn unread(&self) -> u64 {
        self.facts.size.saturating_sub(self.read.offset)
    }

    /// Whether it cannot have `size` bytes and be what it was.
    pub(super) fn has_shrunk_to(&self, size: u64) -> bool {
        self.copy_of.is_none() && size < self.read.offset.max(u64::from(self.head.length))
    }

    /// Takes note of what the system says.
    pub(super) fn observe(&mut self, facts: Facts, now: Instant) {
        if facts.size != self.facts.size || facts.modified != self.facts.modified {
            self.dirty = true;
            self.flush_at = None;
            self.changed = now;
        }
        self.facts = facts;
    }
}

/// Every file that is being followed.
#[derive(Debug)]
pub(super) struct Files<L> {
    files: BTreeMap<FileId, Followed<L>>,
    places: HashMap<Place, FileId>,
    next: u64,
    open: usize,
}

impl<L> Default for Files<L> {
    fn default() -> Self {
        Self { files: BTreeMap::new(), places: HashMap::new(), next: 0, open: 0 }
    }
}

impl<L> Files<L> {
    pub(super) fn add(&mut self, file: Followed<L>) -> FileId {
        self.next += 1;
        let id = FileId(self.next);
        self.put(id, file);
        id
    }

    /// Adds `file` under an id that was taken out before.
    pub(super) fn put(&mut self, id: FileId, file: Followed<L>) {
        self.open += usize::from(file.handle.is_some());
        self.places.insert(file.facts.place, id);
        self.files.insert(id, file);
    }

    pub(super) fn remove(&mut self, id: FileId) -> Option<Followed<L>> {
        let file = self.files.remove(&id)?;
        self.open -= usize::from(file.handle.is_some());
        if self.places.get(&file.facts.place) == Some(&id) {
            self.places.remove(&file.facts.place);
        }
        Some(file)
    }

    pub(super) fn get(&self, id: FileId) -> Option<&Followed<L>> {
        self.files.get(&id)
    }

    /// Must not be used to change the place or the handle.
    pub(super) fn get_mut(&mut self, id: FileId) -> Option<&mut Followed<L>> {
        self.files.get_mut(&id)
    }

    pub(super) fn at(&self, place: Place) -> Option<FileId> {
        self.places.get(&place).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (FileId, &Followed<L>)> {
        self.files.iter().map(|(id, file)| (*id, file))
    }

    /// Must not be used to change places or handles.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (FileId, &mut Followed<L>)> {
        self.files.iter_mut().map(|(id, file)| (*id, file))
    }

    /// Files that want a turn: rotated ones first, whose lines are older and which come to an end, then those behind `last`.
    pub(super) fn waiting(&self, last: FileId, now: Instant) -> Vec<FileId> {
        let behind = self.files.range((Bound::Excluded(last), Bound::Unbounded));
        let before = self.files.range(..=last);
        let waiting = behind.chain(before).filter(|(_, file)| file.wants_turn(now));
        let mut waiting: Vec<_> = waiting.map(|(id, file)| (file.gone.is_none(), *id)).collect();
        waiting.sort_by_key(|(present, _)| *present);
        waiting.into_iter().map(|(_, id)| id).collect()
    }

    pub(super) fn open_count(&self) -> usize {
        self.open
    }

    /// Closes `id`, which can be opened again by its location.
    pub(super) fn close(&mut self, id: FileId) {
        if let Some(file) = self.files.get_mut(&id)
            && file.handle.take().is_some()
        {
            self.open -= 1;
        }
    }

    /// Makes sure that `id` is open, with at most `limit` files open.
    ///
    /// # Errors
    ///
    /// What the system says; `NotFound` when another file is at its location now.
    pub(super) fn open(&mut self, id: FileId, limit: usize) -> io::Result<()> {
        let Some(file) = self.files.get(&id) else { return Err(io::ErrorKind::NotFound.into()) };
        if file.handle.is_some() {
            return Ok(());
        }
        let handle = file.location.open()?;
        let facts = Facts::of(&handle.metadata()?);
        if facts.place != file.facts.place || !facts.may_be_born(file.facts.born) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.make_room(limit);
        if let Some(file) = self.files.get_mut(&id) {
            file.handle = Some(Arc::new(handle));
            self.open += 1;
        }
        Ok(())
    }

    /// Closes files until one more can be opened: those that can be opened again, idle longest first.
    pub(super) fn make_room(&mut self, limit: usize) {
        while self.open >= limit {
            let closable = self.files.iter().filter(|(_, file)| file.present && file.handle.is_some());
            // What has nothing unread loses nothing should it be deleted.
            let victim = closable.min_by_key(|(_, file)| (file.dirty, file.served)).map(|(id, _)| *id);
            let orphan = || {
                let orphans = self.files.iter().filter(|(_, file)| file.handle.is_some() && !file.dirty);
                orphans.min_by_key(|(_, file)| file.changed).map(|(id, _)| *id)
            };
            let Some(victim) = victim.or_else(orphan) else { return };
            self.close(victim);
        }
    }
}
