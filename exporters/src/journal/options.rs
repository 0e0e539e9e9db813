//! What a storage is asked for.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// When what is written is made to survive the machine, too.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sync {
    /// A batch is accepted when it is synced: it survives a power cut from then on. Batches that arrive while the disk is busy share the
    /// next sync.
    Always,
    /// A batch is accepted when it is written: it survives the end of the process, however that comes, from then on. It is synced, and then counts
    /// as delivered, within this time; a power cut loses what was accepted since.
    Interval(Duration),
}

/// The interval of [`Sync::Interval`] when nothing is said.
pub const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// What a storage is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Options {
    /// When to sync.
    pub sync: Sync,
    /// Whether payloads are compressed.
    pub compress: bool,
    /// Most bytes on disk for each queue; `None` for what the disk has.
    pub max_bytes: Option<u64>,
    /// Bytes after which a new segment is begun. A segment is deleted when all in it is settled.
    pub segment_bytes: u64,
    /// Bytes, before compression, that each queue keeps in memory of what waits, so that it need not be read back.
    pub memory_bytes: usize,
    /// Bytes, before compression, that all queues together may have in memory because the disk has not written and synced them yet. Beyond
    /// it nothing is admitted until it has.
    pub backlog_bytes: usize,
    /// Most bytes of damaged files that are kept aside.
    pub quarantine_bytes: u64,
    /// Bytes that are set aside on the disk, so that a full one can still be drained.
    pub reserve_bytes: u64,
    /// How often a disk in trouble is tried again.
    pub retry_every: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sync: Sync::Always,
            compress: true,
            max_bytes: None,
            segment_bytes: 16 << 20,
            memory_bytes: 8 << 20,
            backlog_bytes: 128 << 20,
            quarantine_bytes: 64 << 20,
            reserve_bytes: 1 << 20,
            retry_every: Duration::from_secs(1),
        }
    }
}

/// The options in force, which a reload may change while queues are in use.
#[derive(Debug)]
pub(super) struct InForce(RwLock<Options>);

impl InForce {
    pub(super) fn new(options: Options) -> Self {
        Self(RwLock::new(options))
    }

    pub(super) fn get(&self) -> Options {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, options: Options) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = options;
    }
}
