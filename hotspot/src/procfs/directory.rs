//! `/proc` as a directory of processes.

use std::ffi::CStr;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use edgewatch_core::kernel::{Listing, fill, is_procfs};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// Longest line of a table that is understood; a path has at most 4 KiB.
const LONGEST_LINE: usize = 16 << 10;

/// `/proc`, opened.
#[derive(Debug)]
pub struct Proc {
    fd: OwnedFd,
    listing: Listing,
}

impl Proc {
    /// Opens the directory `path`.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn open(path: &Path) -> io::Result<Self> {
        let fd = rustix::fs::open(path, DIRECTORY, Mode::empty())?;
        Ok(Self { fd, listing: Listing::default() })
    }

    /// Calls `visit` with the number and the inode of each process, in ascending order of numbers where the kernel lists them.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn list(&mut self, mut visit: impl FnMut(u32, u64)) -> io::Result<()> {
        self.listing.numbers(&self.fd, |number, inode| {
            if let Ok(pid) = u32::try_from(number) {
                visit(pid, inode);
            }
        })
    }

    /// Opens the process `pid`.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn process(&self, pid: u32) -> io::Result<Opened> {
        let name = pid.to_string();
        Ok(Opened { fd: rustix::fs::openat(&self.fd, name, DIRECTORY | OFlags::PATH, Mode::empty())? })
    }

    /// Reads `/proc/<pid>/stat` without opening the process first, as much as `buffer` has room for.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn stat<'b>(&self, pid: u32, buffer: &'b mut [u8]) -> io::Result<&'b [u8]> {
        let mut path = [0_u8; 24];
        {
            use io::Write;
            write!(path.as_mut_slice(), "{pid}/stat")?;
        }
        let path = CStr::from_bytes_until_nul(&path).map_err(io::Error::other)?;
        let fd = rustix::fs::openat(&self.fd, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        let length = rustix::io::retry_on_intr(|| rustix::io::read(&fd, &mut *buffer))?;
        Ok(buffer.get(..length).unwrap_or_default())
    }
}

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// A process, as a directory: what is below it is that of this process or fails.
#[derive(Debug)]
pub struct Opened {
    fd: OwnedFd,
}

impl AsFd for Opened {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Opened {
    /// Opens the directory of a process.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn at(path: &Path) -> io::Result<Self> {
        Ok(Self { fd: rustix::fs::open(path, DIRECTORY | OFlags::PATH, Mode::empty())? })
    }

    /// Opens one of its files.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn file(&self, name: &str) -> io::Result<OwnedFd> {
        Ok(rustix::fs::openat(&self.fd, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
    }

    /// Reads one of its files as a whole.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn read<'b>(&self, name: &str, buffer: &'b mut Vec<u8>) -> io::Result<&'b [u8]> {
        let length = fill(std::fs::File::from(self.file(name)?), buffer)?;
        Ok(buffer.get(..length).unwrap_or_default())
    }

    /// Where one of its links leads, as text.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn link(&self, name: &str) -> io::Result<Vec<u8>> {
        Ok(rustix::fs::readlinkat(&self.fd, name, Vec::new())?.into_bytes())
    }

    /// How many files it has open.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn open_files(&self) -> io::Result<u64> {
        Listing::default().open_files(&self.fd, c"fd", is_procfs(&self.fd)?)
    }
}

/// Whether an error says that the process has ended.
pub(crate) fn no_such_process(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOENT | Errno::SRCH))
}

/// Calls `visit` with each line of `input` until it returns false, in memory that does not grow with the input.
pub(crate) fn lines_of(mut input: impl Read, mut visit: impl FnMut(&[u8]) -> bool) -> io::Result<()> {
    let mut buffer = vec![0; LONGEST_LINE];
    let mut held = 0;
    loop {
        let count = match input.read(buffer.get_mut(held..).unwrap_or_default()) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let text = buffer.get(..held + count).unwrap_or_default();
        let whole = if count == 0 { text.len() } else { memchr::memrchr(b'\n', text).map_or(0, |at| at + 1) };
        for line in edgewatch_core::kernel::lines(text.get(..whole).unwrap_or_default()) {
            if !visit(line) {
                return Ok(());
            }
        }
        if count == 0 {
            return Ok(());
        }
        let end = held + count;
        buffer.copy_within(whole..end, 0);
        held = end - whole;
        // A line without an end is given up.
        if held == buffer.len() {
            held = 0;
        }
    }
}
