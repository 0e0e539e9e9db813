//! Copies of damaged segments, for people to look at.

use std::io;
use std::path::Path;

use super::disk::Volume;

/// The directory of the copies, in that of the queue.
pub(super) const DIRECTORY: &str = "quarantine";

/// Bytes copied at a time.
const CHUNK: usize = 1 << 20;

/// Puts a copy of the segment `name` in `directory` aside, unless all copies would then have more than `most` bytes. Whether it was
/// done; a copy that is there already is not made again.
pub(super) fn put_aside(volume: &dyn Volume, directory: &Path, name: &str, most: u64) -> io::Result<bool> {
    let aside = directory.join(DIRECTORY);
    volume.make_directory(&aside)?;
    let copies = volume.list(&aside)?;
    if copies.iter().any(|(copy, _)| copy == name) {
        return Ok(false);
    }
    let held: u64 = copies.iter().map(|(_, length)| length).sum();
    let from = volume.open(&directory.join(name))?;
    if held.saturating_add(from.length()?) > most {
        return Ok(false);
    }
    // Half a copy is not to be taken for one, whatever ends this.
    let unfinished = aside.join("unfinished");
    let to = volume.create(&unfinished)?;
    let mut buffer = vec![0; CHUNK];
    let mut offset = 0;
    loop {
        let read = from.read_at(&mut buffer, offset)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            volume.rename(&unfinished, &aside.join(name))?;
            return Ok(true);
        }
        if let Err(error) = to.write_at(bytes, offset) {
            // The disk may be full.
            let _ = volume.remove(&unfinished);
            return Err(error);
        }
        offset += read as u64;
    }
}
