//! The file system as the journal uses it: behind traits, so that tests can cut its power.

mod real;

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub(super) use real::RealVolume;

/// A file system.
pub(super) trait Volume: Debug + Send + Sync {
    /// Makes `directory` and those above it; not an error when it is there.
    fn make_directory(&self, directory: &Path) -> io::Result<()>;

    /// Names and sizes of the files in `directory`.
    fn list(&self, directory: &Path) -> io::Result<Vec<(String, u64)>>;

    /// Opens an existing file for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// Makes a file, empty: what was there is emptied.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// Gives a file another name in the same directory.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Waits until the names in `directory` are on the disk.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;
}

/// An open file.
pub(super) trait File: Debug + Send + Sync {
    fn length(&self) -> io::Result<u64>;

    /// Reads up to `buffer.len()` bytes; fewer at the end of the file only.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all of `bytes`, or fails having written some of them.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts the file off behind `length` bytes.
    fn truncate(&self, length: u64) -> io::Result<()>;

    /// Takes the space for `length` bytes, which read as zero where nothing has been written.
    fn allocate(&self, length: u64) -> io::Result<()>;

    /// Waits until what was written, and the file's length, are on the disk.
    fn sync(&self) -> io::Result<()>;
}
