//! Opens a queue: finds out what waits in it without reading all of it.
//!
//! Read are the acknowledgements, the last segment (its end may be torn) and those of which a part is settled. What lies in all
//! others is known from the headers at the ends of their runs.

use std::io;
use std::path::Path;

use edgewatch_core::storage::StorageError;

use super::acks::{self, AckLog, ReadAcks};
use super::disk::Volume;
use super::format::{Foreign, SEGMENT_HEADER, SegmentHeader, parse_segment_name};
use super::ranges::Ranges;
use super::scan::{Found, Scanner};
use super::state::{Cursor, Segment, State};
use super::totals::Totals;
use super::trouble::{PROBE_FILE, UNFINISHED};

/// A queue that has been opened.
#[derive(Debug)]
pub(super) struct Recovered {
    pub(super) state: State,
    pub(super) acks: AckLog,
    pub(super) journal: u32,
    /// Index of the next segment.
    pub(super) next_index: u64,
    /// What was appended in the queue's life.
    pub(super) appended: Totals,
    pub(super) found: Findings,
}

/// What was wrong.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Findings {
    /// Bytes cut off the last segment.
    pub(super) torn_bytes: u64,
    /// Places in the acknowledgement files.
    pub(super) damaged_acks: usize,
}

/// What one segment holds.
#[derive(Debug, Default)]
struct Survey {
    journal: Option<u32>,
    /// Records that are neither settled nor damaged beyond recognition.
    waiting: Totals,
    /// What had been appended behind the last record.
    behind: Option<Totals>,
    /// Behind the sequence of the last record.
    next: u64,
    /// Behind the last record in the file.
    end: u64,
}

/// Opens the queue in `directory`.
pub(super) fn recover(volume: &dyn Volume, directory: &Path) -> Result<Recovered, StorageError> {
    open(volume, directory).unwrap_or_else(|error| {
        Err(StorageError(format!(
            "the queue in {} cannot be opened ({error}); see that the agent may read and write it",
            directory.display()
        )))
    })
}

/// What a queue is found to be, before anything is done about it.
#[derive(Debug, Default)]
pub(super) struct Examined {
    pub(super) acks: ReadAcks,
    pub(super) journal: u32,
    pub(super) settled: Ranges,
    /// Oldest first.
    pub(super) segments: Vec<Segment>,
    /// Those that have nothing left.
    pub(super) done: Vec<Segment>,
    /// Bytes behind the last record of the last segment.
    pub(super) torn: u64,
    pub(super) waiting: Totals,
    /// Of the next record.
    pub(super) next: u64,
    pub(super) next_index: u64,
    /// In the queue's life.
    pub(super) appended: Totals,
}

fn open(volume: &dyn Volume, directory: &Path) -> io::Result<Result<Recovered, StorageError>> {
    volume.make_directory(directory)?;
    if let Some(storage) = directory.parent() {
        // What is synced in a directory is worth nothing if that is not there after a power cut.
        volume.sync_directory(storage)?;
    }
    let mut found = match examine(volume, directory)? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    for segment in &found.done {
        volume.remove(&directory.join(segment.name()))?;
    }
    for left_behind in [UNFINISHED, PROBE_FILE] {
        match volume.remove(&directory.join(left_behind)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    if let (Some(last), 1..) = (found.segments.last_mut(), found.torn) {
        last.length -= found.torn;
        volume.open(&directory.join(last.name()))?.truncate(last.length)?;
    }
    let findings = Findings { torn_bytes: found.torn, damaged_acks: found.acks.damaged };
    // Sequences that were settled, or whose records a power cut has taken, before the first one that is there.
    if found.segments.is_empty() {
        found.settled.insert(0, found.next);
    }
    let acks = AckLog::open(volume, directory, found.journal, &found.acks, &found.settled)?;
    let mut state = State::default();
    (state.waiting, state.settled, state.appended) = (found.waiting, found.settled, found.appended);
    (state.next, state.synced) = (found.next, found.next);
    state.loaded = found.segments.first().map_or(found.next, |first| first.first);
    if let Some(first) = found.segments.first() {
        state.cursor = Cursor { index: first.index, offset: SEGMENT_HEADER as u64, before: None };
    }
    state.disk = found.segments.iter().map(|segment| segment.length).sum();
    state.segments = found.segments.into();
    let (journal, next_index, appended) = (found.journal, found.next_index, found.appended);
    Ok(Ok(Recovered { state, acks, journal, next_index, appended, found: findings }))
}

/// Finds out what is in `directory`, and changes nothing.
pub(super) fn examine(volume: &dyn Volume, directory: &Path) -> io::Result<Result<Examined, StorageError>> {
    let acks = match acks::read(volume, directory)? {
        Ok(read) => read,
        Err((path, foreign)) => return Ok(Err(refuse(&path, foreign))),
    };
    let mut found = Examined { acks, ..Examined::default() };
    let mut segments = list(volume, directory)?;
    let mut headers = Headers { volume, directory, journal: None };
    for segment in segments.first().into_iter().chain(segments.last()) {
        if let Err(foreign) = headers.check(segment)? {
            let path = directory.join(segment.name());
            return Ok(Err(refuse(&path, foreign)));
        }
    }
    let of_acks = found.acks.journals.iter().flatten().next().copied();
    found.journal = headers.journal.or(of_acks).unwrap_or_else(|| fastrand::u32(1..));
    headers.journal = Some(found.journal);
    for (of, ranges) in found.acks.journals.iter().zip(&found.acks.settled) {
        if *of == Some(found.journal) {
            found.settled.union(ranges);
        }
    }
    found.next = found.settled.end();
    found.next_index = segments.last().map_or(0, |segment| segment.index + 1);

    // From the end: the last one is always read, and tells where the run before it ends.
    let mut end_of_run: Option<Totals> = None;
    let mut newer: Option<Segment> = None;
    let mut last = true;
    while let Some(mut segment) = segments.pop() {
        // Behind its last sequence, whatever stands in it.
        let limit = newer.map(|newer| newer.first);
        let adjacent = newer.is_some_and(|newer| newer.index == segment.index + 1);
        // One that was written again as a whole is repeated by the one that took its place.
        let repeated = newer.is_some_and(|newer| newer.first <= segment.first);
        if repeated {
            found.done.push(segment);
            end_of_run = None;
            continue;
        }
        newer = Some(segment);
        if limit.is_some_and(|limit| found.settled.covers(segment.first, limit)) {
            found.done.push(segment);
            end_of_run = None;
            continue;
        }
        let untouched = adjacent && limit.is_some_and(|limit| !found.settled.touches(segment.first, limit));
        let before = headers.before(&segment)?;
        if let (true, Some(before), Some(end)) = (untouched, before, end_of_run) {
            found.waiting += end - before;
        } else {
            let survey = headers.survey(&segment, limit, &found.settled)?;
            segment.examined = true;
            found.waiting += survey.waiting;
            if last {
                found.next = found.next.max(survey.next).max(segment.first);
                found.appended = survey.behind.or(before).unwrap_or_default();
                found.torn = segment.length - survey.end.min(segment.length);
                if found.torn == 0 && found.settled.covers(segment.first, found.next) {
                    found.done.push(segment);
                    last = false;
                    continue;
                }
            }
        }
        last = false;
        // Without its header it does not tell where the one before it ends, which is then read as well.
        end_of_run = before;
        found.segments.push(segment);
    }
    found.segments.reverse();
    Ok(Ok(found))
}

impl Segment {
    pub(super) fn name(&self) -> String {
        super::format::segment_name(self.index, self.first)
    }
}

/// The segments in `directory`, oldest first.
fn list(volume: &dyn Volume, directory: &Path) -> io::Result<Vec<Segment>> {
    let files = volume.list(directory)?;
    let mut segments: Vec<Segment> = files
        .iter()
        .filter_map(|(name, length)| {
            let (index, first) = parse_segment_name(name)?;
            Some(Segment { index, first, length: *length, examined: false })
        })
        .collect();
    segments.sort_unstable_by_key(|segment| segment.index);
    Ok(segments)
}

/// Looks into segments.
pub(super) struct Headers<'a> {
    volume: &'a dyn Volume,
    directory: &'a Path,
    journal: Option<u32>,
}

impl Headers<'_> {
    /// The segment's header; an error of it is a fact, not a failure.
    fn header(&self, segment: &Segment) -> io::Result<Result<SegmentHeader, Foreign>> {
        let file = self.volume.open(&self.directory.join(segment.name()))?;
        let mut bytes = [0; SEGMENT_HEADER];
        let read = file.read_at(&mut bytes, 0)?;
        Ok(SegmentHeader::decode(bytes.get(..read).unwrap_or_default()))
    }

    /// Whether the segment is this program's, damaged or not, and of a version that can be read.
    fn check(&mut self, segment: &Segment) -> io::Result<Result<(), Foreign>> {
        match self.header(segment)? {
            Ok(header) => {
                self.journal.get_or_insert(header.journal);
                Ok(Ok(()))
            }
            Err(Foreign::Version(version)) => Ok(Err(Foreign::Version(version))),
            Err(Foreign::Unknown) => {
                let survey = self.survey(segment, None, &Ranges::default())?;
                self.journal = self.journal.or(survey.journal);
                if survey.journal.is_some() || self.resembles(segment)? {
                    return Ok(Ok(()));
                }
                Ok(Err(Foreign::Unknown))
            }
        }
    }

    /// Whether the file was once a segment: most of what has to stand in its header still does, or nothing at all ever came there.
    fn resembles(&self, segment: &Segment) -> io::Result<bool> {
        let file = self.volume.open(&self.directory.join(segment.name()))?;
        let mut bytes = [0; SEGMENT_HEADER];
        let read = file.read_at(&mut bytes, 0)?;
        let own = SegmentHeader {
            journal: 0,
            index: segment.index,
            first: segment.first,
            before: Totals::default(),
        };
        let fixed = (0..12).chain(24..40);
        let same = bytes.iter().zip(own.encode()).enumerate();
        let same = same.filter(|(at, (a, b))| fixed.clone().any(|fixed| fixed == *at) && **a == *b).count();
        Ok(read < SEGMENT_HEADER || bytes.iter().all(|byte| *byte == 0) || same > 20)
    }

    /// What was appended before the segment, if its header tells.
    fn before(&self, segment: &Segment) -> io::Result<Option<Totals>> {
        let header = self.header(segment)?.ok();
        let own = header.filter(|header| self.journal.is_none_or(|journal| journal == header.journal));
        Ok(own.map(|header| header.before))
    }

    /// Reads a segment.
    fn survey(&self, segment: &Segment, limit: Option<u64>, settled: &Ranges) -> io::Result<Survey> {
        let path = self.directory.join(segment.name());
        let file = self.volume.open(&path)?;
        let header = self.before(segment)?;
        let start = SEGMENT_HEADER as u64;
        let mut scanner = Scanner::new(file, self.journal, segment.first, start, segment.length).below(limit);
        let mut survey = Survey { next: segment.first, end: start.min(segment.length), ..Survey::default() };
        loop {
            match scanner.next()? {
                Found::Record { header: record, payload } => {
                    let whole = super::format::checksum(scanner.bytes(payload)) == record.payload_checksum;
                    survey.journal = scanner.journal();
                    survey.next = record.sequence + 1;
                    survey.end = scanner.position();
                    let totals = Totals::of_record(record.items, record.raw);
                    let records =
                        header.map_or(0, |header| header.records) + (record.sequence - segment.first);
                    let before = Totals { records, items: record.items_before, bytes: record.bytes_before };
                    survey.behind = Some(before + totals);
                    if whole && !settled.contains(record.sequence) {
                        survey.waiting += totals;
                    }
                }
                Found::Damage { .. } => {}
                Found::End { .. } => return Ok(survey),
            }
        }
    }
}

fn refuse(path: &Path, foreign: Foreign) -> StorageError {
    let path = path.display();
    StorageError(match foreign {
        Foreign::Version(version) => format!(
            "{path} is of format version {version}, which this agent does not know; run the agent that wrote it, or move the \
             directory away"
        ),
        Foreign::Unknown => {
            format!("{path} is not a file of a queue; move it away, or give the storage another directory")
        }
    })
}
