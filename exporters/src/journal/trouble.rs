//! A disk that is full or fails, and what is done until it is well again.
//!
//! After a sync has failed, the system may have dropped what was to be synced and say nothing more of it. So everything since the last good sync, which
//! is in memory until then, is written and synced again, in a segment of its own under a new name; until that has worked nothing of it is
//! called safe, and nothing new is taken.

use std::io;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::{info, warn};

use super::codec::Encoder;
use super::disk::Volume;
use super::format::{SEGMENT_HEADER, SegmentHeader};
use super::queue::Queue;
use super::state::Segment;
use super::syncer::Unsynced;
use super::totals::Totals;
use super::writer::{Active, Place, Writer, is_full};

/// What is written again, until that is done.
pub(super) const UNFINISHED: &str = "unfinished";

/// Stands for what will be written.
pub(super) const PROBE_FILE: &str = "probe";

/// What has to be free before a disk that was full is written to again.
const PROBE: u64 = 1 << 20;

/// Space that is taken while there is some, for the acknowledgements of file systems that write to new places.
#[derive(Debug)]
pub(super) struct Reserve {
    path: std::path::PathBuf,
    bytes: AtomicU64,
}

impl Reserve {
    pub(super) fn new(path: std::path::PathBuf, bytes: u64) -> Self {
        Self { path, bytes: AtomicU64::new(bytes) }
    }

    /// Takes the space, if there is any.
    pub(super) fn take(&self, volume: &dyn Volume) -> io::Result<()> {
        let bytes = self.bytes.load(Ordering::Relaxed);
        if bytes == 0 {
            return Ok(());
        }
        let file = match volume.open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => volume.create(&self.path)?,
            file => file?,
        };
        file.allocate(bytes)
    }

    /// Takes this much from now on.
    pub(super) fn resize(&self, volume: &dyn Volume, bytes: u64) -> io::Result<()> {
        if self.bytes.swap(bytes, Ordering::Relaxed) == bytes {
            return Ok(());
        }
        match self.release(volume) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => self.take(volume),
        }
    }

    /// Gives the space back.
    pub(super) fn release(&self, volume: &dyn Volume) -> io::Result<()> {
        volume.remove(&self.path)
    }
}

impl Queue {
    /// A write has failed.
    pub(super) fn failed(&self, error: &io::Error) {
        self.no_space.store(is_full(error), Ordering::Relaxed);
        if !self.failing.swap(true, Ordering::Relaxed) {
            warn!(
                queue = self.name,
                %error, "the sending queue cannot be written to disk; batches are refused until it can"
            );
        }
    }

    /// A write has worked.
    pub(super) fn works(&self) {
        if self.failing.load(Ordering::Relaxed) && self.failing.swap(false, Ordering::Relaxed) {
            info!(queue = self.name, "the sending queue can be written to disk again");
            self.full.store(false, Ordering::Relaxed);
            self.room.notify_waiters();
        }
    }

    pub(super) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Whether things are well again; tries what can be done for it.
    pub(super) fn retry(&self, encoder: &mut Encoder) -> bool {
        if !self.is_failing() {
            return true;
        }
        let mut writer = self.writer();
        let outcome = probe(&self.place)
            .and_then(|()| self.repair(&mut writer, encoder))
            .and_then(|()| self.repair_acks(&mut writer))
            .and_then(|()| self.turn_over(&mut writer, true));
        if outcome.is_ok() {
            self.works();
            // Without it the queue works as well.
            let _ = self.reserve.take(&*self.place.volume);
        }
        outcome.is_ok()
    }

    /// Everything in `unsynced` has to be written again. Nothing else is written before that.
    pub(super) fn distrust(&self, unsynced: Vec<Unsynced>) {
        let mut writer = self.writer();
        writer.active = None;
        writer.distrusted.extend(unsynced);
        writer.acks.distrust();
        self.no_space.store(false, Ordering::Relaxed);
        self.failing.store(true, Ordering::Relaxed);
    }

    /// Writes what is settled again, to the other of the files, when something of it may be missing, and syncs it.
    fn repair_acks(&self, writer: &mut Writer) -> io::Result<()> {
        if !writer.acks.is_incomplete() {
            return Ok(());
        }
        let settled = self.state().settled.clone();
        writer.acks.append(&[], &settled)?;
        writer.acks.file().sync().inspect_err(|_| writer.acks.distrust())
    }

    /// Writes what is distrusted to a new segment and syncs it.
    fn repair(&self, writer: &mut Writer, encoder: &mut Encoder) -> io::Result<()> {
        let Some(first) = writer.distrusted.first() else { return Ok(()) };
        let journal = self.place.journal;
        let mut segment = Segment {
            index: writer.next_index,
            first: first.record.sequence,
            length: SEGMENT_HEADER as u64,
            examined: false,
        };
        let before = first.before;
        let header = SegmentHeader { journal, index: segment.index, first: segment.first, before };
        let mut bytes = header.encode().to_vec();
        for Unsynced { record, before, .. } in &writer.distrusted {
            // It came from a batch whose items fit.
            let items = u32::try_from(record.totals.items).unwrap_or(u32::MAX);
            encoder.encode(&mut bytes, &record.segments, (journal, record.sequence), items, *before);
        }
        segment.length = bytes.len() as u64;
        let (volume, path) = (&self.place.volume, self.place.path(&segment));
        let unfinished = self.place.directory.join(UNFINISHED);
        let file = volume.create(&unfinished)?;
        file.write_at(&bytes, 0)?;
        file.sync()?;
        volume.rename(&unfinished, &path)?;
        volume.sync_directory(&self.place.directory)?;
        writer.next_index += 1;
        let behind: Totals =
            writer.distrusted.last().map(|last| last.before + last.record.totals).unwrap_or_default();
        let mut state = self.state();
        let gone = state.replace(segment, behind);
        self.show(&state);
        drop(state);
        self.remove(&gone);
        writer.active = Some(Active { file, segment });
        mem::take(&mut writer.distrusted).into_iter().for_each(Unsynced::safe);
        Ok(())
    }
}

/// Whether the disk has room.
fn probe(place: &Place) -> io::Result<()> {
    let path = place.directory.join(PROBE_FILE);
    let outcome = place.volume.create(&path).and_then(|file| file.allocate(PROBE));
    match place.volume.remove(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => outcome.and(Err(error)),
        _ => outcome,
    }
}

/// Warns of a queue that is repaired, once.
pub(super) fn announce(queue: &Arc<Queue>, error: &io::Error) {
    warn!(queue = queue.name, %error, "the sending queue cannot be synced; what is not safe yet is written again");
}
