//! Small file systems of their own, to be filled up and cut off from power.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use tempfile::TempDir;

/// An ext4 file system in an image file, mounted as long as this value lives.
pub(super) struct Volume {
    folder: TempDir,
}

impl Volume {
    /// A new one of `mebibytes`. `None` where the system lets nobody mount: the story cannot be told there.
    pub(super) fn new(mebibytes: u64) -> anyhow::Result<Option<Self>> {
        let folder = TempDir::with_prefix("edgewatch-volume-")?;
        File::create(folder.path().join(IMAGE))?.set_len(mebibytes << 20)?;
        let mut make = Command::new("mkfs.ext4");
        make.args(["-q", "-F", "-m", "0"]).arg(folder.path().join(IMAGE));
        match make.stdout(Stdio::null()).status() {
            Ok(status) => anyhow::ensure!(status.success(), "mkfs.ext4: {status}"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                eprintln!("SKIPPED: there is no mkfs.ext4 here; install e2fsprogs to run this story");
                return Ok(None);
            }
            Err(error) => return Err(error).context("mkfs.ext4"),
        }
        Self::mount(folder)
    }

    /// What a power cut at this moment would leave: whatever the file system has written to its device, and nothing of what the kernel
    /// still holds for it.
    pub(super) fn after_a_power_cut(&self) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("edgewatch-volume-")?;
        std::fs::copy(self.folder.path().join(IMAGE), folder.path().join(IMAGE))?;
        Self::mount(folder)?.context("it could be mounted before")
    }

    fn mount(folder: TempDir) -> anyhow::Result<Option<Self>> {
        let volume = Self { folder };
        std::fs::create_dir(volume.path())?;
        // The journal is committed when somebody syncs, and not by the clock in the middle of a copy.
        let mut mount = Command::new("mount");
        mount.args(["-o", "loop,commit=600"]).arg(volume.folder.path().join(IMAGE)).arg(volume.path());
        let output = mount.output().context("mount")?;
        if output.status.success() {
            return Ok(Some(volume));
        }
        eprintln!(
            "SKIPPED: nobody may mount file systems here ({}); run as root to tell this story",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(None)
    }

    /// Where it is mounted.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    /// Takes all the room that is left, for others than the agent.
    pub(super) fn fill(&self) -> anyhow::Result<Ballast> {
        use std::io::Write as _;

        let path = self.path().join("ballast");
        let mut file = File::create(&path)?;
        let block = vec![b'x'; 4096];
        loop {
            match file.write_all(&block) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                Err(error) => return Err(error).context("filling the volume"),
            }
        }
        // Delayed allocation finds out at the end that there is no room; what was taken is taken.
        let _full = file.sync_all();
        Ok(Ballast(path))
    }
}

const IMAGE: &str = "image";

impl Drop for Volume {
    fn drop(&mut self) {
        // Lazily: an agent that failed its story may still have files open.
        let unmounted = Command::new("umount").arg("-l").arg(self.path()).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("could not unmount {}", self.path().display());
        }
    }
}

/// Takes room on a volume.
pub(super) struct Ballast(PathBuf);

impl Ballast {
    /// Gives the room back.
    pub(super) fn throw_off(self) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(&self.0)?)
    }
}

/// Every file below `folder`.
pub(super) fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let list = if entry.file_type()?.is_dir() { &mut folders } else { &mut found };
            list.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
