//! The contract of receivers, and the way out of them.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use edgewatch_proto::Signal;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::batch::Batch;
use crate::exporter::Sink;
use crate::refusal::Refusal;
use crate::switch::Switch;

/// Brings telemetry in from the outside world.
#[async_trait]
pub trait Receiver: Send {
    /// Opens what can fail: sockets, directories. Nothing is read before [`Receiver::run`].
    ///
    /// # Errors
    ///
    /// [`ReceiveError`]; the agent then does not start.
    async fn open(&mut self) -> Result<(), ReceiveError> {
        Ok(())
    }

    /// Whether a successor must not open before this has ended, because both would use the same state on disk. A reload then stops this
    /// one first, and builds it again when its successor cannot be opened.
    fn is_exclusive(&self) -> bool {
        false
    }

    /// Runs until `stop` fires, then returns once everything accepted has been sent to `outlets`.
    ///
    /// # Errors
    ///
    /// [`ReceiveError`] when the source is lost for good; the agent reports it and goes on without.
    async fn run(self: Box<Self>, outlets: Outlets, stop: CancellationToken) -> Result<(), ReceiveError>;
}

/// Why a receiver cannot work.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// As configured.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The source cannot be read.
    #[error("cannot read {what}: {source}")]
    Source {
        /// The file, directory or device.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// What the configuration names cannot be used.
    #[error("{0}")]
    Setup(String),
}

/// The pipelines that a receiver feeds: one outlet for each signal that some pipeline wants from it.
#[derive(Clone, Debug, Default)]
pub struct Outlets {
    /// Where traces go.
    pub traces: Option<Outlet>,
    /// Where metrics go.
    pub metrics: Option<Outlet>,
    /// Where logs go.
    pub logs: Option<Outlet>,
}

impl Outlets {
    /// The outlet for `signal`, when a pipeline wants it.
    #[must_use]
    pub const fn get(&self, signal: Signal) -> Option<&Outlet> {
        match signal {
            Signal::Traces => self.traces.as_ref(),
            Signal::Metrics => self.metrics.as_ref(),
            Signal::Logs => self.logs.as_ref(),
        }
    }

    /// Sets the outlet for `signal`.
    pub fn set(&mut self, signal: Signal, outlet: Outlet) {
        match signal {
            Signal::Traces => self.traces = Some(outlet),
            Signal::Metrics => self.metrics = Some(outlet),
            Signal::Logs => self.logs = Some(outlet),
        }
    }
}

/// The way into the pipelines of one signal.
#[derive(Clone, Debug)]
pub struct Outlet {
    inlets: Switch<[Inlet]>,
}

/// The bounded entrance of one pipeline.
#[derive(Clone)]
pub struct Inlet {
    sender: mpsc::Sender<Batch>,
    sinks: Switch<[Arc<dyn Sink>]>,
    stall: Stall,
}

/// Says whether a pipeline waits for room behind it.
#[derive(Clone, Debug, Default)]
pub struct Stall(Arc<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    is_set: AtomicBool,
    set: Notify,
}

impl Stall {
    /// The pipeline waits, or goes on.
    pub fn set(&self, waits: bool) {
        self.0.is_set.store(waits, Ordering::Relaxed);
        if waits {
            self.0.set.notify_waiters();
        }
    }

    fn is_set(&self) -> bool {
        self.0.is_set.load(Ordering::Relaxed)
    }

    /// Waits until the pipeline waits for longer than a moment.
    async fn begun(&self) {
        loop {
            let mut set = pin!(self.0.set.notified());
            set.as_mut().enable();
            if self.is_set() {
                return;
            }
            set.await;
        }
    }
}

impl Inlet {
    /// An entrance that `sender` leads into, of a pipeline that ends in `sinks`.
    #[must_use]
    pub fn new(sender: mpsc::Sender<Batch>, sinks: Arc<[Arc<dyn Sink>]>) -> Self {
        Self { sender, sinks: Switch::new(sinks), stall: Stall::default() }
    }

    /// The ways out of the pipeline, for itself to use and for a reload to exchange.
    #[must_use]
    pub fn sinks(&self) -> Switch<[Arc<dyn Sink>]> {
        self.sinks.clone()
    }

    /// For the pipeline, to say that it waits.
    #[must_use]
    pub fn stall(&self) -> Stall {
        self.stall.clone()
    }

    /// Whether a new batch would be taken now. An entrance that is full only because the pipeline has not had its turn yet
    /// will have room in a moment: it takes more, and slows its senders.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] that it would meet.
    pub fn admit(&self) -> Result<(), Refusal> {
        if self.is_stalled() {
            return Err(full());
        }
        self.ways_out()
    }

    /// Whether the pipeline waits for room behind it, and its entrance is full.
    fn is_stalled(&self) -> bool {
        self.sender.capacity() == 0 && self.stall.is_set()
    }

    /// Whether at least one sink takes new batches: one that is full does not keep the others from them.
    fn ways_out(&self) -> Result<(), Refusal> {
        self.sinks.with(|sinks| any_admits(sinks.iter().map(|sink| sink.admit())))
    }

    /// The pipeline goes without `items`.
    pub fn forgo(&self, items: usize) {
        self.sinks.with(|sinks| sinks.iter().for_each(|sink| sink.forgo(items)));
    }

    /// Whether a way out of the pipeline tells the sources itself when their batches are accepted; see
    /// [`Sink::answers_sources`].
    #[must_use]
    pub fn answers_sources(&self) -> bool {
        self.sinks.with(|sinks| sinks.iter().any(|sink| sink.answers_sources()))
    }

    /// Whether a destination of the pipeline does not work at the moment; see [`Sink::is_failing`].
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.sinks.with(|sinks| sinks.iter().any(|sink| sink.is_failing()))
    }

    /// Sends `batch`, waiting for room. When the pipeline is gone the batch is refused through its ack.
    pub async fn send(&self, batch: Batch) {
        if let Err(mpsc::error::SendError(batch)) = self.sender.send(batch).await {
            batch.refuse(&stopping());
        }
    }

    /// Sends `batch` if the pipeline can go on. If it cannot, because all its sinks are full, or because its entrance is and it waits for
    /// room behind it, the pipeline goes without and counts that; whoever sends is not held up.
    pub async fn offer(&self, batch: Batch) {
        let room = match self.admit() {
            Err(refusal) => Err(refusal),
            Ok(()) => tokio::select! {
                biased;
                // A pipeline that has not had its turn yet makes room when it has.
                room = self.sender.reserve() => room.map_err(|_closed| stopping()),
                () = self.stall.begun() => Err(full()),
            },
        };
        match room {
            Ok(room) => room.send(batch),
            Err(refusal) => {
                self.forgo(batch.items());
                batch.refuse(&refusal);
            }
        }
    }
}

fn stopping() -> Refusal {
    Refusal::unavailable("the agent is stopping")
}

fn full() -> Refusal {
    Refusal::busy("the pipeline is full; send again later")
}

impl std::fmt::Debug for Inlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inlet").field("capacity", &self.sender.capacity()).finish_non_exhaustive()
    }
}

impl Outlet {
    /// A way into `inlets`. Each gets every batch.
    #[must_use]
    pub fn new(inlets: Vec<Inlet>) -> Self {
        Self { inlets: Switch::new(inlets) }
    }

    /// From now on leads into `inlets` instead; so do all clones. What is on its way into the former ones arrives there.
    pub fn lead_to(&self, inlets: Vec<Inlet>) {
        self.inlets.set(inlets);
    }

    /// Whether a new batch would be taken now. Push receivers ask before they read a request, and answer "too busy"
    /// instead of reading it; pull receivers simply [`Outlet::send`].
    ///
    /// # Errors
    ///
    /// The [`Refusal`] that a batch would meet. One pipeline that cannot take it because all its sinks are full is no reason as long
    /// as another one can; one that waits for room, as it has been told to, is.
    pub fn admit(&self) -> Result<(), Refusal> {
        self.inlets.with(|inlets| {
            if let [inlet] = inlets {
                return inlet.admit();
            }
            if let Some(stalled) = inlets.iter().find(|inlet| inlet.is_stalled()) {
                return stalled.admit();
            }
            any_admits(inlets.iter().map(Inlet::ways_out))
        })
    }

    /// Goes without `items`, in all pipelines.
    pub fn forgo(&self, items: usize) {
        self.inlets.with(|inlets| inlets.iter().for_each(|inlet| inlet.forgo(items)));
    }

    /// Whether a way out of one of the pipelines tells the sources itself when their batches are accepted; see
    /// [`Sink::answers_sources`].
    #[must_use]
    pub fn answers_sources(&self) -> bool {
        self.inlets.with(|inlets| inlets.iter().any(Inlet::answers_sources))
    }

    /// Whether a destination of one of the pipelines does not work at the moment; see [`Sink::is_failing`].
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.inlets.with(|inlets| inlets.iter().any(Inlet::is_failing))
    }

    /// Sends `batch` to every pipeline, waiting for room in their entrances. Pipelines whose sinks are all full go without it when
    /// another one takes it. What becomes of it is told by its ack.
    pub async fn send(&self, batch: Batch) {
        match &*self.inlets.get() {
            [] => batch.deliver(),
            [inlet] => inlet.send(batch).await,
            inlets => {
                let takes = |inlet: &Inlet| inlet.ways_out().is_ok();
                let all = !inlets.iter().any(takes);
                for inlet in inlets {
                    if all || takes(inlet) {
                        inlet.send(batch.share()).await;
                    } else {
                        inlet.forgo(batch.items());
                    }
                }
                // Each pipeline answers for its own share.
                batch.deliver();
            }
        }
    }

    /// Sends `batch` to every pipeline that can go on; see [`Inlet::offer`].
    pub async fn offer(&self, batch: Batch) {
        for inlet in &*self.inlets.get() {
            inlet.offer(batch.share()).await;
        }
        // Each pipeline answers for its own share.
        batch.deliver();
    }
}

/// `Ok` when one of `answers` is, or there are none; otherwise the first refusal.
pub fn any_admits(answers: impl Iterator<Item = Result<(), Refusal>>) -> Result<(), Refusal> {
    let mut first = None;
    for answer in answers {
        match answer {
            Ok(()) => return Ok(()),
            Err(refusal) => first = first.or(Some(refusal)),
        }
    }
    first.map_or(Ok(()), Err)
}
