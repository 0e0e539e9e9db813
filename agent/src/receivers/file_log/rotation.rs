//! Which file is which: new ones, renamed ones, copies, truncated ones, those that are gone.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::attributes::labels;
use super::checkpoint::Remembered;
use super::config::StartAt;
use super::files::{FileId, Followed};
use super::finder::Found;
use super::identity::{ANCHOR, Facts, Place, Position, Print, is_compressed, read_up_to};
use super::tailer::{Tailer, nanoseconds};

/// How long a deleted file is held open after it was last written to: meanwhile its space on the disk is not free.
const DELETED_WAIT: Duration = Duration::from_secs(5);

/// How long a file that the globs no longer match is held open after it was last written to. Programs go on writing to a renamed
/// file until they are told to open a new one.
const MOVED_WAIT: Duration = Duration::from_secs(60);

/// Files of a directory that are looked at in search of a copy.
const MOST_CANDIDATES: usize = 10_000;

/// A content that is to be found again.
struct Sought<'a> {
    location: &'a Path,
    place: Place,
    head: Print,
    position: Position,
}

/// Where it was found.
struct Recovered {
    handle: File,
    path: PathBuf,
    facts: Facts,
}

impl Tailer {
    /// Asks the system about every open file.
    pub(super) fn observe(&mut self, now: Instant, wall: SystemTime) {
        let mut shrunk = Vec::new();
        let mut ended = Vec::new();
        for (id, file) in self.files.iter_mut() {
            let Some(handle) = &file.handle else { continue };
            let Ok(metadata) = handle.metadata() else { continue };
            let facts = Facts::of(&metadata);
            if facts.size < file.read.offset && file.copy_of.is_none() {
                shrunk.push((id, file.unread()));
                continue;
            }
            file.observe(facts, now);
            if let Some(gone) = file.gone {
                let wait = if facts.links == 0 { DELETED_WAIT } else { MOVED_WAIT };
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

    /// Looks for files.
    pub(super) fn scan(&mut self, now: Instant, wall: SystemTime) {
        let mut findings = self.finder.find(wall, &mut self.warnings);
        // What is older was written earlier.
        findings.files.sort_by(|a, b| (a.facts.modified, &a.path).cmp(&(b.facts.modified, &b.path)));
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
            if self.files.at(found.facts.place).is_none() {
                self.discover(&found, now);
            }
        }
        self.settle(findings.incomplete, now, wall);
        self.scanned_once = true;
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
            if found.path == file.name {
                file.location = found.path;
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
        file.location = found.path;
        if found.facts.size < file.read.offset && file.copy_of.is_none() {
            let unread = file.unread();
            self.truncated(id, unread, now);
        } else {
            file.observe(found.facts, now);
        }
    }

    /// What follows from a scan for the files that are followed.
    fn settle(&mut self, incomplete: bool, now: Instant, wall: SystemTime) {
        let mut missing = Vec::new();
        let mut abandoned = Vec::new();
        let mut copies = Vec::new();
        let mut renamed = Vec::new();
        for (id, file) in self.files.iter_mut() {
            let seen = std::mem::take(&mut file.seen);
            if seen {
                file.present = true;
                file.gone = None;
                file.ending = false;
                if file.name != file.location && file.unread() == 0 {
                    renamed.push(id);
                }
            } else if !incomplete {
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
        self.ignored.retain(|_, path| path.exists());
    }

    /// Records of `id` are named after its new path from now on.
    fn rename(&mut self, id: FileId) {
        let Some(file) = self.files.get_mut(id) else { return };
        if let Ok(metadata) = fs::metadata(&file.location) {
            file.labels = labels(&self.config, &file.location, &metadata);
            file.name = file.location.clone();
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
    fn move_to(&mut self, id: FileId, recovered: Recovered, now: Instant) {
        if let Some(copy) = self.files.at(recovered.facts.place)
            && copy != id
        {
            self.files.remove(copy);
        }
        let Some(mut file) = self.files.remove(id) else { return };
        self.files.make_room(self.open_limit);
        file.location = recovered.path;
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
            None => File::open(&old.location).ok().map(Arc::new),
        };
        let (name, location, present, seen) = (old.name.clone(), old.location.clone(), old.present, old.seen);
        let old_labels = old.labels.clone();
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
        let head = read_up_to(&handle, 0, self.config.fingerprint_size.as_usize()).unwrap_or_default();
        self.files.make_room(self.open_limit);
        let fresh = Followed {
            labels: old_labels,
            location,
            present,
            seen,
            ..followed(name, facts, Print::of(&head), Position::default(), Some(handle), now)
        };
        self.files.add(fresh);
        self.unsaved = true;
    }

    fn lose(&self, id: FileId, unread: u64, how: &'static str) {
        let Some(file) = self.files.get(id).filter(|_| unread > 0) else { return };
        self.telemetry.lost_bytes.add(usize::try_from(unread).unwrap_or(usize::MAX));
        self.warnings.lost(&file.location, unread, how);
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

    /// Follows `found` when it is a file that was followed before.
    fn is_resumed(&mut self, found: &Found, now: Instant) -> bool {
        let place = found.facts.place;
        // After a restart of the machine devices may be numbered differently.
        let known = |file: &Remembered| {
            file.place == place || file.place.inode == place.inode || file.location == found.path
        };
        if !self.remembered.iter().any(known) {
            return false;
        }
        let Ok(handle) = File::open(&found.path) else { return false };
        let fits = |file: &&mut Remembered| {
            let born = file.place != place || found.facts.may_be_born(file.born);
            let content = file.head.length > 0 || file.place == place;
            born && content && known(file) && is_same(&handle, file.head, file.position)
        };
        let mut candidates: Vec<_> = self.remembered.iter_mut().filter(fits).collect();
        candidates.sort_by_key(|file| (file.place != place, std::cmp::Reverse(file.position.offset)));
        let Some(file) = candidates.first().map(|file| (**file).clone()) else { return false };
        self.remembered.retain(|other| *other != file);
        let recovered = Recovered { handle, path: found.path.clone(), facts: found.facts };
        self.resume(file, recovered, true, now);
        true
    }

    fn resume(&mut self, file: Remembered, at: Recovered, present: bool, now: Instant) {
        let Ok(metadata) = at.handle.metadata() else { return };
        self.files.make_room(self.open_limit);
        let labels = labels(&self.config, if present { &at.path } else { &file.name }, &metadata);
        let name = if present { at.path.clone() } else { file.name };
        let handle = Some(Arc::new(at.handle));
        let followed = Followed {
            labels,
            location: at.path,
            present,
            seen: present,
            gone: (!present).then_some(now),
            ..followed(name, at.facts, file.head, file.position, handle, now)
        };
        self.files.add(followed);
    }

    /// Looks for what was followed when the receiver ended and is not where it was.
    fn recover_remembered(&mut self, now: Instant, wall: SystemTime) {
        let (lost, gone): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.remembered).into_iter().partition(|file| file.gone.is_none());
        self.remembered = gone;
        for mut file in lost {
            let sought = Sought {
                location: &file.location,
                place: file.place,
                head: file.head,
                position: file.position,
            };
            match self.recover(&sought, None) {
                Some(recovered) => self.resume(file, recovered, false, now),
                None => {
                    let unread = file.size.saturating_sub(file.position.offset);
                    if unread > 0 {
                        self.telemetry.lost_bytes.add(usize::try_from(unread).unwrap_or(usize::MAX));
                        self.warnings.lost(&file.location, unread, "the file was gone after the restart");
                    }
                    file.gone = Some(nanoseconds(wall));
                    self.remembered.push(file);
                }
            }
        }
    }

    /// Looks for a content beside where it was. The file itself is preferred to a copy, a newer copy to an older one.
    fn recover(&self, sought: &Sought<'_>, itself: Option<FileId>) -> Option<Recovered> {
        let parent = sought.location.parent()?;
        let directory = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        let mut candidates = Vec::new();
        for entry in fs::read_dir(directory).ok()?.take(MOST_CANDIDATES).flatten() {
            let path = parent.join(entry.file_name());
            let Ok(metadata) = fs::metadata(&path) else { continue };
            let facts = Facts::of(&metadata);
            let taken =
                self.files.at(facts.place).filter(|id| Some(*id) != itself).and_then(|id| self.files.get(id));
            let free = taken.is_none_or(|other| other.copy_of.is_some() && other.copy_of == itself);
            let known = facts.place == sought.place || sought.head.length > 0;
            if metadata.is_file() && free && known && facts.size >= sought.position.offset {
                candidates.push((
                    facts.place != sought.place,
                    std::cmp::Reverse(facts.modified),
                    path,
                    facts,
                ));
            }
        }
        candidates.sort_by_key(|candidate| (candidate.0, candidate.1));
        candidates.into_iter().find_map(|(_, _, path, facts)| {
            let handle = File::open(&path).ok()?;
            let same_place = Facts::of(&handle.metadata().ok()?).place == facts.place;
            let same = same_place && is_same(&handle, sought.head, sought.position);
            same.then_some(Recovered { handle, path, facts })
        })
    }

    /// Begins to follow a file never seen.
    fn discover(&mut self, found: &Found, now: Instant) {
        if self.ignored.contains_key(&found.facts.place) {
            return;
        }
        self.files.make_room(self.open_limit);
        match self.begin(found, now) {
            Ok(Some(file)) => {
                self.warnings.passed(&found.path);
                self.files.add(file);
                self.unsaved = true;
            }
            Ok(None) => {
                self.warnings.compressed(&found.path);
                self.ignored.insert(found.facts.place, found.path.clone());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.warnings.unreadable(&found.path, &error),
        }
    }

    /// The record of a file never seen; `None` when it is compressed.
    fn begin(&self, found: &Found, now: Instant) -> io::Result<Option<Followed>> {
        let handle = File::open(&found.path)?;
        let metadata = handle.metadata()?;
        let facts = Facts::of(&metadata);
        let head = read_up_to(&handle, 0, self.config.fingerprint_size.as_usize())?;
        if is_compressed(&head) {
            return Ok(None);
        }
        let copy_of = if self.scanned_once { self.original(&found.path, &handle, &facts)? } else { None };
        let at_end = !self.scanned_once
            && self.config.start_at == StartAt::End
            && !self.came_meanwhile(&found.path, &facts);
        let position = if at_end || copy_of.is_some() {
            Position::at(&handle, facts.size)?
        } else {
            Position::default()
        };
        Ok(Some(Followed {
            labels: labels(&self.config, &found.path, &metadata),
            seen: true,
            copy_of,
            ..followed(found.path.clone(), facts, Print::of(&head), position, Some(Arc::new(handle)), now)
        }))
    }

    /// The file that `handle` is a copy of, as far as it has been made.
    fn original(&self, path: &Path, handle: &File, facts: &Facts) -> io::Result<Option<FileId>> {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        for (id, file) in self.files.iter() {
            if file.copy_of.is_some() || file.read.offset == 0 || file.head.length == 0 {
                continue;
            }
            if facts.size >= file.read.offset {
                if is_same(handle, file.head, file.read) && file.location.parent() == path.parent() {
                    return Ok(Some(id));
                }
                continue;
            }
            // Shorter than what was read of the other: a copy in the making, if it is named like one.
            let stem = file.location.file_stem().unwrap_or_default().as_encoded_bytes();
            if !stem.is_empty()
                && name.starts_with(stem)
                && file.location.parent() == path.parent()
                && let Some(original) = &file.handle
                && is_beginning(handle, original, facts.size)?
            {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// A file that was taken for a copy has grown beyond its original: it is a file of its own.
    fn review_copy(&mut self, id: FileId) {
        let Some(copy) = self.files.get(id) else { return };
        let original = copy.copy_of.and_then(|original| self.files.get(original));
        let own = original.is_none_or(|original| copy.facts.size > original.facts.size);
        if own {
            self.release(id, None);
            return;
        }
        let size = copy.facts.size;
        let position = copy.handle.as_ref().and_then(|handle| Position::at(handle, size).ok());
        if let (Some(file), Some(position)) = (self.files.get_mut(id), position) {
            file.read = position;
            file.delivered = position;
        }
    }

    /// Reads `id`, which was taken for a copy, from `position` on when that fits, otherwise from where it was.
    fn release(&mut self, id: FileId, position: Option<Position>) {
        let Some(file) = self.files.get_mut(id) else { return };
        file.copy_of = None;
        file.dirty = true;
        if let (Some(position), Some(handle)) = (position, &file.handle)
            && position.fits(handle).unwrap_or(false)
        {
            file.read = position;
            file.delivered = position;
        }
    }
}

impl Followed {
    /// What is remembered of it.
    pub(super) fn remember(&self, gone: Option<u64>) -> Remembered {
        Remembered {
            name: self.name.clone(),
            location: self.location.clone(),
            place: self.facts.place,
            born: self.facts.born,
            size: self.facts.size,
            head: self.head,
            position: self.delivered,
            gone,
        }
    }
}

fn followed(
    name: PathBuf,
    facts: Facts,
    head: Print,
    position: Position,
    handle: Option<Arc<File>>,
    now: Instant,
) -> Followed {
    Followed {
        location: name.clone(),
        name,
        labels: Vec::new(),
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

/// Whether `handle` has the beginning and the place of a content. What cannot be read is not the same.
fn is_same(handle: &File, head: Print, position: Position) -> bool {
    head.begins(handle).unwrap_or(false) && position.fits(handle).unwrap_or(false)
}

/// Whether the first `size` bytes of both files are the same, judged by the first and the last of them.
fn is_beginning(one: &File, other: &File, size: u64) -> io::Result<bool> {
    let length = ANCHOR.min(usize::try_from(size).unwrap_or(ANCHOR));
    for start in [0, size - length as u64] {
        if read_up_to(one, start, length)? != read_up_to(other, start, length)? {
            return Ok(false);
        }
    }
    Ok(true)
}
