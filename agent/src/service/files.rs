//! The files that a configuration was read from, and whether they are still the same.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

/// Between two looks. A change counts when two looks have found the same, so that a file is not read while it is being written.
const LOOK: Duration = Duration::from_secs(1);

/// Files and how they were when they were read. Links are followed, so that one that leads elsewhere counts as a change: this is how
/// Kubernetes brings in a new `ConfigMap`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Files(Vec<(PathBuf, Option<Stamp>)>);

/// What is different when a file has been written or another one is in its place.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Files {
    /// Adds the file at `path` as it is now.
    pub fn note(&mut self, path: &Path) {
        if !self.0.iter().any(|(known, _)| known == path) {
            self.0.push((path.to_owned(), stamp(path)));
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same files as they are now.
    fn now(&self) -> Self {
        Self(self.0.iter().map(|(path, _)| (path.clone(), stamp(path))).collect())
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let of = |file: Metadata| Stamp {
        device: file.dev(),
        inode: file.ino(),
        size: file.len(),
        modified: (file.mtime(), file.mtime_nsec()),
        changed: (file.ctime(), file.ctime_nsec()),
    };
    std::fs::metadata(path).map(of).ok()
}

/// Looks at files every now and then.
#[derive(Debug)]
pub struct Watch {
    files: Files,
    /// What the last look has found, when that was a change.
    pending: Option<Files>,
    looks: Interval,
}

impl Watch {
    /// Watches over `files`. Must be called within a runtime.
    #[must_use]
    pub fn over(files: Files) -> Self {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { files, pending: None, looks }
    }

    /// From now on `files` are what is compared with.
    pub fn reset(&mut self, files: Files) {
        self.files = files;
        self.pending = None;
    }

    /// Waits until a file has changed. Being dropped while it waits loses nothing.
    pub async fn changed(&mut self) {
        loop {
            self.looks.tick().await;
            let files = self.files.clone();
            // A path may lead to a file system that does not answer.
            let Ok(now) = tokio::task::spawn_blocking(move || files.now()).await else { continue };
            if now == self.files {
                self.pending = None;
            } else if self.pending.as_ref() == Some(&now) {
                return;
            } else {
                self.pending = Some(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn over(path: &Path) -> Watch {
        let mut files = Files::default();
        files.note(path);
        Watch::over(files)
    }

    #[tokio::test(start_paused = true)]
    async fn a_link_on_the_way_that_leads_elsewhere_is_a_change() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name);
        for version in ["1", "2"] {
            fs::create_dir(at(version)).expect("a directory");
            fs::write(at(version).join("agent.yaml"), "same").expect("a file");
        }
        symlink("1", at("..data")).expect("a link");
        symlink("..data/agent.yaml", at("agent.yaml")).expect("a link");
        let mut watch = over(&at("agent.yaml"));
        let unchanged = tokio::time::timeout(LOOK * 2, watch.changed()).await;
        assert!(unchanged.is_err());

        symlink("2", at("..next")).expect("a link");
        fs::rename(at("..next"), at("..data")).expect("in its place");
        tokio::time::timeout(LOOK * 10, watch.changed()).await.expect("a change");
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_was_read_after_its_change_is_none() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut watch = over(file.path());
        fs::write(file.path(), "more").expect("writable");
        watch.changed().await;

        let mut files = Files::default();
        files.note(file.path());
        watch.reset(files);
        assert!(tokio::time::timeout(LOOK * 3, watch.changed()).await.is_err());
    }
}
