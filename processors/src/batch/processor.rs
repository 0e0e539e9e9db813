use std::num::NonZeroUsize;
use std::time::Instant;

use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::ConfigError;
use edgewatch_core::delivery::{QueueBatchSettings, Sizer};
use edgewatch_core::factory::{BuildContext, ProcessorSpec};
use edgewatch_core::processor::{Emitter, ProcessError, Processor};

use super::config::Config;
use super::cut::cut;
use super::telemetry::{BatchTelemetry, Trigger};

/// Encoded bytes at which a batch is sent although it has too few items. Few, very large items (log records
/// of a megabyte) would otherwise pile up to requests of gigabytes, which no destination takes.
pub(super) const MAX_HELD_BYTES: usize = 16 << 20;

/// The `batch` processor.
#[derive(Debug)]
pub(crate) struct Batcher {
    config: Config,
    held: Option<Held>,
    telemetry: BatchTelemetry,
}

/// Items that wait for more: fewer than `send_batch_size`.
#[derive(Debug)]
struct Held {
    batch: Batch,
    due: Instant,
}

impl ProcessorSpec for Batcher {
    const NAME: &'static str = "batch";
    const SIGNALS: &'static [Signal] = &Signal::ALL;
    const ABOUT: &'static str =
        "joins small batches into large ones, so that each request carries many items";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        Ok(Self { config, held: None, telemetry: BatchTelemetry::new(&context.telemetry) })
    }
}

impl Batcher {
    fn emit(&self, batch: Batch, trigger: Trigger, out: &mut Emitter) {
        self.telemetry.sent(&batch, trigger);
        out.emit(batch);
    }

    /// What is held, with `batch` behind it.
    fn join(&mut self, batch: Batch) -> Batch {
        match self.held.take() {
            Some(mut held) => {
                held.batch.append(batch);
                held.batch
            }
            None => batch,
        }
    }

    fn held_items(&self) -> usize {
        self.held.as_ref().map_or(0, |held| held.batch.items())
    }
}

impl Processor for Batcher {
    fn process(&mut self, mut batch: Batch, now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        // Only the newcomer is ever cut: what is held is smaller than `send_batch_size`, which is not above
        // `max`.
        if let Some(max) = NonZeroUsize::new(self.config.send_batch_max_size)
            && let Some(room) = NonZeroUsize::new(max.get().saturating_sub(self.held_items()))
            && batch.items() > room.get()
        {
            let rest = cut(batch, room, max, |part| {
                let full = self.join(part);
                self.emit(full, Trigger::Size, out);
            });
            let Some(rest) = rest else { return Ok(()) };
            batch = rest;
        }
        let due = self.held.as_ref().map_or_else(|| now + *self.config.timeout, |held| held.due);
        let batch = self.join(batch);
        let large = batch.items() >= self.config.send_batch_size || batch.bytes() >= MAX_HELD_BYTES;
        if large || self.config.is_immediate() {
            self.emit(batch, Trigger::Size, out);
        } else {
            self.held = Some(Held { batch, due });
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        self.held.as_ref().map(|held| held.due)
    }

    fn tick(&mut self, now: Instant, out: &mut Emitter) {
        if let Some(held) = self.held.take_if(|held| held.due <= now) {
            self.emit(held.batch, Trigger::Timeout, out);
        }
    }

    fn drain(&mut self, out: &mut Emitter) {
        if let Some(held) = self.held.take() {
            self.emit(held.batch, Trigger::Drain, out);
        }
    }

    fn joining(&self) -> Option<QueueBatchSettings> {
        (!self.config.is_immediate()).then_some(QueueBatchSettings {
            flush_timeout: self.config.timeout,
            min_size: self.config.send_batch_size,
            max_size: self.config.send_batch_max_size,
            sizer: Sizer::Items,
        })
    }
}
