//! The place of one file: found, read, and replaced as a whole.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use edgewatch_core::Signal;
use edgewatch_core::learned::DIRECTORY;
use xxhash_rust::xxh3::xxh3_64;

use super::format::{Found, Reader, Writer};
use crate::state::file_name;

const DIRECTORY_MODE: u32 = 0o700;
/// What was learned tells of what was seen.
pub(super) const FILE_MODE: u32 = 0o600;
/// Systems allow 255 bytes; suffixes need some of them.
const LONGEST_NAME: usize = 200;
/// Bytes that go to the disk at once. Queues that are synced meanwhile wait for no more than this, as file systems write in order.
const SLICE: usize = 4 << 20;
/// What follows the name of a file that is being written.
const DRAFT: &str = ".next-";

/// Gives drafts names of their own: a thread that hangs in one must not meet its successor.
static DRAFTS: AtomicU64 = AtomicU64::new(0);

/// Where the state of one component is kept.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    component: &'static str,
}

/// Who has learned: the parts of the file's name.
#[derive(Clone, Copy, Debug)]
pub(in crate::pipeline) struct Owner<'a> {
    /// The pipeline and its signal; `None` for a connector.
    pub(in crate::pipeline) pipeline: Option<(&'a str, Signal)>,
    pub(in crate::pipeline) id: &'a str,
    /// The name of its type.
    pub(in crate::pipeline) component: &'static str,
}

/// What became of reading a file.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Outcome {
    /// Parts that were handed on.
    pub(super) parts: usize,
    /// Parts that could not be, at least.
    pub(super) lost: usize,
    /// Why.
    pub(super) reason: Option<String>,
    /// Where the file is now, when nothing in it could be used.
    pub(super) aside: Option<PathBuf>,
}

impl Place {
    pub(super) fn new(state_directory: &Path, owner: Owner<'_>) -> Self {
        let pipeline = match owner.pipeline {
            Some((id, signal)) => file_name(signal.name(), id),
            None => "connector".to_owned(),
        };
        // No other part of the name can hold the sign between them.
        let mut name = format!("{pipeline}@{}", file_name(owner.component, owner.id));
        if name.len() > LONGEST_NAME {
            let hash = xxh3_64(name.as_bytes());
            // All of it is ASCII.
            name.truncate(LONGEST_NAME);
            name.push_str(&format!("~{hash:016x}"));
        }
        let path = state_directory.join(DIRECTORY).join(format!("{name}.state"));
        Self { path, component: owner.component }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// Reads the file and hands its parts to `take`, as long as that wants more. One that cannot be used at all is put aside.
    pub(super) fn read(&self, take: impl FnMut(Vec<u8>) -> bool) -> Outcome {
        self.sweep();
        let mut outcome = Outcome::default();
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return outcome,
            opened => opened,
        };
        let reader = file.and_then(|file| Reader::new(BufReader::new(file), self.component));
        let unusable = match reader {
            Ok(Ok(reader)) => {
                outcome.read(reader, take);
                return outcome;
            }
            Ok(Err(reason)) => reason,
            Err(error) => format!("it cannot be read: {error}"),
        };
        outcome.aside = self.put_aside();
        (outcome.lost, outcome.reason) = (1, Some(unusable));
        outcome
    }

    /// Makes sure that the file is not read again, and keeps it for people. Returns where it is now.
    pub(super) fn put_aside(&self) -> Option<PathBuf> {
        let aside = self.beside(".unusable");
        fs::rename(&self.path, &aside).is_ok().then_some(aside)
    }

    /// Begins a file that can take the place of the present one.
    pub(super) fn draft(&self) -> io::Result<Draft<'_>> {
        if let Some(directory) = self.path.parent() {
            // Others may look into the state directory.
            directory.parent().map_or(Ok(()), fs::create_dir_all)?;
            DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(directory)?;
        }
        let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
        let path = self.beside(&format!("{DRAFT}{number}"));
        // One of this name was left behind by another process.
        let _removed = fs::remove_file(&path);
        let file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&path)?;
        // Says that somebody writes it; see `sweep`.
        let _locked = file.try_lock();
        // From here on it goes with the draft.
        let mut draft = Draft { place: self, path, writer: None, unsynced: 0 };
        draft.writer = Some(Writer::new(BufWriter::new(file), self.component)?);
        Ok(draft)
    }

    /// Removes drafts that were never finished and never will be, whosever they were. A predecessor that takes long may still write one.
    fn sweep(&self) {
        for entry in fs::read_dir(self.directory()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.rsplit_once(DRAFT)).map(|(_, number)| number);
            if number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
                && File::open(entry.path()).is_ok_and(|draft| draft.try_lock().is_ok())
            {
                let _removed = fs::remove_file(entry.path());
            }
        }
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(suffix);
        name.into()
    }
}

impl Outcome {
    fn read(&mut self, mut reader: Reader<impl io::Read>, mut take: impl FnMut(Vec<u8>) -> bool) {
        let mut expected = 0;
        loop {
            match reader.next() {
                Ok(Found::Part(number, part)) => {
                    self.lose(number.saturating_sub(expected));
                    expected = number.saturating_add(1);
                    if !take(part) {
                        return;
                    }
                    self.parts += 1;
                }
                Ok(Found::End(Some(parts))) => return self.lose(parts.saturating_sub(expected)),
                Ok(Found::End(None)) => {
                    self.lost += 1;
                    self.reason = Some("the end of the file is missing".to_owned());
                    return;
                }
                Err(error) => {
                    self.lost += 1;
                    self.reason = Some(format!("the file cannot be read: {error}"));
                    return;
                }
            }
        }
    }

    fn lose(&mut self, parts: u32) {
        if parts > 0 {
            self.lost += parts as usize;
            self.reason = Some("parts of the file are damaged".to_owned());
        }
    }
}

/// A file that is being written. Dropped before [`Draft::commit`], it is gone, and the present one stays.
pub(super) struct Draft<'a> {
    place: &'a Place,
    path: PathBuf,
    writer: Option<Writer<BufWriter<File>>>,
    unsynced: usize,
}

impl Draft<'_> {
    pub(super) fn part(&mut self, part: &[u8]) -> io::Result<()> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        writer.part(part)?;
        self.unsynced += part.len();
        if self.unsynced >= SLICE {
            self.unsynced = 0;
            writer.sink().flush()?;
            writer.sink().get_ref().sync_data()?;
        }
        Ok(())
    }

    /// Takes the place of the present file, when all of this is on disk. Returns the number of bytes.
    pub(super) fn commit(mut self) -> io::Result<u64> {
        let Some(writer) = self.writer.take() else { return Ok(0) };
        let (buffered, bytes) = writer.end()?;
        let file = buffered.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&self.path, &self.place.path)?;
        // The name is safe when the directory is.
        if let Some(directory) = self.place.path.parent() {
            File::open(directory)?.sync_all()?;
        }
        Ok(bytes)
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        // After a commit there is nothing of this name.
        let _removed = fs::remove_file(&self.path);
    }
}
