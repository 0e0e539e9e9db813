//! The contract of exporters.

use std::time::Duration;

use async_trait::async_trait;

use crate::batch::Batch;
use crate::delivery::QueueBatchSettings;
use crate::refusal::Refusal;

/// Sends telemetry to one destination. Queueing, retry and acknowledgement are the caller's work.
#[async_trait]
pub trait Exporter: Send + Sync {
    /// Delivers `batch` once. Several calls may be under way at a time, as many as the queue has consumers.
    ///
    /// # Errors
    ///
    /// [`ExportError`], sorted by what the caller does next.
    async fn export(&self, batch: &Batch) -> Result<Delivered, ExportError>;

    /// Whether it must not begin before its predecessor has closed, because both would write to the same place. After a reload its queue
    /// fills until then.
    fn is_exclusive(&self) -> bool {
        false
    }

    /// Flushes and closes. Called once, after the last export.
    async fn close(&self) {}
}

/// What the destination said of a batch that it took.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Delivered {
    /// Items that the destination rejected although it took the request (OTLP `partial_success`). Never sent again.
    pub rejected: usize,
    /// The destination's own words about them, or a warning when none was rejected. Empty: nothing to say.
    pub message: String,
}

/// Why one delivery failed, sorted by what the caller should do next.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Trying again later may succeed.
    #[error("{destination} is unavailable: {reason}")]
    Retryable {
        /// Endpoint from the configuration.
        destination: String,
        /// Wait requested by the destination.
        retry_after: Option<Duration>,
        /// The fact: the destination's own words or the failure of the transport.
        reason: String,
    },
    /// The request is too large for the destination; parts of it may pass.
    #[error("{destination} finds the request too large: {reason}")]
    TooLarge {
        /// Endpoint from the configuration.
        destination: String,
        /// Items in the request.
        items: usize,
        /// The destination's own words.
        reason: String,
    },
    /// Trying again would fail the same way; the batch is dropped and counted.
    #[error("{destination} refused the request: {reason}")]
    Rejected {
        /// Endpoint from the configuration.
        destination: String,
        /// Items lost.
        items: usize,
        /// The destination's own words.
        reason: String,
    },
}

/// Where a pipeline puts what it has made: the queue of an exporter, or the inlet of a connector.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Whether a new batch would be taken now. Asked before a source reads one.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] that a batch would meet.
    fn admit(&self) -> Result<(), Refusal>;

    /// Takes `batch`, waiting for room when the sink is configured to. A batch that its sources believe accepted
    /// ([`crate::ack::Ack::is_accepted`]) is always taken; another one may be refused, through its ack.
    async fn send(&self, batch: Batch);

    /// Goes without `items` that a pipeline hands to its other sinks only, because this one does not admit them: counts them.
    fn forgo(&self, items: usize);

    /// Whether this sink joins what is sent to it as `settings` say, after its sources have their answer; `None`: no pipeline asks for
    /// that any more. One that joins already as its own configuration says goes on with that.
    fn join_behind(&self, _settings: Option<&QueueBatchSettings>) -> bool {
        false
    }

    /// Whether this sink tells the sources itself when a batch is accepted, because it takes responsibility later than by
    /// taking the batch: when it is on disk, or when the destination has confirmed. Otherwise the pipeline says so as soon as its
    /// processors have taken the batch.
    fn answers_sources(&self) -> bool {
        false
    }

    /// Whether the destination does not work at the moment: the last attempt failed for a reason that may pass. What is sent is
    /// taken nevertheless, and waits. Whoever has another destination may choose that one instead.
    fn is_failing(&self) -> bool {
        false
    }
}
