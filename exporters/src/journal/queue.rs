//! One queue: what the threads do with it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgewatch_core::batch::Batch;
use edgewatch_core::refusal::Refusal;
use tokio::sync::Notify;
use tracing::{info, warn};

use super::consumer::Succession;
use super::engine::Done;
use super::format::AckEntry;
use super::options::{Options, SYNC_INTERVAL, Sync};
use super::state::{Segment, State};
use super::syncer::{Job, Syncer};
use super::telemetry::QueueTelemetry;
use super::totals::Totals;
use super::writer::{Group, Place, Writer, refusal};

/// One queue on disk.
#[derive(Debug)]
pub(super) struct Queue {
    /// For messages: the exporter and the signal.
    pub(super) name: String,
    pub(super) options: Arc<Options>,
    pub(super) place: Arc<Place>,
    state: Mutex<State>,
    writer: Mutex<Writer>,
    /// Wakes a consumer: something can be taken.
    pub(super) arrived: Notify,
    /// Wakes who waits for room.
    pub(super) room: Notify,
    /// Wakes who waits for the reading thread.
    pub(super) read: Condvar,
    /// Who consumes.
    pub(super) succession: Succession,
    /// Whether the last write failed.
    failing: AtomicBool,
    /// Whether a batch did not fit since a segment was deleted last.
    full: AtomicBool,
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
        options: Arc<Options>,
        state: State,
        writer: Writer,
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
            read: Condvar::new(),
            succession: Succession::default(),
            failing: AtomicBool::new(false),
            full: AtomicBool::new(false),
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

    /// Whether the disk takes no more.
    pub(super) fn is_closed(&self) -> Option<Refusal> {
        if self.failing.load(Ordering::Relaxed) {
            return Some(Refusal::busy("the sending queue cannot be written to disk; send again later"));
        }
        let full = || self.options.max_bytes.is_some_and(|most| self.state().disk >= most);
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

    /// Sees that there is a segment to write `batch` to.
    pub(super) fn make_room(&self, writer: &mut Writer, batch: &Batch) -> Result<(), Refusal> {
        if let Some(most) = self.options.max_bytes
            && self.state().disk.saturating_add(batch.bytes() as u64) > most
        {
            // Whoever asks before the next batch is to learn of it: only then is room made.
            self.full.store(true, Ordering::Relaxed);
            return Err(full_refusal());
        }
        if !writer.wants_segment(&Group::default(), &self.options) {
            return Ok(());
        }
        match writer.begin_segment() {
            Ok(segment) => {
                let mut state = self.state();
                let gone = state.begin(segment);
                self.show(&state);
                drop(state);
                self.remove(&gone);
                Ok(())
            }
            Err(error) => {
                self.failed(&error);
                Err(refusal(&error))
            }
        }
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
        let accept = matches!(self.options.sync, Sync::Interval(_));
        let mut acks = Vec::with_capacity(group.records.len());
        let mut bytes = 0;
        let mut state = self.state();
        for pending in group.records.drain(..) {
            bytes += pending.record.totals.bytes;
            acks.push(pending.ack);
            state.written(
                pending.record,
                start + pending.end as u64,
                pending.before,
                self.options.memory_bytes,
            );
        }
        self.show(&state);
        drop(state);
        if self.failing.swap(false, Ordering::Relaxed) {
            info!(queue = self.name, "the sending queue can be written to disk again");
            self.room.notify_waiters();
        }
        self.arrived.notify_one();
        if accept {
            acks.iter_mut().for_each(edgewatch_core::ack::Ack::accepted);
        }
        self.telemetry.appended_records.add(acks.len());
        self.telemetry.appended_bytes.add(usize::try_from(bytes).unwrap_or(usize::MAX));
        self.telemetry.written_bytes.add(group.bytes.len());
        let job = Job {
            queue: Arc::clone(self),
            file: Arc::clone(&active.file),
            directory: start == super::format::SEGMENT_HEADER as u64,
            acks,
        };
        let delay = match self.options.sync {
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
        if let Err(error) = writer.acknowledge(&entries, &settled) {
            self.telemetry.acknowledge_failures.add(1);
            warn!(queue = self.name, %error, "acknowledgements cannot be written; they are repeated with the next ones");
        }
        self.remove(&gone);
        for file in writer.acks.files() {
            syncer.add(
                Job { queue: Arc::clone(self), file, directory: false, acks: Vec::new() },
                SYNC_INTERVAL,
            );
        }
        drop(writer);
        for done in settlements.into_iter().filter_map(|settlement| settlement.done) {
            // Whoever has gone away does not need to know.
            let _ = done.send(());
        }
        if !gone.is_empty() {
            self.full.store(false, Ordering::Relaxed);
            self.room.notify_waiters();
        }
    }

    pub(super) fn remove(&self, gone: &[Segment]) {
        for segment in gone {
            if let Err(error) = self.place.volume.remove(&self.place.path(segment)) {
                // It is deleted when the queue is opened again.
                warn!(queue = self.name, segment = segment.name(), %error, "a segment that is done cannot be deleted");
            }
        }
    }

    fn failed(&self, error: &io::Error) {
        if !self.failing.swap(true, Ordering::Relaxed) {
            warn!(
                queue = self.name,
                %error, "the sending queue cannot be written to disk; batches are refused until it can"
            );
        }
    }

    /// For the sync thread: names have been made.
    pub(super) fn sync_directory(&self) -> io::Result<()> {
        self.place.volume.sync_directory(&self.place.directory)
    }

    /// For the sync thread: a sync has ended.
    pub(super) fn synced(&self, took: Duration, error: Option<&io::Error>) {
        self.telemetry.syncs.add(1);
        self.telemetry.sync_microseconds.add(usize::try_from(took.as_micros()).unwrap_or(usize::MAX));
        if let Some(error) = error {
            self.telemetry.sync_failures.add(1);
            warn!(queue = self.name, %error, "the sending queue cannot be synced");
        }
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
