//! Small files of a process, read as that process sees them: whatever its links say, they lead to nothing outside of its root.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};

/// The root directory of a process.
#[derive(Clone, Debug)]
pub(super) struct Files {
    root: PathBuf,
}

impl Files {
    /// The files below `root`: `/proc/<pid>/root`.
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// Whether anything may be seen of them.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub(super) fn look(&self) -> io::Result<()> {
        self.root().map(drop)
    }

    /// The whole of a file.
    ///
    /// # Errors
    ///
    /// Also when there are more than `most` bytes.
    pub(super) fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        let file = self.file(path)?;
        let mut bytes = Vec::new();
        file.take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("larger than {most} bytes")));
        }
        Ok(bytes)
    }

    /// A file, to be read in places.
    ///
    /// # Errors
    ///
    /// Also when it is something else than a file.
    pub(super) fn file(&self, path: &Path) -> io::Result<File> {
        let file = self.open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
        }
        Ok(file)
    }

    /// The names in a directory, `most` of them.
    pub(super) fn names(&self, path: &Path, most: usize) -> Vec<String> {
        let Ok(directory) = self.open(path, OFlags::RDONLY | OFlags::DIRECTORY) else { return Vec::new() };
        let Ok(entries) = std::fs::read_dir(format!("/proc/self/fd/{}", directory.as_raw_fd())) else {
            return Vec::new();
        };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> = names.take(most).collect();
        names.sort();
        names
    }

    fn root(&self) -> io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(rustix::fs::open(&self.root, flags, Mode::empty())?)
    }

    fn open(&self, path: &Path, flags: OFlags) -> io::Result<File> {
        let root = self.root()?;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        Ok(openat2(&root, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve)?.into())
    }
}
