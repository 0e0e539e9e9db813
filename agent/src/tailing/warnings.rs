//! Says once what is wrong with a path, and again only after it was well in between.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use tracing::{info, warn};

/// Paths that are remembered as warned about. With more of them nothing more is said.
const MOST: usize = 1024;

/// Paths that something is wrong with.
#[derive(Debug)]
pub(crate) struct Warnings {
    receiver: String,
    paths: HashSet<PathBuf>,
}

impl Warnings {
    pub(crate) fn new(receiver: &str) -> Self {
        Self { receiver: receiver.to_owned(), paths: HashSet::new() }
    }

    /// `path` cannot be read.
    pub(super) fn unreadable(&mut self, path: &Path, error: &io::Error) {
        if self.is_news(path) {
            let path = path.display();
            warn!(receiver = self.receiver, %path, %error, "cannot read; the others go on, this is tried again");
        }
    }

    /// `path` is compressed.
    pub(super) fn compressed(&mut self, path: &Path) {
        if self.is_news(path) {
            info!(receiver = self.receiver, path = %path.display(), "a compressed file is passed over");
        }
    }

    /// `bytes` of the content last known as `path` were never read.
    pub(super) fn lost(&self, path: &Path, bytes: u64, how: &'static str) {
        let path = path.display();
        warn!(receiver = self.receiver, %path, bytes, how, "lines were lost before they could be read");
    }

    /// `glob` cannot be looked for.
    pub(super) fn no_glob(&mut self, glob: &str, error: &globset::Error) {
        if self.is_news(Path::new(glob)) {
            warn!(receiver = self.receiver, glob, %error, "not a glob; files are not looked for there");
        }
    }

    /// Nothing is wrong with `path`.
    pub(super) fn passed(&mut self, path: impl FnOnce() -> PathBuf) {
        if !self.paths.is_empty() {
            self.paths.remove(&path());
        }
    }

    fn is_news(&mut self, path: &Path) -> bool {
        self.paths.len() < MOST && self.paths.insert(path.to_path_buf())
    }
}
