//! The way to a file: as it is, or inside of the root directory of a process.
//!
//! What lies in the file system of a container is written by whoever is in there. A path below a root is resolved by the kernel with
//! `openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)`: symbolic links, absolute ones too, and `..` stay inside, and links of `/proc` are
//! not followed. Only ordinary files are opened, and without waiting, so that a pipe holds nobody up.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, ReadDir};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};

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
        let file = self.inside(root, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    /// What the system says about it, symbolic links followed.
    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        match &self.root {
            None => fs::metadata(&self.path),
            Some(root) => self.inside(root, OFlags::PATH)?.metadata(),
        }
    }

    /// What is in this directory.
    pub(super) fn read_dir(&self) -> io::Result<ReadDir> {
        match &self.root {
            None if self.path.as_os_str().is_empty() => fs::read_dir("."),
            None => fs::read_dir(&self.path),
            Some(root) => {
                let directory = self.inside(root, OFlags::RDONLY | OFlags::DIRECTORY)?;
                fs::read_dir(format!("/proc/self/fd/{}", directory.as_raw_fd()))
            }
        }
    }

    fn inside(&self, root: &Path, flags: OFlags) -> io::Result<File> {
        let root = rustix::fs::open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let path = if self.path.as_os_str().is_empty() { Path::new("/") } else { &self.path };
        Ok(openat2(&root, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve)?.into())
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self { root: None, path: path.to_path_buf() }
    }
}
