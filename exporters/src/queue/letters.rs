//! Looking at dead letters, changing nothing: also at those that an agent is writing.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use bytes::Bytes;
use edgewatch_core::batch::Segments;
use edgewatch_core::storage::StorageError;

use super::dead_letter::{Note, boxes};
use crate::journal::{QueueReport, inspect, unreadable, waiting};

/// Letters of one exporter and signal that died of one cause.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Letters {
    /// The exporter's id.
    pub exporter: String,
    /// The kind of telemetry.
    pub signal: &'static str,
    /// Why nobody took them, in the destination's words.
    pub reason: String,
    /// How many there are.
    pub records: u64,
    /// Spans, data points or log records in them.
    pub items: u64,
    /// Encoded bytes of them.
    pub bytes: u64,
    /// When the first of them was given up.
    pub first: SystemTime,
    /// When the last of them was given up.
    pub last: SystemTime,
}

/// The queues that lie at `path`: those of a storage, or of all boxes of a directory of dead letters.
///
/// # Errors
///
/// [`StorageError`]: they cannot be read, or are something else.
pub fn queues_at(path: &Path) -> Result<Vec<QueueReport>, StorageError> {
    let boxes = boxes(path).map_err(|error| unreadable(path, &error))?;
    if boxes.is_empty() {
        return inspect(path);
    }
    let mut queues = Vec::new();
    for path in boxes {
        match inspect(&path) {
            Ok(found) => queues.extend(found),
            // It has made room for newer ones, or has been sent.
            Err(_) if !path.exists() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(queues)
}

/// The dead letters in `directory`, by exporter, signal and cause; `None` when none lie there.
///
/// # Errors
///
/// [`StorageError`]: they cannot be read.
pub fn letters(directory: &Path) -> Result<Option<Vec<Letters>>, StorageError> {
    if boxes(directory).map_err(|error| unreadable(directory, &error))?.is_empty() {
        return Ok(None);
    }
    let mut causes = BTreeMap::new();
    for queue in queues_at(directory)? {
        let read = waiting(&queue, |items, payload| add(&mut causes, &queue, items, payload));
        if let Err(error) = read
            && queue.directory.exists()
        {
            return Err(error);
        }
    }
    Ok(Some(causes.into_values().collect()))
}

type Causes = BTreeMap<(String, &'static str, String), Letters>;

fn add(causes: &mut Causes, queue: &QueueReport, items: usize, letter: Bytes) {
    let (segments, note) = Note::take(&Segments::from_iter([letter]));
    let (time, reason) =
        note.map_or((SystemTime::UNIX_EPOCH, String::new()), |note| (note.time, note.reason));
    let key = (queue.exporter.clone(), queue.signal, reason);
    let letters = causes.entry(key).or_insert_with_key(|(exporter, signal, reason)| Letters {
        exporter: exporter.clone(),
        signal,
        reason: reason.clone(),
        records: 0,
        items: 0,
        bytes: 0,
        first: time,
        last: time,
    });
    letters.records += 1;
    letters.items += items as u64;
    letters.bytes += segments.iter().map(|segment| segment.len() as u64).sum::<u64>();
    letters.first = letters.first.min(time);
    letters.last = letters.last.max(time);
}
