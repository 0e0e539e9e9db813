//! The contract of processors and connectors.

use std::time::Instant;

use smallvec::SmallVec;

use crate::batch::Batch;
use crate::delivery::QueueBatchSettings;
use crate::learned::Learned;
use crate::refusal::Refusal;

/// Rewrites, drops or derives telemetry. No I/O, no clock, no tasks.
///
/// A connector has the same duties; what it emits goes to the pipelines that name it as their receiver, by signal. So does what a
/// processor emits of another signal than its pipeline's, if its specification says that it derives such: events that the scoring of
/// metrics finds are logs. Where no pipeline names it, that is delivered and gone.
pub trait Processor: Send {
    /// Takes one batch and emits zero or more.
    ///
    /// A batch dropped on purpose is [`Batch::deliver`]ed; new telemetry that is derived from a batch carries its own ack.
    ///
    /// # Errors
    ///
    /// [`ProcessError`] gives the batch back with the reason; the pipeline refuses it to its sources.
    fn process(&mut self, batch: Batch, now: Instant, out: &mut Emitter) -> Result<(), ProcessError>;

    /// When [`Processor::tick`] wants to be called next; `None` while nothing is pending. A pipeline sleeps until then.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Emits whatever has become due by `now`.
    fn tick(&mut self, _now: Instant, _out: &mut Emitter) {}

    /// Emits everything still held. Called once, after the last batch.
    fn drain(&mut self, _out: &mut Emitter) {}

    /// What it has learned, if that is to survive a restart.
    fn learned(&mut self) -> Option<&mut dyn Learned> {
        None
    }

    /// How it joins batches, when joining is all that it does. Sources wait for their answer while their batch is held, so the pipeline passes
    /// it by where [`Sink::join_behind`](crate::exporter::Sink::join_behind) does the same after that.
    fn joining(&self) -> Option<QueueBatchSettings> {
        None
    }
}

/// Collects what a processor emits.
#[derive(Debug, Default)]
pub struct Emitter {
    batches: SmallVec<[Batch; 2]>,
}

impl Emitter {
    /// Hands `batch` to the next stage. An empty one ends here, delivered.
    pub fn emit(&mut self, batch: Batch) {
        if batch.items() == 0 {
            batch.deliver();
        } else {
            self.batches.push(batch);
        }
    }

    /// Takes out what was emitted, in order.
    pub fn take(&mut self) -> SmallVec<[Batch; 2]> {
        std::mem::take(&mut self.batches)
    }

    /// Whether nothing was emitted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }
}

/// A batch that a processor could not take, and why.
#[derive(Debug, thiserror::Error)]
#[error("{refusal}")]
pub struct ProcessError {
    /// The batch as it was handed in.
    pub batch: Box<Batch>,
    /// What its sources are told.
    pub refusal: Refusal,
}

impl ProcessError {
    /// Gives `batch` back with the reason.
    #[must_use]
    pub fn new(batch: Batch, refusal: Refusal) -> Self {
        Self { batch: Box::new(batch), refusal }
    }
}
