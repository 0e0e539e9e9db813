//! The task of a pipeline: takes batches from its entrance, runs all processors on them, hands the result to every way out.

use std::sync::Arc;
use std::time::Instant;

use edgewatch_core::batch::Batch;
use edgewatch_core::delivery::QueueBatchSettings;
use edgewatch_core::exporter::Sink;
use edgewatch_core::processor::{Emitter, Processor};
use edgewatch_core::receiver::Stall;
use edgewatch_core::switch::Switch;
use tokio::sync::mpsc;

/// Where a pipeline leads, and where it says that it has to wait there.
pub(super) struct Exit {
    /// Exchanged when a reload leads the pipeline elsewhere.
    pub(super) sinks: Switch<[Arc<dyn Sink>]>,
    pub(super) stall: Stall,
}

/// The processors of one pipeline, run as one.
pub(super) struct Chain {
    processors: Vec<Box<dyn Processor>>,
    /// The processor that does nothing but join batches, and how.
    joiner: Option<(usize, QueueBatchSettings)>,
    /// Whether what stands behind joins in its place.
    joined_behind: bool,
    out: Emitter,
}

impl Chain {
    pub(super) fn new(processors: Vec<Box<dyn Processor>>) -> Self {
        let mut numbered = processors.iter().enumerate();
        let joiner = numbered.find_map(|(index, processor)| Some((index, processor.joining()?)));
        Self { processors, joiner, joined_behind: false, out: Emitter::default() }
    }

    /// When the next tick is due.
    fn deadline(&self) -> Option<Instant> {
        self.processors.iter().filter_map(|processor| processor.deadline()).min()
    }

    /// Sends `batch` through the processors from number `from` on; what comes out is left in `self.out`.
    fn pass(&mut self, from: usize, batch: Batch, now: Instant) {
        let passed_by = self.joiner.as_ref().filter(|_| self.joined_behind).map(|(index, _)| *index);
        let from = if passed_by == Some(from) { from + 1 } else { from };
        let Some((first, rest)) = self.processors.get_mut(from..).and_then(<[_]>::split_first_mut) else {
            self.out.emit(batch);
            return;
        };
        let mut emitted = Emitter::default();
        if let Err(error) = first.process(batch, now, &mut emitted) {
            error.batch.refuse(&error.refusal);
        }
        let is_last = rest.is_empty();
        for batch in emitted.take() {
            if is_last {
                self.out.emit(batch);
            } else {
                self.pass(from + 1, batch, now);
            }
        }
    }

    /// Lets processor number `index` emit on its own account, and passes that on.
    fn emit_from(&mut self, index: usize, now: Instant, emit: impl FnOnce(&mut dyn Processor, &mut Emitter)) {
        let mut emitted = Emitter::default();
        if let Some(processor) = self.processors.get_mut(index) {
            emit(processor.as_mut(), &mut emitted);
        }
        for batch in emitted.take() {
            self.pass(index + 1, batch, now);
        }
    }

    fn tick(&mut self, now: Instant) {
        for index in 0..self.processors.len() {
            self.emit_from(index, now, |processor, out| processor.tick(now, out));
        }
    }

    fn drain(&mut self, now: Instant) {
        for index in 0..self.processors.len() {
            self.emit_from(index, now, |processor, out| processor.drain(out));
        }
    }
}

/// Who tells the sources that a batch is accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Accept {
    /// The stage, once its processors have taken the batch, unless one of its sinks does it.
    Itself,
    /// Always what stands behind it.
    Behind,
}

/// Runs `chain` until the entrance closes, then drains it.
pub(super) async fn run(mut entrance: mpsc::Receiver<Batch>, mut chain: Chain, exit: Exit, accept: Accept) {
    loop {
        let batch = match chain.deadline() {
            None => entrance.recv().await,
            Some(deadline) => {
                tokio::select! {
                    biased;
                    () = tokio::time::sleep_until(deadline.into()) => {
                        chain.tick(Instant::now());
                        exit.forward(&mut chain).await;
                        continue;
                    }
                    batch = entrance.recv() => batch,
                }
            }
        };
        let Some(mut batch) = batch else { break };
        let itself = accept == Accept::Itself && !exit.answers_sources();
        chain.joined_behind = exit.joins_behind(&chain);
        let acceptance = itself.then(|| batch.ack_mut().hold());
        chain.pass(0, batch, Instant::now());
        drop(acceptance);
        exit.forward(&mut chain).await;
    }
    chain.drain(Instant::now());
    exit.forward(&mut chain).await;
}

impl Exit {
    fn answers_sources(&self) -> bool {
        self.sinks.with(|sinks| sinks.iter().any(|sink| sink.answers_sources()))
    }

    /// Whether every way out joins batches after it has answered their sources, in place of the processor that does it before.
    fn joins_behind(&self, chain: &Chain) -> bool {
        let Some((_, settings)) = &chain.joiner else { return false };
        self.sinks.with(|sinks| {
            !sinks.is_empty()
                && sinks.iter().all(|sink| sink.answers_sources() && sink.join_behind(Some(settings)))
        })
    }

    async fn forward(&self, chain: &mut Chain) {
        if chain.out.is_empty() {
            return;
        }
        self.stall.set(true);
        for batch in chain.out.take() {
            match &*self.sinks.get() {
                [] => batch.deliver(),
                [sink] => sink.send(batch).await,
                sinks => fan_out(sinks, batch).await,
            }
        }
        self.stall.set(false);
    }
}

/// Hands `batch` to every sink that admits it. One that does not, because its queue is full and it has not been told to wait, goes without
/// and counts that, so that a dead destination does not hold up the others; only when none admits it do all of them answer.
async fn fan_out(sinks: &[Arc<dyn Sink>], batch: Batch) {
    let admits = |sink: &Arc<dyn Sink>| sink.admit().is_ok();
    let all = !sinks.iter().any(admits);
    let mut answered = false;
    for (at, sink) in sinks.iter().enumerate() {
        // Time passes while others take it, so each is asked again; but one has to answer.
        let alone = !answered && at + 1 == sinks.len();
        if all || alone || admits(sink) {
            sink.send(batch.share()).await;
            answered = true;
        } else {
            sink.forgo(batch.items());
        }
    }
    // Each sink answers for its own share.
    batch.deliver();
}

#[cfg(test)]
#[path = "stage_tests.rs"]
mod tests;
