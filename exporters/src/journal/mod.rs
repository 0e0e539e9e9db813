//! Queues that survive the process, for `sending_queue.storage`.

mod acks;
mod codec;
mod consumer;
mod disk;
mod engine;
mod format;
mod handle;
mod listing;
mod lock;
mod options;
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
mod writer;

#[cfg(test)]
mod tests;

pub use listing::queues;
pub use options::{Options, SYNC_INTERVAL, Sync};
pub use storage::Journals;
