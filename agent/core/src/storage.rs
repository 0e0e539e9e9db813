//! The contract of queues that survive the process.
//!
//! An extension offers a [`Storage`]; an exporter whose `sending_queue.storage` names it keeps its batches in a [`StoredQueue`] of it. A
//! stored queue is a source like a log file: it takes responsibility for what is appended, hands its records out, and forgets each when it
//! is settled. The storage knows nothing of destinations and retries, the queue nothing of files.

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;

use crate::Signal;
use crate::batch::{Batch, Segments};
use crate::refusal::Refusal;
use crate::telemetry::Telemetry;

/// A place for queues that survive the process. Its successor after a reload may know its type, and take it over.
pub trait Storage: Any + Send + Sync {
    /// The queue of the exporter `owner` for `signal`. While it is in use, it is handed out again to whoever asks: a reload builds the
    /// new exporter beside the old one. Takes time that does not grow with what waits in it.
    ///
    /// `telemetry` carries the exporter's label already.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: the files cannot be opened, are another program's, or of a later version.
    fn queue(
        &self,
        owner: &str,
        signal: Signal,
        telemetry: &Telemetry,
    ) -> Result<Arc<dyn StoredQueue>, StorageError>;

    /// The owners that have a queue for `signal`, in use or not.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: the storage cannot be looked at.
    fn owners(&self, signal: Signal) -> Result<Vec<String>, StorageError>;

    /// Removes the queue of `owner` when nothing waits in it and nobody uses it. Whether that was so.
    fn forget(&self, owner: &str, signal: Signal) -> bool;
}

/// Why a queue cannot be opened: the thing, the fact and the way out.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct StorageError(pub String);

/// The records of one exporter and signal, oldest first.
#[async_trait]
pub trait StoredQueue: Send + Sync {
    /// Whether a batch would be taken now, as far as the storage can tell: its disk has room and works.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] that a batch would meet.
    fn admit(&self) -> Result<(), Refusal>;

    /// Writes `batch` and returns at once. Its ack learns what became of it: *accepted* once it is as safe as the storage has been asked to
    /// make it (written, so that it survives the process, or synced, so that it survives the machine), *delivered* once it is synced,
    /// *refused* when it cannot be written.
    fn append(&self, batch: Batch);

    /// Completes when a full storage may have room again.
    async fn room(&self);

    /// The right to take records out. There is one consumer at a time: waits until the one before is gone.
    async fn consumer(self: Arc<Self>) -> Box<dyn Consumer>;

    /// Gives up the oldest record that nobody is delivering, to make room; `None` when there is none. It is settled as if delivered;
    /// the caller counts it.
    async fn drop_oldest(&self) -> Option<Usage>;

    /// What has been appended and not settled.
    fn usage(&self) -> Usage;
}

/// Takes records out of a stored queue. When it is dropped, what it took and did not settle is available to the next consumer, and
/// comes first.
#[async_trait]
pub trait Consumer: Send + Sync {
    /// The oldest record not taken yet; waits for one. Being dropped while it waits loses nothing.
    async fn next(&self) -> Stored;

    /// The record has met its fate: it is forgotten. Completes when that is written, so that a killed process does not hand it out again.
    async fn settle(&self, record: RecordId);

    /// Completes when another consumer waits for this one to go.
    async fn succeeded(&self);
}

/// Stands for one record of one queue, for as long as the queue exists.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RecordId(pub u64);

/// A record taken out.
#[derive(Clone, Debug)]
pub struct Stored {
    /// For [`Consumer::settle`].
    pub id: RecordId,
    /// The encoded requests as they were appended.
    pub segments: Segments,
    /// Spans, data points or log records in them.
    pub items: usize,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    /// Batches as they were appended.
    pub records: usize,
    /// Spans, data points, log records.
    pub items: usize,
    /// Encoded bytes, before compression.
    pub bytes: usize,
}
