//! Looks at queues from outside, changing nothing: also at those that an agent is using.

use std::io;
use std::path::{Path, PathBuf};

use edgewatch_core::Signal;
use edgewatch_core::storage::StorageError;
use serde::Serialize;

use super::codec::decode;
use super::disk::{RealVolume, Volume};
use super::listing::queues;
use super::quarantine;
use super::recovery::{Examined, examine};
use super::scan::{Found, Scanner};
use super::state::Segment;
use super::storage::directory_name;

/// What a queue on disk holds, as far as it is known without reading all of it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct QueueReport {
    /// The exporter's id.
    pub exporter: String,
    /// The kind of telemetry.
    pub signal: &'static str,
    /// Where it lies.
    pub directory: PathBuf,
    /// Batches that wait.
    pub records: u64,
    /// Spans, data points or log records in them.
    pub items: u64,
    /// Bytes of them, before compression.
    pub bytes: u64,
    /// Files that hold them.
    pub segments: usize,
    /// Size of those files in bytes.
    pub disk_bytes: u64,
    /// Batches that were appended in the queue's life.
    pub appended_records: u64,
    /// Copies of damaged segments that have been put aside.
    pub quarantined_segments: usize,
}

/// What was found in all of a queue's bytes.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Verification {
    /// Batches that wait and are whole.
    pub whole_records: u64,
    /// Batches that are settled and will go with their segment.
    pub settled_records: u64,
    /// Batches that wait and cannot be read any more.
    pub damaged_records: u64,
    /// Bytes that belong to no record.
    pub damaged_bytes: u64,
    /// Bytes of an unfinished write at the end. The agent cuts them off, or is writing just now.
    pub unfinished_bytes: u64,
    /// Damaged places in the acknowledgement files.
    pub damaged_acknowledgements: usize,
}

impl Verification {
    /// Whether nothing is damaged. An unfinished write is no damage.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.damaged_records == 0 && self.damaged_bytes == 0 && self.damaged_acknowledgements == 0
    }
}

/// What lies in the storage at `directory`.
///
/// # Errors
///
/// [`StorageError`]: the directory cannot be read, or holds something else.
pub fn inspect(directory: &Path) -> Result<Vec<QueueReport>, StorageError> {
    let queues = queues(directory).map_err(|error| unreadable(directory, &error))?;
    queues.into_iter().map(|(exporter, signal)| look(directory, exporter, signal)).collect()
}

/// What lies in the queue of `exporter` for `signal`.
pub(super) fn look(storage: &Path, exporter: String, signal: Signal) -> Result<QueueReport, StorageError> {
    let directory = storage.join(directory_name(&exporter, signal));
    let found = examine(&RealVolume, &directory).map_err(|error| unreadable(&directory, &error))??;
    let aside = RealVolume.list(&directory.join(quarantine::DIRECTORY)).unwrap_or_default();
    Ok(QueueReport {
        exporter,
        signal: signal.name(),
        records: found.waiting.records,
        items: found.waiting.items,
        bytes: found.waiting.bytes,
        segments: found.segments.len(),
        disk_bytes: found.segments.iter().map(|segment| segment.length).sum(),
        appended_records: found.appended.records,
        quarantined_segments: aside.len(),
        directory,
    })
}

/// Reads all of a queue.
///
/// # Errors
///
/// [`StorageError`]: its files cannot be read, or are something else.
pub fn verify(queue: &QueueReport) -> Result<Verification, StorageError> {
    let directory = &queue.directory;
    let found = examine(&RealVolume, directory).map_err(|error| unreadable(directory, &error))??;
    read(&RealVolume, directory, &found).map_err(|error| unreadable(directory, &error))
}

/// Reads the segments that are left.
pub(super) fn read(volume: &dyn Volume, directory: &Path, found: &Examined) -> io::Result<Verification> {
    let mut verification =
        Verification { damaged_acknowledgements: found.acks.damaged, ..Verification::default() };
    let mut before: Option<u64> = None;
    for (at, segment) in found.segments.iter().enumerate() {
        let newer = found.segments.get(at + 1);
        let expected = before.filter(|next| *next > segment.first).unwrap_or(segment.first);
        let next = read_segment(volume, directory, found, (segment, newer, expected), &mut verification)?;
        // What is missing between two segments that follow one another was in the first of them.
        let end = newer.filter(|newer| newer.index == segment.index + 1).map_or(next, |newer| newer.first);
        verification.damaged_records += found.settled.missing(next, end);
        before = Some(next);
    }
    Ok(verification)
}

/// Reads one segment; the sequence behind its last record.
fn read_segment(
    volume: &dyn Volume,
    directory: &Path,
    found: &Examined,
    (segment, newer, expected): (&Segment, Option<&Segment>, u64),
    verification: &mut Verification,
) -> io::Result<u64> {
    let file = volume.open(&directory.join(segment.name()))?;
    let mut scanner = Scanner::new(file, Some(found.journal), expected, 0, segment.length)
        .below(newer.map(|newer| newer.first));
    let mut next = expected;
    loop {
        match scanner.next()? {
            Found::Record { header, payload } => {
                verification.damaged_records += found.settled.missing(next, header.sequence);
                next = header.sequence + 1;
                if found.settled.contains(header.sequence) {
                    verification.settled_records += 1;
                } else if decode(&header, scanner.bytes(payload)).is_some() {
                    verification.whole_records += 1;
                } else {
                    verification.damaged_records += 1;
                    verification.damaged_bytes += header.length();
                }
            }
            Found::Damage { bytes } => verification.damaged_bytes += bytes,
            Found::End { rest } if newer.is_none() => {
                verification.unfinished_bytes += rest;
                return Ok(next);
            }
            Found::End { rest } => {
                verification.damaged_bytes += rest;
                return Ok(next);
            }
        }
    }
}

fn unreadable(path: &Path, error: &io::Error) -> StorageError {
    StorageError(format!(
        "{} cannot be read ({error}); name the directory of a storage, and read it as the agent's user",
        path.display()
    ))
}
