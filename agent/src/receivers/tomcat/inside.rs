//! The files of a process, as that process sees them.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use std::os::fd::OwnedFd;

/// The root directory of a process, which may be that of a container.
#[derive(Debug)]
pub(super) struct Root(OwnedFd);

impl Root {
    /// Opens the root directory `path`: `/proc/<pid>/root`.
    pub(super) fn open_at(path: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(openat(CWD, path, flags, Mode::empty())?))
    }

    /// Opens the file that the process has at `path`. Links are those of the process: whatever they say, they lead to nothing
    /// outside of its root, so that a container cannot make the agent read files of the host.
    pub(super) fn open(&self, path: &Path) -> io::Result<File> {
        let Self(root) = self;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = File::from(openat2(root, path, flags, Mode::empty(), ResolveFlags::IN_ROOT)?);
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
        }
        Ok(file)
    }
}
