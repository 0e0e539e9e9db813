//! Reads records back, on a thread that is there while there is something to read.

use std::io;
use std::sync::{Arc, Weak};
use std::time::Instant;

use edgewatch_core::batch::Segments;
use tracing::{debug, warn};

use super::codec::decode;
use super::disk::File;
use super::engine::{Command, Engine};
use super::format::{SEGMENT_HEADER, SegmentHeader};
use super::quarantine::put_aside;
use super::queue::{Queue, Settlement};
use super::scan::{Found, Scanner};
use super::state::{Record, Segment, State};
use super::totals::Totals;

/// How many times a segment that cannot be read is tried again before it is passed over.
const RETRIES: usize = 10;

/// Starts reading when the window is low; the caller has not locked the state. Returns false when there is no thread for it.
pub(super) fn read_ahead(queue: &Arc<Queue>, engine: &Arc<Engine>) -> bool {
    let room = queue.options().memory_bytes;
    {
        let mut state = queue.state();
        if !state.wants_reading(room) {
            return true;
        }
        state.reading = true;
    }
    let mut reading = Reading { queue: Arc::clone(queue), engine: Arc::downgrade(engine), done: false };
    let thread = std::thread::Builder::new().name("journal-read".to_owned());
    let started = thread.spawn(move || reading.run());
    if let Err(error) = &started {
        // `reading` has been dropped: the next who asks tries again.
        warn!(queue = queue.name, %error, "no thread to read the sending queue with");
    }
    started.is_ok()
}

/// The right to read. Dropping it says that nobody reads any more.
struct Reading {
    queue: Arc<Queue>,
    /// Reading does not keep the storage alive.
    engine: Weak<Engine>,
    /// Whether it has been said already.
    done: bool,
}

/// The segment that is being read.
struct Open {
    segment: Segment,
    scanner: Scanner,
}

impl Drop for Reading {
    fn drop(&mut self) {
        if !self.done {
            self.queue.state().reading = false;
        }
        self.queue.read.notify_waiters();
        self.queue.arrived.notify_one();
    }
}

impl Reading {
    fn run(&mut self) {
        let mut open = None;
        let mut failures = 0;
        loop {
            match self.step(&mut open) {
                Ok(true) => failures = 0,
                Ok(false) => return,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    open = None;
                    self.pause();
                }
                Err(error) => {
                    open = None;
                    failures += 1;
                    if failures == 1 {
                        warn!(queue = self.queue.name, %error, "the sending queue cannot be read, trying again");
                    }
                    if failures > RETRIES {
                        self.abandon();
                        failures = 0;
                    } else {
                        self.pause();
                    }
                }
            }
        }
    }

    /// Lets some time pass, unless nobody waits any more.
    fn pause(&self) {
        let retry_every = self.queue.options().retry_every;
        let end = Instant::now() + retry_every;
        while self.engine.strong_count() > 0 && Instant::now() < end {
            // This thread does nothing else, and nobody wakes it.
            std::thread::park_timeout(retry_every / 20);
        }
    }

    /// Goes on behind the segment that cannot be read. What was in it is lost, its file is left.
    fn abandon(&self) {
        let at = self.queue.state().at_cursor();
        match at {
            Some((segment, Some(newer))) => self.pass(&segment, &newer),
            Some((segment, None)) => self.skip_to_end(Some(&segment)),
            None => self.skip_to_end(None),
        }
    }

    /// Reads one thing; whether there is more to do.
    fn step(&mut self, open: &mut Option<Open>) -> io::Result<bool> {
        if self.engine.strong_count() == 0 {
            return Ok(false);
        }
        let (at, loaded) = {
            let mut state = self.queue.state();
            if state.is_full(self.queue.options().memory_bytes) || !state.has_unread() {
                // Under the same lock, so that what is appended from now on goes into the window.
                state.reading = false;
                self.done = true;
                return Ok(false);
            }
            (state.at_cursor(), state.loaded)
        };
        let Some((segment, newer)) = at else {
            self.skip_to_end(None);
            return Ok(true);
        };
        let scanner = match open.take() {
            Some(mut current) if current.segment.index == segment.index => {
                current.scanner.extend(segment.length);
                open.insert(Open { segment, ..current })
            }
            _ => open.insert(self.enter(segment, newer, loaded)?),
        };
        match scanner.scanner.next()? {
            Found::Record { header, payload } => {
                let payload = decode(&header, scanner.scanner.bytes(payload));
                let totals = Totals::of_record(header.items, header.raw);
                let position = scanner.scanner.position();
                let mut state = self.queue.state();
                let damaged = payload.is_none() && !state.settled.contains(header.sequence);
                if damaged || state.loaded < header.sequence {
                    is_final(&state, header.sequence, (&segment, newer.as_ref()))?;
                }
                let missing = header.sequence.saturating_sub(state.loaded);
                let records = state.cursor.before.map_or(0, |before| before.records) + missing;
                let before = Totals { records, items: header.items_before, bytes: header.bytes_before };
                let lost = state.cursor.before.map(|expected| before - expected).unwrap_or_default();
                let gap = state.loaded..header.sequence;
                let unsettled = state.settled.missing(gap.start, gap.end);
                state.loaded = header.sequence + 1;
                state.cursor.index = segment.index;
                state.cursor.offset = position;
                state.cursor.before = (!segment.examined).then(|| before + totals);
                let settled = state.settled.contains(header.sequence);
                let arrived = match payload {
                    Some(payload) if !settled => {
                        let segments = Segments::from_buf([payload]);
                        state.read(Record { sequence: header.sequence, segments, totals });
                        true
                    }
                    _ => false,
                };
                drop(state);
                if arrived {
                    self.queue.telemetry.read_records.add(1);
                    self.queue.arrived.notify_one();
                    self.queue.read.notify_waiters();
                } else if damaged {
                    self.put_aside(&segment, header.length());
                    let counted = if segment.examined { Totals::default() } else { totals };
                    self.lose(header.sequence, header.sequence + 1, totals, counted);
                }
                self.lose(gap.start, gap.end, Totals { records: unsettled, ..lost }, lost);
                Ok(true)
            }
            Found::Damage { bytes } => {
                self.put_aside(&segment, bytes);
                Ok(true)
            }
            Found::End { rest } => {
                *open = None;
                {
                    let state = self.queue.state();
                    if !state.is_at(&segment, newer.as_ref()) {
                        return Ok(true);
                    }
                    let end = newer.map_or(state.next, |newer| newer.first);
                    let grown = state.segments.back().is_some_and(|last| last.length > segment.length);
                    if state.loaded < end && !(newer.is_none() && grown) {
                        is_final(&state, end.saturating_sub(1), (&segment, newer.as_ref()))?;
                    }
                }
                if rest > 0 && newer.is_some() {
                    self.put_aside(&segment, rest);
                }
                match newer {
                    Some(newer) => self.pass(&segment, &newer),
                    None => self.skip_to_end(Some(&segment)),
                }
                Ok(true)
            }
        }
    }

    /// `bytes` of `segment` are damaged: keeps a copy of it.
    fn put_aside(&self, segment: &Segment, bytes: u64) {
        let Queue { name: queue, place, .. } = &*self.queue;
        let name = segment.name();
        let aside = put_aside(&*place.volume, &place.directory, &name, self.queue.options().quarantine_bytes);
        match aside {
            Ok(true) => {
                self.queue.telemetry.quarantined_segments.add(1);
                warn!(
                    queue,
                    segment = name,
                    bytes,
                    "the sending queue is damaged, a copy of the segment was put aside"
                );
            }
            Ok(false) => debug!(queue, segment = name, bytes, "the sending queue is damaged"),
            Err(error) => warn!(queue, segment = name, bytes, %error, "the sending queue is damaged"),
        }
    }

    fn enter(&self, segment: Segment, newer: Option<Segment>, loaded: u64) -> io::Result<Open> {
        let place = &self.queue.place;
        let file = place.volume.open(&place.path(&segment))?;
        let mut state = self.queue.state();
        if state.cursor.index != segment.index {
            state.cursor.index = segment.index;
            state.cursor.offset = SEGMENT_HEADER as u64;
        }
        let at = state.cursor.offset;
        let fresh = at <= SEGMENT_HEADER as u64;
        drop(state);
        if fresh {
            let before = header(&*file)?.map(|header| header.before);
            let mut state = self.queue.state();
            let expected = state.cursor.before;
            let from = state.loaded;
            if from < segment.first {
                is_final(&state, segment.first - 1, (&segment, newer.as_ref()))?;
            }
            // A segment may repeat what is in the one before it.
            let before = before.filter(|_| from <= segment.first);
            state.cursor.before = if segment.examined { None } else { before.or(expected) };
            state.loaded = from.max(segment.first);
            let records = state.settled.missing(from, segment.first);
            drop(state);
            let lost = expected.zip(before).map(|(expected, before)| before - expected).unwrap_or_default();
            self.lose(from, segment.first, Totals { records, ..lost }, lost);
        }
        let scanner = Scanner::new(file, Some(place.journal), loaded.max(segment.first), at, segment.length)
            .below(newer.map(|newer| newer.first));
        Ok(Open { segment, scanner })
    }

    /// Goes on to the segment behind one that has been read.
    fn pass(&self, segment: &Segment, newer: &Segment) {
        let mut state = self.queue.state();
        state.cursor.index = newer.index;
        state.cursor.offset = SEGMENT_HEADER as u64;
        let gone = state.sweep(segment);
        self.queue.show(&state);
        drop(state);
        self.queue.remove(&gone);
    }

    /// Goes on to the end: nothing of what is missing will be found. Unless more was written since `last` was read.
    fn skip_to_end(&self, last: Option<&Segment>) {
        let mut state = self.queue.state();
        let newest = state.segments.back().copied();
        if newest.map(|newest| (newest.index, newest.length)) != last.map(|last| (last.index, last.length)) {
            return;
        }
        let (from, to) = (state.loaded, state.next);
        let lost = state.cursor.before.map(|expected| state.appended - expected).unwrap_or_default();
        let lost = Totals { records: state.settled.missing(from, to), ..lost };
        state.loaded = to;
        state.cursor.before = Some(state.appended);
        if let Some(newest) = newest {
            state.cursor.index = newest.index;
            state.cursor.offset = newest.length;
        }
        let counted = if last.is_some_and(|last| last.examined) { Totals::default() } else { lost };
        drop(state);
        self.lose(from, to, lost, counted);
    }

    /// Counts the records `start..end` as lost: `totals` of them, `waiting` of which were counted as waiting.
    fn lose(&self, start: u64, end: u64, totals: Totals, waiting: Totals) {
        if start >= end {
            return;
        }
        let fit = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        self.queue.telemetry.damaged_records.add(fit(totals.records));
        self.queue.telemetry.damaged_items.add(fit(totals.items));
        self.queue.telemetry.damaged_bytes.add(fit(totals.bytes));
        let settlement = Settlement { start, end, totals: waiting, done: None };
        let Some(engine) = self.engine.upgrade() else { return };
        engine.send(Command::Settle { queue: Arc::clone(&self.queue), settlement });
    }
}

/// That a record is damaged can only be said when it has been synced, and not written again elsewhere since this was read.
fn is_final(state: &State, sequence: u64, (segment, newer): (&Segment, Option<&Segment>)) -> io::Result<()> {
    let settled = sequence < state.synced && state.is_at(segment, newer);
    if settled { Ok(()) } else { Err(io::ErrorKind::WouldBlock.into()) }
}

fn header(file: &dyn File) -> io::Result<Option<SegmentHeader>> {
    let mut bytes = [0; SEGMENT_HEADER];
    let read = file.read_at(&mut bytes, 0)?;
    Ok(SegmentHeader::decode(bytes.get(..read).unwrap_or_default()).ok())
}
