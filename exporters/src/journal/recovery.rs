//! Opens a queue: finds out what waits in it without reading all of it.
//!
//! Read are the acknowledgements, the last segment (its end may be torn) and those of which a part is settled. What lies in all
//! others is known from the headers at the ends of their runs.

use std::io;
use std::path::Path;

use edgewatch_core::storage::StorageError;

use super::acks::{self, AckLog};
use super::disk::Volume;
use super::format::{Foreign, SEGMENT_HEADER, SegmentHeader, parse_segment_name};
use super::ranges::Ranges;
use super::scan::{Found, Scanner};
use super::state::{Cursor, Segment, State};
use super::totals::Totals;

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
    /// What had been appended before the first record and behind the last.
    before: Option<Totals>,
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

fn open(volume: &dyn Volume, directory: &Path) -> io::Result<Result<Recovered, StorageError>> {
    volume.make_directory(directory)?;
    let read = match acks::read(volume, directory)? {
        Ok(read) => read,
        Err((path, foreign)) => return Ok(Err(refuse(&path, foreign))),
    };
    let mut found = Findings { torn_bytes: 0, damaged_acks: read.damaged };
    let mut segments = list(volume, directory)?;
    let mut headers = Headers { volume, directory, journal: None };
    for segment in segments.first().into_iter().chain(segments.last()) {
        if let Err(foreign) = headers.check(segment)? {
            let path = directory.join(segment.name());
            return Ok(Err(refuse(&path, foreign)));
        }
    }
    let of_acks = read.journals.iter().flatten().next().copied();
    let journal = headers.journal.or(of_acks).unwrap_or_else(|| fastrand::u32(1..));
    headers.journal = Some(journal);
    let mut settled = Ranges::default();
    for (_, ranges) in read.journals.iter().zip(&read.settled).filter(|(of, _)| **of == Some(journal)) {
        settled.union(ranges);
    }

    let mut next = settled.end();
    let mut waiting = Totals::default();
    let mut appended = Totals::default();
    // From the end: the last one is always read, and tells where the run before it ends.
    let mut end_of_run: Option<Totals> = None;
    let mut kept = Vec::with_capacity(segments.len());
    let mut newer: Option<Segment> = None;
    let next_index = segments.last().map_or(0, |segment| segment.index + 1);
    while let Some(mut segment) = segments.pop() {
        let adjacent = newer.filter(|newer| newer.index == segment.index + 1);
        let limit = adjacent.map(|newer| newer.first);
        if limit.is_some_and(|limit| settled.covers(segment.first, limit)) {
            volume.remove(&directory.join(segment.name()))?;
            end_of_run = None;
            continue;
        }
        let untouched = limit.is_some_and(|limit| !settled.touches(segment.first, limit));
        let before = if untouched { headers.before(&segment)? } else { None };
        if let (Some(before), Some(end)) = (before, end_of_run) {
            waiting += end - before;
            end_of_run = Some(before);
        } else {
            let survey = headers.survey(&segment, &settled)?;
            segment.examined = true;
            waiting += survey.waiting;
            end_of_run = headers.before(&segment)?.or(survey.before);
            if newer.is_none() && kept.is_empty() {
                next = next.max(survey.next).max(segment.first);
                appended = survey.behind.or(end_of_run).unwrap_or_default();
                found.torn_bytes = segment.length - survey.end.min(segment.length);
                if found.torn_bytes == 0 && settled.covers(segment.first, next) {
                    volume.remove(&directory.join(segment.name()))?;
                    end_of_run = None;
                    continue;
                }
                if found.torn_bytes > 0 {
                    volume.open(&directory.join(segment.name()))?.truncate(survey.end)?;
                    segment.length = survey.end;
                }
            }
        }
        newer = Some(segment);
        kept.push(segment);
    }
    kept.reverse();
    // Sequences that were settled, or whose records a power cut has taken, before the first one that is there.
    if kept.is_empty() {
        settled.insert(0, next);
    }
    let acks = AckLog::open(volume, directory, journal, &read, &settled)?;
    let mut state = State::default();
    (state.waiting, state.settled, state.next, state.appended) = (waiting, settled, next, appended);
    if let Some(first) = kept.first() {
        state.loaded = first.first;
        state.cursor = Cursor { index: first.index, offset: SEGMENT_HEADER as u64, before: None };
    } else {
        state.loaded = next;
    }
    state.disk = kept.iter().map(|segment| segment.length).sum();
    state.segments = kept.into();
    Ok(Ok(Recovered { state, acks, journal, next_index, appended, found }))
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
struct Headers<'a> {
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
                let survey = self.survey(segment, &Ranges::default())?;
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
    fn survey(&self, segment: &Segment, settled: &Ranges) -> io::Result<Survey> {
        let path = self.directory.join(segment.name());
        let file = self.volume.open(&path)?;
        let header = self.before(segment)?;
        let start = SEGMENT_HEADER as u64;
        let mut scanner = Scanner::new(file, self.journal, segment.first, start, segment.length);
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
                    survey.before.get_or_insert(before);
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
