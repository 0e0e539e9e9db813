//! What a queue knows of its records, without any I/O.
//!
//! Records are taken in the order of their sequences. Some of those that wait are in memory: the *window*, which holds the oldest ones
//! without a gap. What is behind its end is on disk only, and is read when the window has room again. While nothing is on disk only,
//! what is appended goes straight into the window.

use std::collections::{BTreeMap, VecDeque};

use edgewatch_core::batch::Segments;
use edgewatch_core::storage::Usage;

use super::format::{RECORD_HEADER, SEGMENT_HEADER};
use super::ranges::Ranges;
use super::totals::Totals;

/// A record in memory.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) sequence: u64,
    pub(super) segments: Segments,
    pub(super) totals: Totals,
}

/// A segment's place in the queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) index: u64,
    /// Sequence of its first record.
    pub(super) first: u64,
    /// Bytes of its file.
    pub(super) length: u64,
    /// Whether what is lost in it has been found out already.
    pub(super) examined: bool,
}

/// Where the next record that is not in memory lies.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cursor {
    pub(super) index: u64,
    pub(super) offset: u64,
    /// What was appended before it, as far as it is known: tells how much is lost where records are missing.
    pub(super) before: Option<Totals>,
}

/// All that is known of a queue.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Appended and not settled, what is still to be written included.
    pub(super) waiting: Totals,
    /// Oldest first. The last one is being written when there is an active one.
    pub(super) segments: VecDeque<Segment>,
    /// Bytes of all segments.
    pub(super) disk: u64,
    pub(super) settled: Ranges,
    /// Of the next record to be written.
    pub(super) next: u64,
    /// Behind the last record that is safe on the disk, together with all before it.
    pub(super) synced: u64,
    /// In the queue's life.
    pub(super) appended: Totals,
    window: VecDeque<Record>,
    window_bytes: usize,
    /// Sequence from which on records are on disk only.
    pub(super) loaded: u64,
    pub(super) cursor: Cursor,
    /// Whether a thread is reading ahead.
    pub(super) reading: bool,
    /// With the consumer.
    taken: BTreeMap<u64, Record>,
    /// Were with a consumer that is gone.
    returned: BTreeMap<u64, Record>,
}

impl State {
    pub(super) fn usage(&self) -> Usage {
        self.waiting.usage()
    }

    /// A new segment is written to from now on. Returns the one before it when it has nothing left.
    pub(super) fn begin(&mut self, segment: Segment) -> Vec<Segment> {
        let before = self.segments.back().map(|last| last.first);
        self.disk += segment.length;
        self.segments.push_back(segment);
        before.map(|first| self.drop_settled(first, first + 1)).unwrap_or_default()
    }

    /// All that was appended from the first record of `segment` on is in it, up to `behind`. Returns the segments that have nothing left.
    pub(super) fn replace(&mut self, segment: Segment, behind: Totals) -> Vec<Segment> {
        self.synced = self.next;
        if self.loaded == self.next {
            self.cursor = Cursor { index: segment.index, offset: segment.length, before: Some(behind) };
        }
        // What it repeats as a whole is not needed any more; of the one before that, the beginning is.
        let mut gone = Vec::new();
        while self.segments.back().is_some_and(|last| last.first >= segment.first) {
            let repeated = self.segments.pop_back();
            self.disk = self.disk.saturating_sub(repeated.map_or(0, |repeated| repeated.length));
            gone.extend(repeated);
        }
        gone.extend(self.begin(segment));
        gone
    }

    /// A record has been written at the end of the last segment, whose file now has `length` bytes.
    pub(super) fn written(&mut self, record: Record, length: u64, before: Totals, room: usize) {
        let (sequence, behind) = (record.sequence, before + record.totals);
        self.next = sequence + 1;
        self.appended = behind;
        let Some(segment) = self.segments.back_mut() else { return };
        self.disk += length.saturating_sub(segment.length);
        segment.length = length;
        // Anything may wait alone: it has to be in memory to be sent.
        let fits = self.window.is_empty() || self.window_bytes + bytes(&record) <= room;
        if self.loaded == sequence && !self.reading && fits {
            self.loaded = sequence + 1;
            self.cursor = Cursor { index: segment.index, offset: length, before: Some(behind) };
            self.push(record);
        }
    }

    /// A record has been read back.
    pub(super) fn read(&mut self, record: Record) {
        self.push(record);
    }

    fn push(&mut self, record: Record) {
        self.window_bytes += bytes(&record);
        self.window.push_back(record);
    }

    /// Takes the oldest record that is in memory.
    pub(super) fn take(&mut self) -> Option<Record> {
        let record = self.pop()?;
        self.taken.insert(record.sequence, record.clone());
        Some(record)
    }

    fn pop(&mut self) -> Option<Record> {
        if let Some((_, record)) = self.returned.pop_first() {
            return Some(record);
        }
        let record = self.window.pop_front()?;
        self.window_bytes -= bytes(&record);
        Some(record)
    }

    /// Whether something can be taken without reading.
    pub(super) fn has_ready(&self) -> bool {
        !self.returned.is_empty() || !self.window.is_empty()
    }

    /// Whether a record is on disk only.
    pub(super) const fn has_unread(&self) -> bool {
        self.loaded < self.next
    }

    /// Whether it is time to read ahead into a window of `room` bytes.
    pub(super) fn wants_reading(&self, room: usize) -> bool {
        let low = self.window.is_empty() || self.window_bytes < room / 2;
        !self.reading && self.has_unread() && low
    }

    /// Whether the window of `room` bytes is full.
    pub(super) fn is_full(&self, room: usize) -> bool {
        !self.window.is_empty() && self.window_bytes >= room
    }

    /// The consumer has no more to do with `sequence`; `None` when it did not hold it.
    pub(super) fn release(&mut self, sequence: u64) -> Option<Totals> {
        self.taken.remove(&sequence).map(|record| record.totals)
    }

    /// Takes out the oldest record that is in memory, for good: it waits no more.
    pub(super) fn give_up(&mut self) -> Option<(u64, Totals)> {
        let Record { sequence, totals, .. } = self.pop()?;
        self.waiting = self.waiting - totals;
        Some((sequence, totals))
    }

    /// Whether all that has been written is settled.
    pub(super) fn is_settled(&self) -> bool {
        self.segments.front().is_none_or(|first| self.settled.covers(first.first, self.next))
    }

    /// Bytes of the last segment when all in it is settled.
    pub(super) fn spent(&self) -> Option<u64> {
        let last = self.segments.back()?;
        self.settled.covers(last.first, self.next).then_some(last.length)
    }

    /// The consumer is gone: what it held comes first again.
    pub(super) fn hand_back(&mut self) {
        self.returned.append(&mut self.taken);
    }

    /// The records `start..end`, of `totals` together, are settled. Returns the segments that have nothing left; the last one, which is
    /// written to, stays.
    pub(super) fn settle(&mut self, start: u64, end: u64, totals: Totals) -> Vec<Segment> {
        self.waiting = self.waiting - totals;
        self.settled.insert(start, end);
        self.drop_settled(start, end)
    }

    /// Takes out `segment` if it has nothing left.
    pub(super) fn sweep(&mut self, segment: &Segment) -> Vec<Segment> {
        self.drop_settled(segment.first, segment.first + 1)
    }

    /// Takes out the segments that reach into `start..end` and have nothing left.
    fn drop_settled(&mut self, start: u64, end: u64) -> Vec<Segment> {
        let mut gone = Vec::new();
        let mut at = self.segments.partition_point(|segment| segment.first <= start).saturating_sub(1);
        while let (Some(segment), Some(next)) = (self.segments.get(at), self.segments.get(at + 1)) {
            if segment.first >= end {
                break;
            }
            // Behind the cursor there may be records that have not been looked at.
            let at_end = self.cursor.index == segment.index && self.cursor.offset >= segment.length;
            let passed = self.cursor.index > segment.index || at_end;
            if passed && self.settled.covers(segment.first, next.first) {
                self.disk = self.disk.saturating_sub(segment.length);
                gone.extend(self.segments.remove(at));
            } else {
                at += 1;
            }
        }
        gone
    }

    /// Whether the cursor is still in `segment`, with `newer` behind it. After a repair it may not be.
    pub(super) fn is_at(&self, segment: &Segment, newer: Option<&Segment>) -> bool {
        self.at_cursor().is_some_and(|(at, behind)| {
            at.index == segment.index && behind.map(|behind| behind.index) == newer.map(|newer| newer.index)
        })
    }

    /// The segment that holds the cursor, and the one behind it.
    pub(super) fn at_cursor(&self) -> Option<(Segment, Option<Segment>)> {
        let at = self.segments.partition_point(|segment| segment.index < self.cursor.index);
        let segment = self.segments.get(at)?;
        Some((*segment, self.segments.get(at + 1).copied()))
    }
}

/// What a record takes in memory.
fn bytes(record: &Record) -> usize {
    let raw = usize::try_from(record.totals.bytes).unwrap_or(usize::MAX);
    raw.saturating_add(RECORD_HEADER + SEGMENT_HEADER)
}
