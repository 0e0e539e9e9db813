//! The boxes of a directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// What the names of boxes begin with. Behind it stand milliseconds since 1970, process and number, so that names sort by age and no two
/// are the same.
const PREFIX: &str = "letters-";

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A name that no other box has.
pub(super) fn new_name(now: SystemTime) -> String {
    let millis = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{PREFIX}{millis:013}-{}-{number}", std::process::id())
}

/// The boxes below `directory`, oldest first.
///
/// # Errors
///
/// When the directory cannot be read.
pub(in crate::queue) fn boxes(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut boxes = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && entry.file_type()?.is_dir() {
            boxes.push(entry.path());
        }
    }
    boxes.sort_unstable();
    Ok(boxes)
}

/// Bytes on disk below `path`. What vanishes meanwhile does not count.
pub(super) fn size(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
