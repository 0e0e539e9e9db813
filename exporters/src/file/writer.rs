use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::SystemTime;

use bytes::Bytes;
use edgewatch_core::Signal;
use tracing::warn;

use super::appender::Appender;
use super::config::{Config, Rotation};
use super::frame::{Framer, Framing};
use super::recovery::{self, Content};
use super::rotation;

/// Only the agent's user may read what passes, as with the Collector.
const FILE_MODE: u32 = 0o600;

/// Writes batches to the file and begins new ones. Opens the file with the first batch.
pub(super) struct Writer {
    config: Config,
    framer: Framer,
    file: Option<Appender<File>>,
    /// Whether the file has been opened before: then it is not emptied any more.
    opened: bool,
}

impl Writer {
    pub(super) fn new(config: Config) -> io::Result<Self> {
        let framer = Framer::new(config.format, config.compression)?;
        Ok(Self { config, framer, file: None, opened: false })
    }

    /// Writes a batch at the time `now`. When this returns, the system has taken all of it, or nothing is
    /// left of it.
    pub(super) fn write(&mut self, signal: Signal, segments: &[Bytes], now: SystemTime) -> io::Result<()> {
        let record = self.framer.frame(signal, segments)?;
        let current = self.file.take().filter(|file| is_at(&self.config.path, file.store()));
        let mut file = match current {
            Some(file) => file,
            None => open(&self.config, self.opened, now)?,
        };
        self.opened = true;
        if let Some(settings) = &self.config.rotation {
            let size = file.size()?;
            let length: usize = record.iter().map(|part| part.len()).sum();
            if size > 0 && size + length as u64 > settings.max_bytes() {
                file = rotate(&self.config, settings, file, now)?;
            }
        }
        let outcome = file.append(record);
        self.file = Some(file);
        outcome
    }

    /// Puts everything on the disk and closes the file.
    pub(super) fn close(&mut self) -> io::Result<()> {
        self.file.take().map_or(Ok(()), |file| file.sync())
    }
}

/// Opens the file for appending: emptied when that is asked for and it is the first time, otherwise mended.
fn open(config: &Config, again: bool, now: SystemTime) -> io::Result<Appender<File>> {
    if let (true, Some(directory)) = (config.create_directory, config.path.parent()) {
        let mode = config.directory_mode().unwrap_or(0o755);
        DirBuilder::new().recursive(true).mode(mode).create(directory)?;
    }
    let mut file = open_at_end(&config.path)?;
    let size = file.metadata()?.len();
    // Pipes and devices have nothing to be mended.
    if !file.metadata()?.is_file() || size == 0 {
        return Ok(Appender::new(file));
    }
    if !(again || config.append || config.rotation.is_some()) {
        file.set_len(0)?;
        return Ok(Appender::new(file));
    }
    match recovery::examine(&mut file, Framing::of(config.format, config.compression))? {
        Content::Records(end) if end == size => {}
        Content::Records(end) => {
            warn!(path = %config.path.display(), bytes = size - end, "the file ended in a broken record, which was cut off");
            file.set_len(end)?;
        }
        Content::Foreign => {
            let settings = config.rotation.clone().unwrap_or_default();
            let renamed = rotation::rename(&config.path, &settings, now)?;
            warn!(path = %config.path.display(), renamed = %renamed.display(), "the file held something else, it was put aside");
            file = open_at_end(&config.path)?;
        }
    }
    Ok(Appender::new(file))
}

/// Whether `path` still leads to `file`: not when somebody has renamed or deleted it, and what is written would be lost.
fn is_at(path: &Path, file: &File) -> bool {
    match (fs::metadata(path), file.metadata()) {
        (Ok(there), Ok(here)) => (there.dev(), there.ino()) == (here.dev(), here.ino()),
        (Err(error), _) => error.kind() != io::ErrorKind::NotFound,
        (Ok(_), Err(_)) => false,
    }
}

fn open_at_end(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(FILE_MODE).open(path)
}

/// Renames the file, begins a new one and deletes what is too old.
fn rotate(
    config: &Config,
    settings: &Rotation,
    file: Appender<File>,
    now: SystemTime,
) -> io::Result<Appender<File>> {
    file.sync()?;
    drop(file);
    rotation::rename(&config.path, settings, now)?;
    let file = open(config, true, now)?;
    if let Err(error) = rotation::clean_up(&config.path, settings, now) {
        warn!(path = %config.path.display(), %error, "old files could not be deleted");
    }
    Ok(file)
}

/// Whether the directory of `path` is there and `path` is none itself.
pub(super) fn check(path: &Path, create_directory: bool) -> Result<(), String> {
    if path.is_dir() {
        return Err(format!("{} is a directory; name a file in it", path.display()));
    }
    let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) else {
        return Ok(());
    };
    if create_directory {
        return Ok(());
    }
    match fs::metadata(directory) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(format!("{} is not a directory", directory.display())),
        Err(error) => {
            let directory = directory.display();
            Err(format!(
                "the directory {directory} cannot be used ({error}); make it, or set create_directory"
            ))
        }
    }
}
