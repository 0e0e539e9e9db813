//! What the directories of `/proc` list.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;

use rustix::fs::{AtFlags, Mode, OFlags, RawDir, SeekFrom};
use rustix::path::Arg;

use super::parse::number;

/// Room for the names of a directory, as many as one system call brings.
const LISTING: usize = 32 << 10;

/// The type that the file system of `/proc` tells, from `include/uapi/linux/magic.h`.
const PROC_SUPER_MAGIC: rustix::fs::FsWord = 0x9fa0;

/// Memory for listings, which is kept.
#[derive(Debug)]
pub struct Listing(Vec<MaybeUninit<u8>>);

impl Default for Listing {
    fn default() -> Self {
        Self(vec![MaybeUninit::uninit(); LISTING])
    }
}

impl Listing {
    /// Calls `visit` with the number and the inode of each entry of `directory` that is named by a number, from its beginning.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn numbers(&mut self, directory: impl AsFd, mut visit: impl FnMut(u64, u64)) -> io::Result<()> {
        rustix::fs::seek(directory.as_fd(), SeekFrom::Start(0))?;
        let mut entries = RawDir::new(directory, &mut self.0);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            if let Some(number) = number(entry.file_name().to_bytes()) {
                visit(number, entry.ino());
            }
        }
        Ok(())
    }

    /// How many files a process has open: the entries of its directory `fd`, which is at `path` in `directory`. In a `/proc` of the kernel
    /// since Linux 6.2 (`is_procfs`) that is the size of the directory, which everybody may know; otherwise they are counted.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn open_files(
        &mut self,
        directory: impl AsFd,
        path: impl Arg + Copy,
        is_procfs: bool,
    ) -> io::Result<u64> {
        if is_procfs {
            let stat = rustix::fs::statat(directory.as_fd(), path, AtFlags::empty())?;
            if stat.st_size > 0 {
                return Ok(stat.st_size.cast_unsigned());
            }
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let listed = rustix::fs::openat(directory, path, flags, Mode::empty())?;
        let mut count = 0;
        self.numbers(listed, |_, _| count += 1)?;
        Ok(count)
    }
}

/// Whether `directory` is of the kernel's `/proc`, not of a recording.
///
/// # Errors
///
/// What the system said.
pub fn is_procfs(directory: impl AsFd) -> io::Result<bool> {
    Ok(rustix::fs::fstatfs(directory)?.f_type == PROC_SUPER_MAGIC)
}
