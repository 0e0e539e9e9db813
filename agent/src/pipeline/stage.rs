//! The task of a pipeline: takes batches from its entrance, runs all processors on them, hands the result to every way out, and what they
//! derive to the pipelines that want it.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::delivery::QueueBatchSettings;
use edgewatch_core::exporter::Sink;
use edgewatch_core::learned::Learned;
use edgewatch_core::processor::{Emitter, Processor};
use edgewatch_core::receiver::Stall;
use edgewatch_core::switch::Switch;
use smallvec::SmallVec;
use tokio::sync::mpsc;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

use super::connector::Behind;
use super::learned::Keeper;

/// Where a pipeline leads, and where it says that it has to wait there.
pub(super) struct Exit {
    /// Exchanged when a reload leads the pipeline elsewhere.
    pub(super) sinks: Switch<[Arc<dyn Sink>]>,
    pub(super) stall: Stall,
    /// For each processor the way of what it derives.
    pub(super) derived: Vec<Behind>,
}

/// The processors of one pipeline, run as one.
pub(super) struct Chain {
    processors: Vec<Box<dyn Processor>>,
    /// What flows through; `None` for a connector, which may emit anything.
    signal: Option<Signal>,
    /// The processor that does nothing but join batches, and how.
    joiner: Option<(usize, QueueBatchSettings)>,
    /// Whether what stands behind joins in its place.
    joined_behind: bool,
    out: Emitter,
    derived: Vec<Derived>,
}

/// A batch of another signal than the pipeline's, and the number of the processor that has made it.
type Derived = (usize, Batch);

impl Chain {
    pub(super) fn new(processors: Vec<Box<dyn Processor>>, signal: Option<Signal>) -> Self {
        let mut numbered = processors.iter().enumerate();
        let joiner = numbered.find_map(|(index, processor)| Some((index, processor.joining()?)));
        Self {
            processors,
            signal,
            joiner,
            joined_behind: false,
            out: Emitter::default(),
            derived: Vec::new(),
        }
    }

    /// What processor number `index` has learned.
    pub(super) fn learned(&mut self, index: usize) -> Option<&mut dyn Learned> {
        self.processors.get_mut(index)?.learned()
    }

    /// When the next tick is due.
    fn deadline(&self) -> Option<Instant> {
        self.processors.iter().filter_map(|processor| processor.deadline()).min()
    }

    /// Sends `batch` through the processors from number `from` on; what comes out is left in `self.out`.
    fn pass(&mut self, from: usize, batch: Batch, now: Instant) {
        let passed_by = self.joiner.as_ref().filter(|_| self.joined_behind).map(|(index, _)| *index);
        let from = if passed_by == Some(from) { from + 1 } else { from };
        let Some(first) = self.processors.get_mut(from) else {
            self.out.emit(batch);
            return;
        };
        let mut emitted = Emitter::default();
        if let Err(error) = first.process(batch, now, &mut emitted) {
            error.batch.refuse(&error.refusal);
        }
        self.pass_on(from, emitted, now);
    }

    /// Sends what processor number `index` has emitted through those behind it, except for what it has derived.
    fn pass_on(&mut self, index: usize, mut emitted: Emitter, now: Instant) {
        for batch in emitted.take() {
            if self.signal.is_some_and(|signal| signal != batch.signal()) {
                self.derived.push((index, batch));
            } else {
                self.pass(index + 1, batch, now);
            }
        }
    }

    /// Lets processor number `index` emit on its own account, and passes that on.
    fn emit_from(&mut self, index: usize, now: Instant, emit: impl FnOnce(&mut dyn Processor, &mut Emitter)) {
        let mut emitted = Emitter::default();
        if let Some(processor) = self.processors.get_mut(index) {
            emit(processor.as_mut(), &mut emitted);
        }
        self.pass_on(index, emitted, now);
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

    /// Takes out what has come out.
    fn take(&mut self) -> (SmallVec<[Batch; 2]>, Vec<Derived>) {
        (self.out.take(), std::mem::take(&mut self.derived))
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

/// What a stage has to do next.
enum Event {
    /// A processor wants to emit on its own account.
    Due,
    /// The next batch; none when the entrance has closed.
    Batch(Option<Batch>),
    /// What has been learned is to be saved.
    Save,
}

/// Runs `chain` until the entrance closes, then drains it. What it has learned is kept by `keeper`, until soon after `give_up`.
pub(super) async fn run(
    mut entrance: mpsc::Receiver<Batch>,
    mut chain: Chain,
    exit: Exit,
    accept: Accept,
    mut keeper: Keeper,
    give_up: CancellationToken,
) {
    if keeper.keeps() {
        // Until then sources are refused rather than held up.
        exit.stall.set(true);
        keeper.restore(&mut chain).await;
        exit.stall.set(false);
    }
    loop {
        match next(&mut entrance, chain.deadline(), &keeper).await {
            Event::Due => {
                chain.tick(Instant::now());
                exit.forward(&mut chain, &mut keeper).await;
            }
            Event::Batch(Some(mut batch)) => {
                let itself = accept == Accept::Itself && !exit.answers_sources();
                chain.joined_behind = exit.joins_behind(&chain);
                let acceptance = itself.then(|| batch.ack_mut().hold());
                chain.pass(0, batch, Instant::now());
                drop(acceptance);
                keeper.touch();
                exit.forward(&mut chain, &mut keeper).await;
                // Between two batches there is time for one part, however closely they follow each other.
                keeper.step(&mut chain);
            }
            Event::Batch(None) => break,
            Event::Save => keeper.step(&mut chain),
        }
    }
    chain.drain(Instant::now());
    let left = chain.take();
    let leave = async {
        exit.send(left).await;
        // What stands behind need not wait for the disk.
        drop(exit);
    };
    // The disk need not wait for what stands behind.
    tokio::join!(leave, keeper.finish(&mut chain, give_up));
}

async fn next(entrance: &mut mpsc::Receiver<Batch>, deadline: Option<Instant>, keeper: &Keeper) -> Event {
    if deadline.is_none() && !keeper.keeps() {
        return Event::Batch(entrance.recv().await);
    }
    let due = async {
        match deadline {
            Some(deadline) => sleep_until(deadline.into()).await,
            None => pending().await,
        }
    };
    tokio::select! {
        biased;
        () = due => Event::Due,
        batch = entrance.recv() => Event::Batch(batch),
        () = keeper.ready() => Event::Save,
    }
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

    /// Sends what has come out of `chain`. What it has learned is saved also while it waits for room, which may take as long as an outage.
    async fn forward(&self, chain: &mut Chain, keeper: &mut Keeper) {
        if chain.out.is_empty() && chain.derived.is_empty() {
            return;
        }
        let mut sending = pin!(self.send(chain.take()));
        loop {
            tokio::select! {
                biased;
                () = &mut sending => return,
                () = keeper.ready() => keeper.step(chain),
            }
        }
    }

    async fn send(&self, (out, derived): (SmallVec<[Batch; 2]>, Vec<Derived>)) {
        self.stall.set(true);
        for batch in out {
            match &*self.sinks.get() {
                [] => batch.deliver(),
                [sink] => sink.send(batch).await,
                sinks => fan_out(sinks, batch).await,
            }
        }
        // What was found never holds up what it was found in.
        for (index, batch) in derived {
            match self.derived.get(index) {
                Some(behind) => behind.offer(batch).await,
                None => batch.deliver(),
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
