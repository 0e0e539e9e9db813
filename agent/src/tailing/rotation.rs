//! Which file is which: new ones, renamed ones, copies, truncated ones, those that are gone.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::access::Location;
use super::checkpoint::Remembered;
use super::files::{FileId, Followed};
use super::finder::Found;
use super::identity::{Facts, Position, Print, is_compressed, read_up_to};
use super::options::StartAt;
use super::pattern::{Rule, Tag};
use super::records::Records;
use super::recovery::{Recovered, Sought, is_same};
use super::tailer::{Tailer, nanoseconds};

/// How long a deleted file, or one whose pattern was withdrawn, is held open after it was last written to: meanwhile its space on the
/// disk is not free.
const DELETED_WAIT: Duration = Duration::from_secs(5);

/// How long a file that the globs no longer match is held open after it was last written to. Programs go on writing to a renamed
/// file until they are told to open a new one.
const MOVED_WAIT: Duration = Duration::from_secs(60);

impl<R: Records> Tailer<R> {
    /// Asks the system about every open file.
    pub(super) fn observe(&mut self, now: Instant, wall: SystemTime) {
        let mut shrunk = Vec::new();
        let mut ended = Vec::new();
        let finder = &self.finder;
        for (id, file) in self.files.iter_mut() {
            let Some(handle) = &file.handle else { continue };
            let Ok(metadata) = handle.metadata() else { continue };
            let facts = Facts::of(&metadata);
            if file.has_shrunk_to(facts.size) {
                shrunk.push((id, file.unread()));
                continue;
            }
            file.observe(facts, now);
            if let Some(gone) = file.gone {
                let wait = if facts.links == 0 || !finder.has(file.tag) { DELETED_WAIT } else { MOVED_WAIT };
                let idle = now.saturating_duration_since(gone.max(file.changed)) >= wait;
                let done = !file.dirty && file.read.offset == file.delivered.offset;
                if file.ending && done {
                    ended.push(id);
                } else if idle && done && !file.ending {
                    file.ending = true;
                    file.dirty = true;
                }
            }
        }
        for (id, unread) in shrunk {
            self.truncated(id, unread, now);
        }
        for id in ended {
            self.give_up(id, wall);
        }
    }

    /// Looks whether files that changed and could not be read now are still what they were: their copies may be gone later.
    pub(super) fn verify(&mut self, now: Instant) {
        let mut rewritten = Vec::new();
        let fingerprint = self.options.fingerprint_size;
        for (id, file) in self.files.iter_mut() {
            let Some(handle) = file.handle.clone() else { continue };
            let looked_at = file.served == now || file.changed != now;
            if !file.dirty || looked_at || file.copy_of.is_some() {
                continue;
            }
            if !is_same(&handle, file.head, file.read) {
                rewritten.push((id, file.verified.saturating_sub(file.read.offset)));
            } else if (file.head.length as usize) < fingerprint
                && let Ok(head) = read_up_to(&handle, 0, fingerprint)
            {
                file.head = Print::of_head(&head);
            }
        }
        for (id, unread) in rewritten {
            self.truncated(id, unread, now);
        }
    }

    /// Looks for files.
    pub(super) fn scan(&mut self, now: Instant, wall: SystemTime) {
        let mut findings = self.finder.find(wall, &mut self.warnings);
        // What is older was written earlier. Of the places where one file is found, the first pattern's counts.
        findings.files.sort_by(|a, b| {
            (a.facts.modified, a.pattern, &a.location).cmp(&(b.facts.modified, b.pattern, &b.location))
        });
        let mut unknown = Vec::new();
        for found in findings.files {
            match self.files.at(found.facts.place) {
                Some(id) => self.seen_again(id, found, now, wall, &mut unknown),
                // Nothing can be said about an empty file, and nothing is missed by waiting.
                None if found.facts.size == 0 => {}
                None => unknown.push(found),
            }
        }
        unknown.retain(|found| !self.is_resumed(found, now));
        if !self.scanned_once {
            self.recover_remembered(now, wall);
        }
        for found in unknown {
            match self.files.at(found.facts.place) {
                None if self.is_moved(&found, now) => {}
                None => self.discover(&found, now),
                // Found twice in this scan.
                Some(_) => {}
            }
        }
        self.settle(&findings.incomplete, now, wall);
        self.scanned_once = true;
        self.finder.looked();
    }

    fn seen_again(
        &mut self,
        id: FileId,
        found: Found,
        now: Instant,
        wall: SystemTime,
        unknown: &mut Vec<Found>,
    ) {
        let Some(file) = self.files.get_mut(id) else { return };
        if file.seen {
            // One file with several names: the one it has stays.
            if found.location.path == file.name && found.location.root == file.location.root {
                file.location = found.location;
            }
            return;
        }
        if file.handle.is_none() && !found.facts.may_be_born(file.facts.born) {
            // The inode is used again: the old file was deleted.
            let unread = file.unread();
            self.lose(id, unread, "the file was deleted");
            self.give_up(id, wall);
            unknown.push(found);
            return;
        }
        file.seen = true;
        file.location = found.location;
        if file.has_shrunk_to(found.facts.size) {
            let unread = file.unread();
            self.truncated(id, unread, now);
        } else {
            file.observe(found.facts, now);
        }
        self.retag(id, found.pattern);
    }

    /// `id` belongs to the pattern at `index` now.
    pub(super) fn retag(&mut self, id: FileId, index: usize) {
        let Some((pattern, _)) = self.finder.pattern(index) else { return };
        let Some(file) = self.files.get_mut(id).filter(|file| file.tag != pattern.tag) else { return };
        if let Ok(metadata) = file.location.metadata() {
            file.labels = self.batches.records.labels(pattern.tag, &file.name, &metadata);
            file.tag = pattern.tag;
            file.rule.clone_from(&pattern.rule);
        }
    }

    /// What follows from a scan for the files that are followed.
    fn settle(&mut self, incomplete: &HashSet<Tag>, now: Instant, wall: SystemTime) {
        let mut missing = Vec::new();
        let mut abandoned = Vec::new();
        let mut copies = Vec::new();
        let mut renamed = Vec::new();
        let finder = &self.finder;
        for (id, file) in self.files.iter_mut() {
            let seen = std::mem::take(&mut file.seen);
            if seen {
                file.present = true;
                file.gone = None;
                file.ending = false;
                if file.name != file.location.path && file.unread() == 0 {
                    renamed.push(id);
                }
            } else if !incomplete.contains(&file.tag) || file.facts.links == 0 || !finder.has(file.tag) {
                let newly = std::mem::replace(&mut file.present, false);
                if newly {
                    file.gone = Some(now);
                }
                // Those that are open are seen to by `observe`.
                if file.handle.is_none() && (newly || file.dirty) {
                    missing.push(id);
                } else if file.handle.is_none() && file.read.offset == file.delivered.offset {
                    abandoned.push(id);
                }
            }
            if file.copy_of.is_some() {
                copies.push(id);
            }
        }
        for id in renamed {
            self.rename(id);
        }
        for id in missing {
            self.search_missing(id, now, wall);
        }
        for id in abandoned {
            self.give_up(id, wall);
        }
        for id in copies {
            self.review_copy(id);
        }
        self.ignored.retain(|_, location| location.metadata().is_ok());
    }

    /// Records of `id` are named after its new path from now on.
    fn rename(&mut self, id: FileId) {
        let Some(file) = self.files.get_mut(id) else { return };
        if let Ok(metadata) = file.location.metadata() {
            file.labels = self.batches.records.labels(file.tag, &file.location.path, &metadata);
            file.name.clone_from(&file.location.path);
        }
    }

    /// A file that was not open is no longer where it was.
    fn search_missing(&mut self, id: FileId, now: Instant, wall: SystemTime) {
        let Some(file) = self.files.get(id) else { return };
        let sought = Sought {
            location: &file.location,
            place: file.facts.place,
            head: file.head,
            position: file.read,
        };
        match self.recover(&sought, Some(id)) {
            Some(recovered) => self.move_to(id, recovered, now),
            None => {
                let unread = file.unread();
                self.lose(id, unread, "the file was moved or deleted");
                self.give_up(id, wall);
            }
        }
    }

    /// The content `id` lies elsewhere now.
    pub(super) fn move_to(&mut self, id: FileId, recovered: Recovered, now: Instant) {
        if let Some(copy) = self.files.at(recovered.facts.place)
            && copy != id
        {
            self.files.remove(copy);
        }
        let Some(mut file) = self.files.remove(id) else { return };
        self.files.make_room(self.open_limit);
        file.location = recovered.location;
        file.facts = recovered.facts;
        file.verified = recovered.facts.size;
        file.handle = Some(Arc::new(recovered.handle));
        file.dirty = true;
        file.changed = now;
        file.present = false;
        file.gone = Some(now);
        self.files.put(id, file);
        self.unsaved = true;
    }

    /// What `id` was read from is no longer what it was: it goes on with a copy, and the file begins anew.
    pub(super) fn truncated(&mut self, id: FileId, unread: u64, now: Instant) {
        self.telemetry.truncations.add(1);
        let Some(old) = self.files.get(id) else { return };
        let sought =
            Sought { location: &old.location, place: old.facts.place, head: old.head, position: old.read };
        let copy = self.recover(&sought, Some(id)).filter(|copy| copy.facts.place != old.facts.place);
        let place = old.facts.place;
        let handle = match &old.handle {
            Some(handle) => Some(Arc::clone(handle)),
            None => old.location.open().ok().map(Arc::new),
        };
        let (present, seen) = (old.present, old.seen);
        let named = Named {
            name: old.name.clone(),
            tag: old.tag,
            labels: old.labels.clone(),
            rule: old.rule.clone(),
            location: old.location.clone(),
        };
        match copy {
            Some(copy) => self.move_to(id, copy, now),
            None => {
                self.lose(id, unread, "the file was truncated, and no copy of it is beside it");
                self.files.remove(id);
            }
        }
        let Some(handle) = handle else { return };
        let Some(facts) = handle.metadata().ok().map(|metadata| Facts::of(&metadata)) else { return };
        if facts.place != place {
            return;
        }
        let head = read_up_to(&handle, 0, self.options.fingerprint_size).unwrap_or_default();
        self.files.make_room(self.open_limit);
        let fresh = Followed {
            present,
            seen,
            ..followed(named, facts, Print::of_head(&head), Position::default(), Some(handle), now)
        };
        self.files.add(fresh);
        self.unsaved = true;
    }

    fn lose(&self, id: FileId, unread: u64, how: &'static str) {
        let Some(file) = self.files.get(id).filter(|_| unread > 0) else { return };
        self.telemetry.lost_bytes.add(usize::try_from(unread).unwrap_or(usize::MAX));
        self.warnings.lost(&file.location.shown(), unread, how);
    }

    /// Follows `id` no longer. It is remembered unless it certainly does not exist any more.
    pub(super) fn give_up(&mut self, id: FileId, wall: SystemTime) {
        let Some(file) = self.files.remove(id) else { return };
        let copies: Vec<_> =
            self.files.iter().filter(|(_, copy)| copy.copy_of == Some(id)).map(|(copy, _)| copy).collect();
        for copy in copies {
            self.release(copy, Some(file.read));
        }
        let deleted = file.facts.links == 0;
        if !deleted && file.copy_of.is_none() {
            self.remembered.push(file.remember(Some(nanoseconds(wall))));
        }
        self.unsaved = true;
    }

    /// Begins to follow a file never seen.
    fn discover(&mut self, found: &Found, now: Instant) {
        if self.ignored.contains_key(&found.facts.place) {
            return;
        }
        self.files.make_room(self.open_limit);
        match self.begin(found, now) {
            Ok(Some(file)) => {
                self.warnings.passed(|| found.path());
                self.files.add(file);
                self.unsaved = true;
            }
            Ok(None) => {
                self.warnings.compressed(&found.path());
                self.ignored.insert(found.facts.place, found.location.clone());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.warnings.unreadable(&found.path(), &error),
        }
    }

    /// The record of a file never seen; `None` when it is compressed.
    fn begin(&self, found: &Found, now: Instant) -> io::Result<Option<Followed<R::Labels>>> {
        let Some((pattern, looked)) = self.finder.pattern(found.pattern) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let handle = found.location.open()?;
        let metadata = handle.metadata()?;
        let facts = Facts::of(&metadata);
        let head = read_up_to(&handle, 0, self.options.fingerprint_size)?;
        if is_compressed(&head) {
            return Ok(None);
        }
        let copy_of =
            if self.scanned_once { self.original(&found.location, &handle, &facts, &head)? } else { None };
        // When a pattern comes later, the time of birth tells what was there before the beginning.
        let young =
            self.scanned_once && facts.born.zip(self.begun).is_some_and(|(born, begun)| born >= begun);
        let at_end = !looked
            && pattern.start_at == StartAt::End
            && !young
            && !self.came_meanwhile(&found.location.path, &facts);
        let position = if at_end { Position::at(&handle, facts.size)? } else { Position::default() };
        let named = Named {
            name: found.location.path.clone(),
            tag: pattern.tag,
            labels: self.batches.records.labels(pattern.tag, &found.location.path, &metadata),
            rule: pattern.rule.clone(),
            location: found.location.clone(),
        };
        let handle = Some(Arc::new(handle));
        let followed = followed(named, facts, Print::of_head(&head), position, handle, now);
        Ok(Some(Followed { seen: true, copy_of, ..followed }))
    }
}

impl<L> Followed<L> {
    /// What is remembered of it.
    pub(super) fn remember(&self, gone: Option<u64>) -> Remembered {
        Remembered {
            name: self.name.clone(),
            rooted: self.location.root.is_some(),
            location: self.location.shown(),
            place: self.facts.place,
            born: self.facts.born,
            size: self.facts.size,
            head: self.head,
            position: self.delivered,
            gone,
        }
    }
}

/// What a file is called.
pub(super) struct Named<L> {
    pub(super) name: PathBuf,
    pub(super) tag: Tag,
    pub(super) labels: L,
    pub(super) rule: Option<Rule>,
    pub(super) location: Location,
}

pub(super) fn followed<L>(
    named: Named<L>,
    facts: Facts,
    head: Print,
    position: Position,
    handle: Option<Arc<File>>,
    now: Instant,
) -> Followed<L> {
    Followed {
        location: named.location,
        name: named.name,
        tag: named.tag,
        labels: named.labels,
        rule: named.rule,
        verified: facts.size,
        facts,
        head,
        read: position,
        delivered: position,
        handle,
        dirty: true,
        flush_at: None,
        changed: now,
        served: now,
        present: true,
        gone: None,
        ending: false,
        seen: false,
        copy_of: None,
    }
}
