//! The acknowledgement files of a queue.
//!
//! Entries are appended to one of the two files. When it is full, all that is settled is written to the beginning of the other one, over older
//! entries that it repeats or that said less; so one of them is always whole. Both have their space from the beginning: acknowledging works on a
//! full disk. What is damaged is missing from the union of both, which costs duplicates and never a record.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{File, Volume};
use super::format::{ACK_ENTRY, ACK_HEADER, AckEntry, Foreign, ack_header, ack_journal};
use super::ranges::Ranges;

/// Size of each file: two thousand entries.
const BYTES: u64 = 64 << 10;

const NAMES: [&str; 2] = ["acks-0", "acks-1"];

/// What the acknowledgement files say.
#[derive(Debug, Default)]
pub(super) struct ReadAcks {
    /// The journal id of each file.
    pub(super) journals: [Option<u32>; 2],
    pub(super) settled: [Ranges; 2],
    /// Places that hold neither an entry nor zeros.
    pub(super) damaged: usize,
}

/// Writes what is settled.
#[derive(Debug)]
pub(super) struct AckLog {
    journal: u32,
    files: [Arc<dyn File>; 2],
    /// The file that is written to.
    active: usize,
    offset: u64,
    /// Whether something is missing from the files: the next write repeats everything.
    incomplete: bool,
    buffer: Vec<u8>,
}

/// Reads the acknowledgement files in `directory`. Those that are not there say nothing.
///
/// # Errors
///
/// The path and what was found there, when a file is of a later version or something else.
pub(super) fn read(
    volume: &dyn Volume,
    directory: &Path,
) -> io::Result<Result<ReadAcks, (PathBuf, Foreign)>> {
    let mut acks = ReadAcks::default();
    let slots = acks.journals.iter_mut().zip(&mut acks.settled);
    for (name, (journal, settled)) in NAMES.iter().zip(slots) {
        let path = directory.join(name);
        let file = match volume.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            file => file?,
        };
        let length = file.length()?;
        let mut bytes = vec![0; usize::try_from(length.min(BYTES)).unwrap_or(0)];
        let read = file.read_at(&mut bytes, 0)?;
        bytes.truncate(read);
        *journal = match ack_journal(&bytes) {
            Ok(journal) => Some(journal),
            Err(Foreign::Version(version)) => return Ok(Err((path, Foreign::Version(version)))),
            Err(Foreign::Unknown) => None,
        };
        let mut entries = 0;
        let mut damaged = usize::from(journal.is_none() && bytes.iter().any(|byte| *byte != 0));
        for slot in bytes.get(ACK_HEADER..).unwrap_or_default().chunks_exact(ACK_ENTRY) {
            match AckEntry::decode(slot) {
                Some((of, entry)) if *journal.get_or_insert(of) == of => {
                    entries += 1;
                    settled.insert(entry.start, entry.end);
                }
                None if slot.iter().all(|byte| *byte == 0) => {}
                Some(_) | None => damaged += 1,
            }
        }
        if entries == 0 && damaged > 0 && !resembles(&bytes) {
            return Ok(Err((path, Foreign::Unknown)));
        }
        acks.damaged += damaged;
    }
    Ok(Ok(acks))
}

/// Whether `bytes` were once the beginning of an acknowledgement file: most of what has to stand there still does, or it was cut off
/// while it was written, so that zeros stand for the rest.
fn resembles(bytes: &[u8]) -> bool {
    let header = || bytes.iter().zip(ack_header(0)).take(12);
    let same = header().filter(|(a, b)| **a == *b).count();
    let cut_off = header().all(|(a, b)| *a == 0 || *a == b);
    same >= 6 || cut_off || bytes.len() < ACK_HEADER
}

impl AckLog {
    /// Opens the files, made when they are not there, and writes `settled` to the one that says less.
    pub(super) fn open(
        volume: &dyn Volume,
        directory: &Path,
        journal: u32,
        read: &ReadAcks,
        settled: &Ranges,
    ) -> io::Result<Self> {
        let [first, second] = NAMES.map(|name| prepare(volume, &directory.join(name), journal));
        let [of_first, of_second] = &read.settled;
        let active = usize::from(of_first.end() > of_second.end());
        let files = [first?, second?];
        let mut log = Self { journal, files, active, offset: 0, incomplete: false, buffer: Vec::new() };
        log.write_all(settled)?;
        Ok(log)
    }

    /// A sync has failed, and what was to be synced may be gone: the next write repeats everything.
    pub(super) fn distrust(&mut self) {
        self.incomplete = true;
    }

    /// Whether something is missing from the files, or may be.
    pub(super) const fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// Adds `entries`; `settled` holds them and everything before.
    pub(super) fn append(&mut self, entries: &[AckEntry], settled: &Ranges) -> io::Result<()> {
        let length = (entries.len() * ACK_ENTRY) as u64;
        if self.offset + length > BYTES || self.incomplete {
            self.active = 1 - self.active.min(1);
            return self.write_all(settled);
        }
        self.buffer.clear();
        entries.iter().for_each(|entry| self.buffer.extend(entry.encode(self.journal)));
        self.write(self.offset)
    }

    /// Begins the active file anew.
    fn write_all(&mut self, settled: &Ranges) -> io::Result<()> {
        self.buffer.clear();
        // The header again: it may be damaged.
        self.buffer.extend(ack_header(self.journal));
        let most = usize::try_from(BYTES).unwrap_or(0) / 2 / ACK_ENTRY;
        // What does not fit would be handed out again after a crash; so many holes cannot be unless thousands of records are being
        // delivered at once.
        for (start, end) in settled.iter().take(most) {
            self.buffer.extend(AckEntry { start, end }.encode(self.journal));
        }
        self.write(0)
    }

    fn write(&mut self, offset: u64) -> io::Result<()> {
        let written = self.file().write_at(&self.buffer, offset);
        self.incomplete = written.is_err();
        self.offset = offset + self.buffer.len() as u64;
        written
    }

    /// The file that is written to.
    pub(super) fn file(&self) -> Arc<dyn File> {
        let [first, second] = &self.files;
        Arc::clone(if self.active == 0 { first } else { second })
    }
}

/// Opens or makes a file and takes its space.
fn prepare(volume: &dyn Volume, path: &Path, journal: u32) -> io::Result<Arc<dyn File>> {
    let file = match volume.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => volume.create(path),
        file => file,
    }?;
    if file.length()? != BYTES {
        file.truncate(file.length()?.min(BYTES))?;
        file.allocate(BYTES)?;
    }
    let mut header = [0; ACK_HEADER];
    file.read_at(&mut header, 0)?;
    if ack_journal(&header) != Ok(journal) {
        file.write_at(&ack_header(journal), 0)?;
    }
    Ok(file)
}
