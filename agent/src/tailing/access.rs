//! The way to a file: as it is, or inside of the root directory of a process.
//!
//! What lies in the file system of a container is written by whoever is in there. A path below a root is resolved by the kernel, or by
//! [`super::inside`] where the kernel cannot: symbolic links, absolute ones too, and `..` stay inside. A file is looked at before it is
//! opened: only ordinary ones are, because opening a device may do something.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, ReadDir};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};

use super::inside::{self, reopen};

/// Where a file is.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Location {
    /// The root directory of a process, such as `/proc/1234/root`; none where paths mean what they mean to the agent.
    pub(super) root: Option<Arc<Path>>,
    /// The path, seen from the root.
    pub(super) path: PathBuf,
}

impl Location {
    /// `path`, beside this one.
    pub(super) fn at(&self, path: PathBuf) -> Self {
        Self { root: self.root.clone(), path }
    }

    /// The directory that holds it.
    pub(super) fn parent(&self) -> Option<Self> {
        self.path.parent().map(|path| self.at(path.to_path_buf()))
    }

    /// `name` in this directory.
    pub(super) fn join(&self, name: &OsStr) -> Self {
        self.at(self.path.join(name))
    }

    /// As the agent sees it, for messages.
    pub(super) fn shown(&self) -> PathBuf {
        match &self.root {
            None => self.path.clone(),
            Some(root) => root.join(self.path.strip_prefix("/").unwrap_or(&self.path)),
        }
    }

    /// Opens it for reading.
    pub(super) fn open(&self) -> io::Result<File> {
        let Some(root) = &self.root else { return File::open(&self.path) };
        let found = self.inside(root)?;
        if !found.metadata()?.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        reopen(&found, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)
    }

    /// What the system says about it, symbolic links followed.
    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        match &self.root {
            None => fs::metadata(&self.path),
            Some(root) => self.inside(root)?.metadata(),
        }
    }

    /// What is in this directory.
    pub(super) fn read_dir(&self) -> io::Result<ReadDir> {
        match &self.root {
            None if self.path.as_os_str().is_empty() => fs::read_dir("."),
            None => fs::read_dir(&self.path),
            Some(root) => {
                let directory = self.inside(root)?;
                fs::read_dir(format!("/proc/self/fd/{}", directory.as_raw_fd()))
            }
        }
    }

    /// A descriptor that only stands for it.
    fn inside(&self, root: &Path) -> io::Result<File> {
        let found = rustix::fs::open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .and_then(|root| inside::resolve(&root, &self.path));
        found.map_err(|error| match error {
            // The process has ended meanwhile.
            rustix::io::Errno::SRCH => io::ErrorKind::NotFound.into(),
            error => error.into(),
        })
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self { root: None, path: path.to_path_buf() }
    }
}
