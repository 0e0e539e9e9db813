//! One queue: what the threads do with it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgewatch_core::batch::Batch;
use edgewatch_core::refusal::Refusal;
use tokio::sync::Notify;
use tracing::warn;

use super::consumer::Succession;
use super::engine::Done;
use super::format::{AckEntry, SEGMENT_HEADER};
use super::options::{InForce, Options, SYNC_INTERVAL, Sync};
use super::state::{Segment, State};
use super::syncer::{Job, Syncer, Unsynced};
use super::telemetry::QueueTelemetry;
use super::totals::Totals;
use super::trouble::Reserve;
use super::writer::{Group, Pending, Place, Writer, is_full, no_space, refusal, trouble};

/// The part of a segment's size that makes it worth while to begin another one when all in it is settled.
const SPENT_SHARE: u64 = 4;

/// One queue on disk.
#[derive(Debug)]
pub(super) struct Queue {
    /// For messages: the exporter and the signal.
    pub(super) name: String,
    options: Arc<InForce>,
    pub(super) place: Arc<Place>,
    state: Mutex<State>,
    writer: Mutex<Writer>,
    /// Wakes a consumer: something can be taken.
    pub(super) arrived: Notify,
    /// Wakes who waits for room.
    pub(super) room: Notify,
    /// Wakes who waits for the reading thread.
    pub(super) read: Notify,
    /// Who consumes.
    pub(super) succession: Succession,
    /// Whether the last write failed.
    pub(super) failing: AtomicBool,
    /// Whether that was for lack of space.
    pub(super) no_space: AtomicBool,
    /// Whether a batch did not fit since a segment was deleted last. Only while something waits: then a segment will be.
    pub(super) full: AtomicBool,
    /// Whether acknowledgements are to be synced.
    unsynced_acks: AtomicBool,
    pub(super) reserve: Arc<Reserve>,
    pub(super) telemetry: QueueTelemetry,
}

/// Records `start..end`, of `totals` together, are settled.
#[derive(Debug)]
pub(super) struct Settlement {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) totals: Totals,
    /// Learns when that is written.
    pub(super) done: Done,
}

impl Queue {
    pub(super) fn new(
        name: String,
        options: Arc<InForce>,
        state: State,
        writer: Writer,
        reserve: Arc<Reserve>,
        telemetry: QueueTelemetry,
    ) -> Self {
        let queue = Self {
            name,
            options,
            place: Arc::clone(&writer.place),
            state: Mutex::new(state),
            writer: Mutex::new(writer),
            arrived: Notify::new(),
            room: Notify::new(),
            read: Notify::new(),
            succession: Succession::default(),
            failing: AtomicBool::new(false),
            no_space: AtomicBool::new(false),
            full: AtomicBool::new(false),
            unsynced_acks: AtomicBool::new(false),
            reserve,
            telemetry,
        };
        queue.show(&queue.state());
        queue
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the writing thread.
    pub(super) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn options(&self) -> Options {
        self.options.get()
    }

    /// The options are others: what did not fit may fit now.
    pub(super) fn options_changed(&self) {
        self.full.store(false, Ordering::Relaxed);
        self.room.notify_waiters();
    }

    /// Whether the disk takes no more.
    pub(super) fn is_closed(&self) -> Option<Refusal> {
        if self.failing.load(Ordering::Relaxed) {
            return Some(if self.no_space.load(Ordering::Relaxed) { no_space() } else { trouble() });
        }
        let full = || self.options().max_bytes.is_some_and(|most| self.state().disk >= most);
        (self.full.load(Ordering::Relaxed) || full()).then(full_refusal)
    }

    /// Turns away a batch that has been counted as waiting.
    pub(super) fn refuse(&self, batch: Batch, refusal: &Refusal) {
        let totals = totals_of(&batch);
        let mut state = self.state();
        state.waiting = state.waiting - totals;
        drop(state);
        self.telemetry.append_failures.add(1);
        batch.refuse(refusal);
    }

    /// Sees that there is a segment to write `batch` to, behind `group`.
    pub(super) fn make_room(&self, writer: &mut Writer, group: &Group, batch: &Batch) -> Result<(), Refusal> {
        if !writer.distrusted.is_empty() {
            return Err(trouble());
        }
        self.keep_within_size(writer, group, batch)?;
        if !writer.wants_segment(&Group::default(), &self.options()) {
            return Ok(());
        }
        let begun = writer.begin_segment().inspect_err(|error| self.failed(error));
        self.begun(begun.map_err(|error| refusal(&error))?);
        Ok(())
    }

    /// Refuses `batch` if the queue has not room for it within its size. An empty queue takes any batch: one that is larger than the queue
    /// would otherwise never pass.
    fn keep_within_size(&self, writer: &mut Writer, group: &Group, batch: &Batch) -> Result<(), Refusal> {
        let Some(most) = self.options().max_bytes else { return Ok(()) };
        let wanted = (group.bytes.len() + batch.bytes()) as u64;
        let fits = |state: &State| state.disk.saturating_add(wanted) <= most;
        if fits(&self.state()) {
            return Ok(());
        }
        if group.records.is_empty() {
            self.turn_over(writer, true).map_err(|error| refusal(&error))?;
            let state = self.state();
            if fits(&state) || state.is_settled() {
                return Ok(());
            }
        }
        // Whoever asks before the next batch is to learn of it: only then is room made.
        self.full.store(true, Ordering::Relaxed);
        Err(full_refusal())
    }

    /// Writes `group` and empties it.
    pub(super) fn write(self: &Arc<Self>, writer: &mut Writer, group: &mut Group, syncer: &Syncer) {
        if group.records.is_empty() {
            return;
        }
        let outcome = writer.write(group);
        match outcome {
            Ok(start) => self.written(writer, group, start, syncer),
            Err(error) => {
                self.failed(&error);
                self.telemetry.append_failures.add(group.records.len());
                let lost: Totals = group.records.iter().map(|pending| pending.record.totals).sum();
                let mut state = self.state();
                state.waiting = state.waiting - lost;
                drop(state);
                let refusal = refusal(&error);
                group.records.drain(..).for_each(|pending| pending.ack.refused(&refusal));
            }
        }
        group.clear();
    }

    fn written(self: &Arc<Self>, writer: &Writer, group: &mut Group, start: u64, syncer: &Syncer) {
        let Some(active) = &writer.active else { return };
        let accept = matches!(self.options().sync, Sync::Interval(_));
        let mut unsynced = Vec::with_capacity(group.records.len());
        let mut bytes = 0;
        let mut state = self.state();
        for Pending { record, ack, debt, before, end } in group.records.drain(..) {
            bytes += record.totals.bytes;
            unsynced.push(Unsynced { record: record.clone(), ack, debt, before });
            state.written(record, start + end as u64, before, self.options().memory_bytes);
        }
        self.show(&state);
        drop(state);
        // Acknowledgements that still wait to be written say that the disk is not well.
        if !writer.acks.is_incomplete() {
            self.works();
        }
        self.arrived.notify_one();
        if accept {
            unsynced.iter_mut().for_each(|unsynced| unsynced.ack.accepted());
        }
        self.telemetry.appended_records.add(unsynced.len());
        self.telemetry.appended_bytes.add(usize::try_from(bytes).unwrap_or(usize::MAX));
        self.telemetry.written_bytes.add(group.bytes.len());
        let job = Job {
            queue: Arc::clone(self),
            file: Arc::clone(&active.file),
            directory: start == super::format::SEGMENT_HEADER as u64,
            unsynced,
        };
        let delay = match self.options().sync {
            Sync::Always => Duration::ZERO,
            Sync::Interval(interval) => interval,
        };
        syncer.add(job, delay);
    }

    /// Writes that records are settled, and deletes the segments that have nothing left.
    pub(super) fn settle_now(self: &Arc<Self>, settlements: Vec<Settlement>, syncer: &Syncer) {
        let mut writer = self.writer();
        let mut entries = Vec::with_capacity(settlements.len());
        let mut gone = Vec::new();
        let mut records = 0;
        let mut state = self.state();
        for settlement in &settlements {
            let Settlement { start, end, totals, .. } = *settlement;
            records += totals.records;
            entries.push(AckEntry { start, end });
            gone.extend(state.settle(start, end, totals));
        }
        let settled = state.settled.clone();
        self.show(&state);
        drop(state);
        self.telemetry.settled_records.add(usize::try_from(records).unwrap_or(usize::MAX));
        let from = writer.acks.file();
        let mut written = writer.acks.append(&entries, &settled);
        if written.as_ref().is_err_and(is_full) && self.reserve.release(&*self.place.volume).is_ok() {
            written = writer.acks.append(&entries, &settled);
        }
        if let Err(error) = written {
            self.telemetry.acknowledge_failures.add(1);
            self.failed(&error);
            warn!(queue = self.name, %error, "acknowledgements cannot be written; they are repeated with the next ones");
        }
        self.remove(&gone);
        let short = self.is_closed().is_some();
        // What cannot be done now is done when the disk works again.
        let _ = self.turn_over(&mut writer, short);
        let to = writer.acks.file();
        // The one before may be waiting to be synced, but not the one that has just been begun.
        if !self.unsynced_acks.swap(true, Ordering::Relaxed) || !Arc::ptr_eq(&from, &to) {
            syncer.add(Job::of_acks(Arc::clone(self), to), SYNC_INTERVAL);
        }
        drop(writer);
        for done in settlements.into_iter().filter_map(|settlement| settlement.done) {
            // Whoever has gone away does not need to know.
            let _ = done.send(());
        }
    }

    /// Begins a new segment when all in the present one is settled, and it takes much space or space is `short`: only with a successor can
    /// it be deleted. Nothing may be about to be written.
    pub(super) fn turn_over(&self, writer: &mut Writer, short: bool) -> io::Result<()> {
        let Some(length) = self.state().spent() else { return Ok(()) };
        let worth_it = short || length >= self.options().segment_bytes / SPENT_SHARE;
        if length <= SEGMENT_HEADER as u64 || !worth_it || !writer.distrusted.is_empty() {
            return Ok(());
        }
        let mut begun = writer.begin_segment();
        if begun.as_ref().is_err_and(is_full) && self.reserve.release(&*self.place.volume).is_ok() {
            begun = writer.begin_segment();
        }
        let segment = begun.inspect_err(|error| self.failed(error))?;
        self.begun(segment);
        Ok(())
    }

    /// `segment` is written to from now on.
    fn begun(&self, segment: Segment) {
        let mut state = self.state();
        let gone = state.begin(segment);
        self.show(&state);
        drop(state);
        self.remove(&gone);
    }

    /// Deletes segments that have nothing left.
    pub(super) fn remove(&self, gone: &[Segment]) {
        if gone.is_empty() {
            return;
        }
        for segment in gone {
            if let Err(error) = self.place.volume.remove(&self.place.path(segment)) {
                // It is deleted when the queue is opened again.
                warn!(queue = self.name, segment = segment.name(), %error, "a segment that is done cannot be deleted");
            }
        }
        self.full.store(false, Ordering::Relaxed);
        self.room.notify_waiters();
    }

    /// For the sync thread: names have been made.
    pub(super) fn sync_directory(&self) -> io::Result<()> {
        self.place.volume.sync_directory(&self.place.directory)
    }

    /// For the sync thread: it will sync what has been acknowledged so far.
    pub(super) fn syncing_acks(&self) {
        self.unsynced_acks.store(false, Ordering::Relaxed);
    }

    /// For the sync thread: a sync has ended.
    pub(super) fn synced(&self, took: Duration, error: Option<&io::Error>) {
        self.telemetry.syncs.add(1);
        self.telemetry.sync_microseconds.add(usize::try_from(took.as_micros()).unwrap_or(usize::MAX));
        self.telemetry.sync_failures.add(usize::from(error.is_some()));
    }

    pub(super) fn show(&self, state: &State) {
        self.telemetry.segments.set(state.segments.len() as u64);
        self.telemetry.disk_bytes.set(state.disk);
    }
}

pub(super) fn totals_of(batch: &Batch) -> Totals {
    Totals { records: 1, items: batch.items() as u64, bytes: batch.bytes() as u64 }
}

fn full_refusal() -> Refusal {
    Refusal::busy("the sending queue has reached its size on disk; send again later")
}
