//! Finds contents again that are not where they were: after a restart, a rename, a truncation.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::attributes::labels;
use super::checkpoint::Remembered;
use super::files::{FileId, Followed};
use super::finder::Found;
use super::identity::{Facts, Place, Position, Print};
use super::rotation::followed;
use super::tailer::{Tailer, nanoseconds};

/// Files of a directory that are looked at in search of a copy.
const MOST_CANDIDATES: usize = 10_000;

/// A content that is to be found again.
pub(super) struct Sought<'a> {
    pub(super) location: &'a Path,
    pub(super) place: Place,
    pub(super) head: Print,
    pub(super) position: Position,
}

/// Where it was found.
pub(super) struct Recovered {
    pub(super) handle: File,
    pub(super) path: PathBuf,
    pub(super) facts: Facts,
}

impl Tailer {
    /// Follows `found` when it is a file that was followed before.
    pub(super) fn is_resumed(&mut self, found: &Found, now: Instant) -> bool {
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
    pub(super) fn recover_remembered(&mut self, now: Instant, wall: SystemTime) {
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
    pub(super) fn recover(&self, sought: &Sought<'_>, itself: Option<FileId>) -> Option<Recovered> {
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
}

/// Whether `handle` has the beginning and the place of a content. What cannot be read is not the same.
pub(super) fn is_same(handle: &File, head: Print, position: Position) -> bool {
    head.begins(handle).unwrap_or(false) && position.fits(handle).unwrap_or(false)
}
