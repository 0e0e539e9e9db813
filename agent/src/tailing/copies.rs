//! Recognises the copies that `copytruncate` makes while they are made, so that they are not read beside their original.
//!
//! A copy waits: when its original is truncated, the original's record goes on with it; when the original is given up, reading
//! goes on in the copy. What turns out to be a file of its own is read from its beginning: lines may then come twice, none is lost.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::access::Location;
use super::files::{FileId, Followed};
use super::identity::{ANCHOR, Facts, Position, Print, read_up_to};
use super::records::Records;
use super::recovery::is_same;
use super::tailer::Tailer;

impl<R: Records> Tailer<R> {
    /// The file that `handle`, found at `location` and beginning with `head`, is a copy of.
    pub(super) fn original(
        &self,
        location: &Location,
        handle: &File,
        facts: &Facts,
        head: &[u8],
    ) -> io::Result<Option<FileId>> {
        for (id, file) in self.files.iter() {
            let length = file.head.length as usize;
            let same_head = head.get(..length).is_none_or(|begin| Print::of(begin) == file.head);
            if length > 0
                && same_head
                && file.copy_of.is_none()
                && file.location.root == location.root
                && (is_named_after(&location.path, &file.name)
                    || is_named_after(&location.path, &file.location.path))
                && is_copy(handle, facts, file)?
            {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Looks whether `id` is still a copy.
    pub(super) fn review_copy(&mut self, id: FileId) {
        let Some(copy) = self.files.get(id) else { return };
        let Some(original) = copy.copy_of.and_then(|original| self.files.get(original)) else {
            self.release(id, None);
            return;
        };
        let handle = match &copy.handle {
            Some(handle) => Some(Arc::clone(handle)),
            None => copy.location.open().ok().map(Arc::new),
        };
        // What cannot be told now will be told later.
        let still = handle.is_none_or(|handle| is_copy(&handle, &copy.facts, original).unwrap_or(true));
        if !still {
            self.release(id, None);
        }
    }

    /// Reads `id`, which was taken for a copy, from `position` on when that fits, otherwise from its beginning.
    pub(super) fn release(&mut self, id: FileId, position: Option<Position>) {
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

/// Whether `path` is a name that rotation gives to copies of `original`: `app.log.1` and `app-20260102.log` for `app.log`.
fn is_named_after(path: &Path, original: &Path) -> bool {
    let follows = |stem: Option<&std::ffi::OsStr>| {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let stem = stem.unwrap_or_default().as_encoded_bytes();
        let rest = name.strip_prefix(stem).and_then(<[u8]>::first);
        !stem.is_empty() && matches!(rest, Some(b'.' | b'-' | b'_'))
    };
    let dated = follows(original.file_stem()) && path.extension() == original.extension();
    path.parent() == original.parent() && (follows(original.file_name()) || dated)
}

/// Whether `copy` is what `original` is or was before it was truncated, or a part of it.
fn is_copy<L>(copy: &File, facts: &Facts, original: &Followed<L>) -> io::Result<bool> {
    let Some(handle) = &original.handle else {
        return Ok(facts.size >= original.read.offset && is_same(copy, original.head, original.read));
    };
    let size = handle.metadata()?.len();
    if is_same(handle, original.head, original.read) {
        return Ok(facts.size <= size && is_beginning(copy, handle, facts.size)?);
    }
    // Truncated since it was looked at last.
    Ok(facts.size >= original.read.offset && is_same(copy, original.head, original.read))
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
