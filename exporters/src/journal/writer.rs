//! Appends records to segments, and acknowledgements to their log. Only the I/O thread does.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::refusal::Refusal;

use super::acks::AckLog;
use super::backlog::Debt;
use super::codec::Encoder;
use super::disk::{File, Volume};
use super::format::{MAX_RECORD, SEGMENT_HEADER, SegmentHeader};
use super::options::Options;
use super::state::{Record, Segment};
use super::syncer::Unsynced;
use super::totals::Totals;

/// Bytes that are written at once.
const FLUSH_AT: usize = 1 << 20;

/// Where a queue lies.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) volume: Arc<dyn Volume>,
    pub(super) directory: PathBuf,
    /// The id that its files carry.
    pub(super) journal: u32,
}

impl Place {
    pub(super) fn path(&self, segment: &Segment) -> PathBuf {
        self.directory.join(segment.name())
    }
}

/// The writing end of a queue.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) place: Arc<Place>,
    pub(super) next_index: u64,
    /// Sequence of the next record.
    pub(super) next: u64,
    /// In the queue's life.
    pub(super) appended: Totals,
    pub(super) acks: AckLog,
    pub(super) active: Option<Active>,
    /// What has to be written again before anything else is.
    pub(super) distrusted: Vec<Unsynced>,
}

/// The segment that is written to.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) file: Arc<dyn File>,
    pub(super) segment: Segment,
}

/// Records that are about to be written.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) bytes: Vec<u8>,
    pub(super) records: Vec<Pending>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) record: Record,
    pub(super) ack: Ack,
    pub(super) debt: Debt,
    /// What was appended before.
    pub(super) before: Totals,
    /// Where it ends in the group's bytes.
    pub(super) end: usize,
}

impl Group {
    /// Whether it should be written before more is added.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= FLUSH_AT
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.records.clear();
        if self.bytes.capacity() > 4 * FLUSH_AT {
            self.bytes = Vec::new();
        }
    }
}

impl Writer {
    /// Adds the record of `batch` to `group`, to be written with it.
    ///
    /// # Errors
    ///
    /// The batch, when it is larger than any record may be.
    pub(super) fn add(
        &mut self,
        group: &mut Group,
        batch: Batch,
        debt: Debt,
        encoder: &mut Encoder,
    ) -> Result<(), Batch> {
        let (Ok(items), true) = (u32::try_from(batch.items()), batch.bytes() <= MAX_RECORD) else {
            return Err(batch);
        };
        let (segments, ack) = batch.into_parts();
        let before = self.appended;
        let header =
            encoder.encode(&mut group.bytes, &segments, (self.place.journal, self.next), items, before);
        let totals = Totals::of_record(items, header.raw);
        let record = Record { sequence: self.next, segments, totals };
        group.records.push(Pending { record, ack, debt, before, end: group.bytes.len() });
        self.next += 1;
        self.appended += totals;
        Ok(())
    }

    /// Whether the next record belongs into a new segment.
    pub(super) fn wants_segment(&self, group: &Group, options: &Options) -> bool {
        self.active
            .as_ref()
            .is_none_or(|active| active.segment.length + group.bytes.len() as u64 >= options.segment_bytes)
    }

    /// Begins a new segment. The group must have been written.
    pub(super) fn begin_segment(&mut self) -> io::Result<Segment> {
        let segment = Segment {
            index: self.next_index,
            first: self.next,
            length: SEGMENT_HEADER as u64,
            examined: false,
        };
        let header = SegmentHeader {
            journal: self.place.journal,
            index: segment.index,
            first: segment.first,
            before: self.appended,
        };
        let path = self.place.path(&segment);
        let file = self.place.volume.create(&path)?;
        if let Err(error) = file.write_at(&header.encode(), 0) {
            // An empty file is no harm; the same index is tried again.
            let _ = self.place.volume.remove(&path);
            return Err(error);
        }
        self.next_index += 1;
        self.active = Some(Active { file, segment });
        Ok(segment)
    }

    /// Writes `group` behind what is in the segment; returns where it began. On failure nothing of it is left, and its sequences
    /// are given again.
    pub(super) fn write(&mut self, group: &Group) -> io::Result<u64> {
        let Some(active) = &mut self.active else { return Err(io::ErrorKind::NotFound.into()) };
        let start = active.segment.length;
        if let Err(error) = active.file.write_at(&group.bytes, start) {
            if active.file.truncate(start).is_err() {
                // What is left behind is not overwritten: it might be taken for what stood there before.
                self.active = None;
            }
            self.rewind(group);
            return Err(error);
        }
        active.segment.length += group.bytes.len() as u64;
        Ok(start)
    }

    /// Gives the sequences of `group`, which is not written, again.
    pub(super) fn rewind(&mut self, group: &Group) {
        if let Some(first) = group.records.first() {
            self.next = first.record.sequence;
            self.appended = first.before;
        }
    }
}

/// What the sender of a batch is told that cannot be written.
pub(super) fn refusal(error: &io::Error) -> Refusal {
    if is_full(error) { no_space() } else { trouble() }
}

/// Whether there was no space on the disk: some may be made.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

pub(super) fn no_space() -> Refusal {
    Refusal::busy("the disk of the sending queue is full; send again later")
}

pub(super) fn trouble() -> Refusal {
    Refusal::unavailable("the sending queue cannot be written to disk; send again later")
}
