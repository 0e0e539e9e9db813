//! Opens and reads counters.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::{Component, Path};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use super::same::is_same;
use super::{Missing, Way, denied, scan};
use crate::counters::{LARGEST, Layout, LayoutError, PROLOGUE};
use crate::find::{Process, Shared};
use crate::procfs::{Opened, Stat};

/// What the agent needs to open the file of another user's process.
const FOR_FILES: &str = "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH";
/// What it needs to open a file through the mapping.
const FOR_MAPPINGS: &str = "CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH and CAP_CHECKPOINT_RESTORE";

/// The block of counters of one JVM. Holds one file descriptor.
#[derive(Debug)]
pub struct Source {
    way: Way,
    file: File,
    /// Where in `file` the block begins.
    start: u64,
    buffer: Vec<u8>,
}

impl Source {
    /// Opens the counters of `process`. With `memory_scan` its memory is searched when it shares none.
    ///
    /// # Errors
    ///
    /// Why there are none, or none that the agent can read.
    pub fn open(process: &Process, memory_scan: bool) -> Result<Self, Missing> {
        let opened = open_process(process)?;
        let found = match &process.shared {
            Some(shared) => by_file(&opened, shared),
            None => Err(Missing::NotShared),
        };
        let mut source = match found {
            Ok(source) => source,
            Err(missing) if !memory_scan => return Err(missing),
            Err(Missing::NotShared) => in_memory(&opened, None)?,
            // What stands in the way of the file is what the user can do something about.
            Err(missing) => in_memory(&opened, process.shared.as_ref()).map_err(|_| missing)?,
        };
        let block =
            source.read().map_err(|source| Missing::Io { what: "the counters".to_owned(), source })?;
        // The prologue tells whether it is a block; who uses the counters reads the rest of its layout.
        Layout::parse(block.get(..PROLOGUE).ok_or(LayoutError::Unfinished)?)?;
        Ok(source)
    }

    /// How the counters are reached.
    #[must_use]
    pub const fn way(&self) -> Way {
        self.way
    }

    /// Reads the block as it is now. Says nothing about whether the JVM is still there.
    ///
    /// # Errors
    ///
    /// What the system said; `UnexpectedEof` when the memory of the process is gone, or its file was cut off.
    pub fn read(&mut self) -> io::Result<&[u8]> {
        if self.buffer.is_empty() {
            self.buffer.resize(FIRST_READ, 0);
        }
        let mut length = self.pread()?;
        let used = used(self.buffer.get(..length).unwrap_or_default());
        if used > self.buffer.len() {
            self.buffer.resize(used.next_multiple_of(FIRST_READ).min(LARGEST), 0);
            length = self.pread()?;
        }
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(self.buffer.get(..length).unwrap_or_default())
    }

    /// Reads the bytes of the block that begin at `from`, as many as `part` has room for. What [`read`](Self::read) has returned stays
    /// as it was.
    ///
    /// # Errors
    ///
    /// What the system said; `UnexpectedEof` when there are fewer.
    pub fn peek(&self, from: usize, part: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(part, self.start + from as u64)
    }

    fn pread(&mut self) -> io::Result<usize> {
        loop {
            match self.file.read_at(&mut self.buffer, self.start) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }
}

/// How many bytes of the block that begins with `bytes` are in use, by its own word.
fn used(bytes: &[u8]) -> usize {
    let order = bytes.get(4);
    let Some(used) = bytes.get(8..).and_then(|rest| rest.first_chunk()) else { return 0 };
    let used = if order == Some(&0) { i32::from_be_bytes(*used) } else { i32::from_le_bytes(*used) };
    usize::try_from(used).unwrap_or(0).min(LARGEST)
}

/// Most blocks have less than two pages in use, all that were seen less than four.
const FIRST_READ: usize = 4 << 10;

/// The directory of `process`, if it still is this process.
fn open_process(process: &Process) -> Result<Opened, Missing> {
    let path = process.root.parent().unwrap_or(Path::new("/"));
    let io = |source| Missing::Io { what: path.display().to_string(), source };
    let opened = Opened::at(path).map_err(io)?;
    let mut buffer = Vec::new();
    let stat = Stat::parse(opened.read("stat", &mut buffer).map_err(io)?);
    if stat.is_none_or(|stat| stat.start != process.id.start || stat.has_ended()) {
        return Err(io(Errno::SRCH.into()));
    }
    Ok(opened)
}

/// The file, by its path or through the mapping.
fn by_file(process: &Opened, shared: &Shared) -> Result<Source, Missing> {
    let source = |way, file| Source { way, file, start: 0, buffer: Vec::new() };
    let by_path = if shared.deleted { Err(gone(shared)) } else { open_path(process, shared) };
    let missing = match by_path {
        Ok(file) => return Ok(source(Way::File, file)),
        Err(missing) => missing,
    };
    match open_mapping(process, shared) {
        Ok(file) => Ok(source(Way::Mapping, file)),
        // Deleted: the mapping is the only way, and what it lacks is what the user needs to hear.
        Err(missing) if shared.deleted => Err(missing),
        Err(_) => Err(missing),
    }
}

fn gone(shared: &Shared) -> Missing {
    Missing::Io { what: shared.path.display().to_string(), source: Errno::NOENT.into() }
}

/// Opens the file by its path below the root directory of the process.
fn open_path(process: &Opened, shared: &Shared) -> Result<File, Missing> {
    let what = || shared.path.display().to_string();
    let failed = |errno: Errno| denied(&what(), FOR_FILES, errno.into());
    let mut fd =
        rustix::fs::openat(process, "root", PLACE | OFlags::DIRECTORY, Mode::empty()).map_err(failed)?;
    let mut parts = shared.path.components().peekable();
    while let Some(part) = parts.next() {
        let name = match part {
            Component::RootDir => continue,
            Component::Normal(name) => name,
            Component::Prefix(_) | Component::CurDir | Component::ParentDir => {
                return Err(Missing::Foreign(what()));
            }
        };
        // The kernel told the path without links: there are none, or it is not the same path any more.
        let flags = if parts.peek().is_some() { PLACE | OFlags::DIRECTORY } else { PLACE };
        fd = rustix::fs::openat(&fd, name, flags | OFlags::NOFOLLOW, Mode::empty()).map_err(|errno| {
            match errno {
                Errno::LOOP | Errno::NOTDIR => Missing::Foreign(what()),
                errno => failed(errno),
            }
        })?;
    }
    checked(fd, shared, FOR_FILES)
}

/// Opens the file through the mapping.
fn open_mapping(process: &Opened, shared: &Shared) -> Result<File, Missing> {
    let (from, to) = shared.range;
    let what = format!("/proc/<pid>/map_files/{from:x}-{to:x}");
    let fd = rustix::fs::openat(process, what.trim_start_matches("/proc/<pid>/"), PLACE, Mode::empty());
    checked(fd.map_err(|errno| denied(&what, FOR_MAPPINGS, errno.into()))?, shared, FOR_MAPPINGS)
}

/// Opens nothing yet, only finds.
const PLACE: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);

/// Opens what was found, if it is a regular file and the one that is mapped.
fn checked(place: OwnedFd, shared: &Shared, capabilities: &'static str) -> Result<File, Missing> {
    let what = || shared.path.display().to_string();
    let io = |source| Missing::Io { what: what(), source };
    let stat = rustix::fs::fstat(&place).map_err(|errno| io(errno.into()))?;
    // Opening a device or a pipe may do something.
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(Missing::Foreign(what()));
    }
    let file = reopen(place.as_fd()).map_err(|error| denied(&what(), capabilities, error))?;
    if !is_same(file.as_fd(), &stat, shared).map_err(io)? {
        return Err(Missing::Foreign(what()));
    }
    Ok(file)
}

/// Opens for reading what `place` has found.
fn reopen(place: BorrowedFd<'_>) -> io::Result<File> {
    let path = format!("/proc/self/fd/{}", place.as_raw_fd());
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// The counters in the memory of the process: where it has mapped the file, or else where they are found.
fn in_memory(process: &Opened, shared: Option<&Shared>) -> Result<Source, Missing> {
    let memory = process.file("mem").map_err(|error| denied("/proc/<pid>/mem", FOR_FILES, error))?;
    let file = File::from(memory);
    let start = match shared {
        Some(shared) => shared.range.0,
        None => scan::find(process, &file)?,
    };
    Ok(Source { way: Way::Memory, file, start, buffer: Vec::new() })
}
