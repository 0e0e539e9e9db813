//! `/proc` as a directory of processes. Paths are put together in memory that is kept.

use std::ffi::CStr;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use edgewatch_core::kernel::{Listing, is_procfs};
use rustix::fs::{Mode, OFlags};

/// `/proc`, opened.
#[derive(Debug)]
pub(super) struct Directory {
    fd: OwnedFd,
    path: Vec<u8>,
    listing: Listing,
    /// Whether it is the kernel's own, not a recording.
    is_procfs: bool,
}

impl Directory {
    /// Opens `proc`.
    pub(super) fn open(proc: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(proc, flags, Mode::empty())?;
        let is_procfs = is_procfs(&fd)?;
        Ok(Self { fd, path: Vec::new(), listing: Listing::default(), is_procfs })
    }

    /// Calls `visit` with the number of each process, at most `limit` of them. Returns how many there were
    /// beyond that.
    pub(super) fn processes(&mut self, limit: usize, mut visit: impl FnMut(u32)) -> io::Result<usize> {
        let mut count = 0_usize;
        self.listing.numbers(&self.fd, |number, _| {
            if let Ok(pid) = u32::try_from(number) {
                count += 1;
                if count <= limit {
                    visit(pid);
                }
            }
        })?;
        Ok(count.saturating_sub(limit))
    }

    /// Reads as much of a process's file as `buffer` has room for: these files are made in one piece.
    pub(super) fn read<'b>(&mut self, pid: u32, file: &str, buffer: &'b mut [u8]) -> io::Result<&'b [u8]> {
        let path = path(&mut self.path, pid, file)?;
        let fd = rustix::fs::openat(&self.fd, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        let length = rustix::io::retry_on_intr(|| rustix::io::read(&fd, &mut *buffer))?;
        Ok(buffer.get(..length).unwrap_or_default())
    }

    /// Where a process's link leads, at most as long as `buffer`.
    pub(super) fn link<'b>(&mut self, pid: u32, file: &str, buffer: &'b mut [u8]) -> io::Result<&'b [u8]> {
        let path = path(&mut self.path, pid, file)?;
        let length = rustix::fs::readlinkat_raw(&self.fd, path, &mut *buffer)?;
        Ok(buffer.get(..length).unwrap_or_default())
    }

    /// How many files a process has open.
    pub(super) fn open_files(&mut self, pid: u32) -> io::Result<u64> {
        let path = path(&mut self.path, pid, "fd")?;
        self.listing.open_files(&self.fd, path, self.is_procfs)
    }
}

/// Puts together the path of a process's file.
fn path<'p>(path: &'p mut Vec<u8>, pid: u32, file: &str) -> io::Result<&'p CStr> {
    path.clear();
    path.extend_from_slice(itoa::Buffer::new().format(pid).as_bytes());
    path.push(b'/');
    path.extend_from_slice(file.as_bytes());
    path.push(0);
    CStr::from_bytes_with_nul(path).map_err(io::Error::other)
}
