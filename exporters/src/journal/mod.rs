//! Queues that survive the process, for `sending_queue.storage`.
//!
//! A [`Journals`] is a directory with one directory for each exporter and signal. What lies there, byte by byte, is described in
//! `format`. Batches are appended to segments by one thread, synced by another, and read back by a third that exists only while
//! something has to be read. Several appends become one write, and all that wait for the disk share a sync.
//!
//! What each policy survives: [`Sync::Always`] the end of the machine, [`Sync::Interval`] the end of the process, and of the machine what is
//! older than the interval. Acknowledgements are written before [`Consumer::settle`](edgewatch_core::storage::Consumer::settle)
//! completes, and synced within [`SYNC_INTERVAL`]: a killed process repeats only what was being delivered, a power cut a little more.
//!
//! Invariants: sequences are never used twice; a record is counted as waiting from the moment it is handed over until it is settled, refused or
//! found to be damaged; a segment is deleted only when all its sequences are settled or a later one repeats it; only synced records
//! are ever found to be damaged; nothing that is opened is read as a whole except the last segment and those of which a part is settled.
//!
//! Memory: for each queue what its window holds ([`Options::memory_bytes`]), what the consumer has taken, and while reading, a buffer of 1 MiB
//! or one record; for the storage what is not written and synced yet: a sync is due at 32 MiB, and where the disk does not keep up
//! nothing more is admitted beyond [`Options::backlog_bytes`].

mod acks;
mod backlog;
mod codec;
mod consumer;
mod disk;
mod engine;
mod format;
mod handle;
mod inspect;
mod listing;
mod lock;
mod mailbox;
mod options;
mod quarantine;
mod queue;
mod ranges;
mod reader;
mod recovery;
mod scan;
mod state;
mod storage;
mod syncer;
mod telemetry;
mod totals;
mod trouble;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use inspect::unreadable;
pub use inspect::{QueueReport, Verification, inspect, verify, waiting};
pub use listing::queues;
pub use options::{Options, SYNC_INTERVAL, Sync};
pub use storage::Journals;
