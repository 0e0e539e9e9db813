//! Finds contents again that are not where they were: after a restart, a rename, a truncation.

use std::fs::File;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::access::Location;
use super::checkpoint::Remembered;
use super::files::{FileId, Followed};
use super::finder::Found;
use super::identity::{ANCHOR, Facts, Place, Position, Print};
use super::pattern::{Pattern, Tag};
use super::records::Records;
use super::rotation::{Named, followed};
use super::tailer::{Tailer, nanoseconds};

/// Files of a directory that are looked at in search of a copy.
const MOST_CANDIDATES: usize = 10_000;

/// A content that is to be found again.
pub(super) struct Sought<'a> {
    pub(super) location: &'a Location,
    pub(super) place: Place,
    pub(super) head: Print,
    pub(super) position: Position,
}

/// Where it was found.
pub(super) struct Recovered {
    pub(super) handle: File,
    pub(super) location: Location,
    pub(super) facts: Facts,
}

impl<R: Records> Tailer<R> {
    /// Follows `found` when it is a file that was followed before.
    pub(super) fn is_resumed(&mut self, found: &Found, now: Instant) -> bool {
        let place = found.facts.place;
        // After a restart of the machine devices may be numbered differently.
        let path = found.location.shown();
        let rooted = found.location.root.is_some();
        let known = |file: &Remembered| {
            let same_name = rooted && file.rooted && file.name == found.location.path;
            file.place == place || file.place.inode == place.inode || file.location == path || same_name
        };
        if !self.remembered.iter().any(known) {
            return false;
        }
        let Ok(handle) = found.location.open() else { return false };
        let fits = |file: &&mut Remembered| {
            let by_name = file.location != path && file.place.inode != place.inode;
            let born = if file.place == place {
                found.facts.may_be_born(file.born)
            } else {
                !by_name || is_evidence(&found.facts, file.born, file.position)
            };
            let content = file.head.length > 0 || file.place == place;
            born && content && known(file) && is_same(&handle, file.head, file.position)
        };
        let mut candidates: Vec<_> = self.remembered.iter_mut().filter(fits).collect();
        candidates.sort_by_key(|file| (file.place != place, std::cmp::Reverse(file.position.offset)));
        let Some(file) = candidates.first().map(|file| (**file).clone()) else { return false };
        self.remembered.retain(|other| *other != file);
        let Some((pattern, _)) = self.finder.pattern(found.pattern) else { return false };
        let pattern = pattern.clone();
        let recovered = Recovered { handle, location: found.location.clone(), facts: found.facts };
        self.resume(file, &pattern, recovered, true, now);
        true
    }

    /// Goes on with `found` where another file ends that was called the same inside of the root of a process that is gone, and has the
    /// same content. File systems of containers may be numbered differently when they are started again.
    pub(super) fn is_moved(&mut self, found: &Found, now: Instant) -> bool {
        if found.location.root.is_none() {
            return false;
        }
        let gone = self.files.iter().filter(|(_, file)| {
            let same_name = file.location.root.is_some() && file.name == found.location.path;
            let is_evidence = is_evidence(&found.facts, file.facts.born, file.read);
            !file.seen
                && same_name
                && is_evidence
                && file.head.length > 0
                && found.facts.size >= file.read.offset
        });
        let gone: Vec<FileId> = gone.map(|(id, _)| id).collect();
        let Some(handle) = (!gone.is_empty()).then(|| found.location.open().ok()).flatten() else {
            return false;
        };
        let same =
            |id: &FileId| self.files.get(*id).is_some_and(|file| is_same(&handle, file.head, file.read));
        let Some(id) = gone.into_iter().find(same) else { return false };
        let at = Recovered { handle, location: found.location.clone(), facts: found.facts };
        self.move_to(id, at, now);
        if let Some(file) = self.files.get_mut(id) {
            file.seen = true;
            file.copy_of = None;
        }
        self.retag(id, found.pattern);
        true
    }

    fn resume(&mut self, file: Remembered, pattern: &Pattern, at: Recovered, present: bool, now: Instant) {
        let Ok(metadata) = at.handle.metadata() else { return };
        self.files.make_room(self.open_limit);
        let name = if present { at.location.path.clone() } else { file.name };
        let named = Named {
            labels: self.batches.records.labels(pattern.tag, &name, &metadata),
            name,
            tag: pattern.tag,
            rule: pattern.rule.clone(),
            location: at.location,
        };
        let handle = Some(Arc::new(at.handle));
        let followed = Followed {
            present,
            seen: present,
            gone: (!present).then_some(now),
            ..followed(named, at.facts, file.head, file.position, handle, now)
        };
        self.files.add(followed);
    }

    /// Looks for what was followed when the receiver ended and is not where it was.
    pub(super) fn recover_remembered(&mut self, now: Instant, wall: SystemTime) {
        let (lost, gone): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.remembered).into_iter().partition(|file| file.gone.is_none());
        self.remembered = gone;
        for mut file in lost {
            if file.rooted {
                // Its process may be found later, under another number.
                file.gone = Some(nanoseconds(wall));
                self.remembered.push(file);
                continue;
            }
            let location = Location::from(file.location.as_path());
            let sought =
                Sought { location: &location, place: file.place, head: file.head, position: file.position };
            match self.recover(&sought, None) {
                Some(recovered) => {
                    let pattern = self.finder.naming(&file.name).cloned();
                    let pattern = pattern.unwrap_or_else(|| Pattern::new("", Tag::default()));
                    self.resume(file, &pattern, recovered, false, now);
                }
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
    pub(super) fn recover(&self, sought: &Sought<'_>, itself: Option<FileId>) -> Option<Recovered> {
        let parent = sought.location.parent()?;
        let mut candidates = Vec::new();
        for entry in parent.read_dir().ok()?.take(MOST_CANDIDATES).flatten() {
            let location = parent.join(&entry.file_name());
            let Ok(metadata) = location.metadata() else { continue };
            let facts = Facts::of(&metadata);
            let taken =
                self.files.at(facts.place).filter(|id| Some(*id) != itself).and_then(|id| self.files.get(id));
            let free = taken.is_none_or(|other| other.copy_of.is_some() && other.copy_of == itself);
            let known = facts.place == sought.place || sought.head.length > 0;
            if metadata.is_file() && free && known && facts.size >= sought.position.offset {
                candidates.push((
                    facts.place != sought.place,
                    std::cmp::Reverse(facts.modified),
                    location,
                    facts,
                ));
            }
        }
        candidates.sort_by_key(|candidate| (candidate.0, candidate.1));
        candidates.into_iter().find_map(|(_, _, location, facts)| {
            let handle = location.open().ok()?;
            let same_place = Facts::of(&handle.metadata().ok()?).place == facts.place;
            let same = same_place && is_same(&handle, sought.head, sought.position);
            same.then_some(Recovered { handle, location, facts })
        })
    }
}

/// Whether the same content is enough to take a file for one that was born at `born` and has been read up to `position`.
/// Every log of a program may begin with the same few lines: those of a new one must not be passed over.
fn is_evidence(facts: &Facts, born: Option<u64>, position: Position) -> bool {
    facts.may_be_born(born) || position.offset >= ANCHOR as u64
}

/// Whether `handle` has the beginning and the place of a content. What cannot be read is not the same.
pub(super) fn is_same(handle: &File, head: Print, position: Position) -> bool {
    head.begins(handle).unwrap_or(false) && position.fits(handle).unwrap_or(false)
}
