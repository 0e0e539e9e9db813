//! The receiver on its lane: lets the tailer take steps, sends what they bring, waits for what becomes of it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::budget::Budget;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ReceiverSpec};
use edgewatch_core::receiver::{Outlet, Outlets, ReceiveError, Receiver};
use edgewatch_core::refusal::Refusal;
use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use rustix::process::{Resource, getrlimit};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::checkpoint::Store;
use super::config::Config;
use super::tailer::{Step, Stepped, Tailer};
use super::telemetry::{DeliveryTelemetry, FileTelemetry};
use super::window::{Fate, Outgoing, Window};

/// How long the end waits for what is on its way. What is not known to be delivered by then is read again after a restart.
const LAST_RECEIPTS: Duration = Duration::from_secs(5);

/// How long to wait before asking again when the agent's memory for telemetry in flight is used up.
const MEMORY_PAUSE: Duration = Duration::from_millis(50);

/// Follows log files.
pub(crate) struct FileLog {
    id: String,
    config: Config,
    budget: Budget,
    store: Option<Store>,
    tailer: Tailer,
    telemetry: DeliveryTelemetry,
}

impl ReceiverSpec for FileLog {
    const NAME: &'static str = "file_log";
    const ALIASES: &'static [&'static str] = &["filelog"];
    const SIGNALS: &'static [Signal] = &[Signal::Logs];
    const ABOUT: &'static str = "follows log files line by line, through every rotation, without loss";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let store = context.state_directory.as_deref().map(|directory| Store::new(directory, &context.id));
        let telemetry = FileTelemetry::new(&context.telemetry);
        let tailer = Tailer::new(config.clone(), &context.id, store.clone(), open_limit(), telemetry)?;
        Ok(Self {
            id: context.id.clone(),
            budget: context.budget.clone(),
            store,
            tailer,
            telemetry: DeliveryTelemetry::new(&context.telemetry),
            config,
        })
    }
}

/// Half of the files that the process may open: the rest is for sockets.
fn open_limit() -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(limit / 2).unwrap_or(usize::MAX)
}

#[async_trait]
impl Receiver for FileLog {
    async fn open(&mut self) -> Result<(), ReceiveError> {
        if let Some(store) = self.store.clone() {
            let path = store.path().display().to_string();
            if let Err(error) =
                aside(move || store.prepare()).await.unwrap_or_else(|gone| Err(io::Error::other(gone)))
            {
                let receiver = &self.id;
                warn!(receiver, path, %error, "cannot write checkpoints: positions are kept in memory only and lost with \
                    the process; make the state directory writable or choose one with --state-directory");
                self.tailer.keep_in_memory();
            }
        }
        Ok(())
    }

    /// Its checkpoint says where its successor goes on.
    fn is_exclusive(&self) -> bool {
        self.store.is_some()
    }

    async fn run(self: Box<Self>, outlets: Outlets, stop: CancellationToken) -> Result<(), ReceiveError> {
        let Some(outlet) = outlets.logs.clone() else { return Ok(()) };
        drop(outlets);
        let Self { config, budget, mut tailer, telemetry, .. } = *self;
        tailer = aside(move || {
            tailer.load();
            tailer
        })
        .await
        .map_err(broken)?;
        let lane = Lane {
            poll_interval: config.poll_interval.get(),
            window: Window::new(config.max_in_flight_size.as_usize(), config.retry_on_failure.clone()),
            receipts: FuturesUnordered::new(),
            budget,
            telemetry,
        };
        lane.run(tailer, outlet, stop).await
    }
}

/// Number of a batch and what became of it.
type Settled = (u64, usize, Result<(), Refusal>);

struct Lane {
    poll_interval: Duration,
    window: Window,
    receipts: FuturesUnordered<Pin<Box<dyn Future<Output = Settled> + Send>>>,
    budget: Budget,
    telemetry: DeliveryTelemetry,
}

impl Lane {
    async fn run(
        mut self,
        mut tailer: Tailer,
        outlet: Outlet,
        stop: CancellationToken,
    ) -> Result<(), ReceiveError> {
        let mut poll_at = Instant::now();
        while !stop.is_cancelled() {
            self.settle_all();
            let now = Instant::now();
            for outgoing in self.window.due(now.into_std()) {
                self.telemetry.retried.add(outgoing.items);
                self.send(outgoing, &outlet, &stop).await;
            }
            if poll_at <= now {
                let room = if outlet.admit().is_ok() { self.window.room() } else { 0 };
                let (kept, stepped) = self.step(tailer, room).await?;
                tailer = kept;
                for chunk in stepped.chunks {
                    if let Some(outgoing) = self.window.add(chunk) {
                        self.send(outgoing, &outlet, &stop).await;
                    }
                }
                let again = stepped.more && self.window.room() > 0;
                poll_at = if again { now } else { now + self.poll_interval };
                self.telemetry.in_flight.set(self.window.bytes() as u64);
                if again {
                    tokio::task::yield_now().await;
                    continue;
                }
            }
            let wake = self.window.retry_at().map_or(poll_at, |retry| poll_at.min(retry.into()));
            let full = self.window.room() == 0;
            tokio::select! {
                () = stop.cancelled() => break,
                () = sleep_until(wake) => {}
                Some(settled) = self.receipts.next(), if !self.receipts.is_empty() => {
                    self.settle(settled);
                    // There was no room, now there is.
                    if full && self.window.first_is_done() {
                        poll_at = Instant::now();
                    }
                }
            }
        }
        // Pipelines drain when nobody can send into them any more; the receipts come while they do.
        drop(outlet);
        let deadline = Instant::now() + LAST_RECEIPTS;
        while let Ok(Some(settled)) = timeout_at(deadline, self.receipts.next()).await {
            self.settle(settled);
        }
        let delivered = self.window.take_delivered();
        aside(move || tailer.finish(delivered, SystemTime::now())).await.map_err(broken)
    }

    /// Lets the tailer take a step on a helper thread.
    async fn step(&mut self, mut tailer: Tailer, room: usize) -> Result<(Tailer, Stepped), ReceiveError> {
        let delivered = self.window.take_delivered();
        let step = Step { now: Instant::now().into_std(), wall: SystemTime::now(), room, delivered };
        let stepped = aside(move || {
            let stepped = tailer.step(step);
            (tailer, stepped)
        });
        stepped.await.map_err(broken)
    }

    async fn send(&mut self, outgoing: Outgoing, outlet: &Outlet, stop: &CancellationToken) {
        let Outgoing { number, request, items } = outgoing;
        let lease = loop {
            if let Some(lease) = self.budget.lease(request.len()) {
                break lease;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(MEMORY_PAUSE) => {}
            }
            // Its own batches may be what the memory is used for.
            self.settle_all();
        };
        let (ack, mut receipt) = Ack::pair(Some(lease));
        let accepted = self.telemetry.accepted.clone();
        self.receipts.push(Box::pin(async move {
            if receipt.accepted().await.is_ok() {
                accepted.add(items);
            }
            (number, items, receipt.delivered().await)
        }));
        tokio::select! {
            () = stop.cancelled() => {}
            () = outlet.send(Batch::new(Signal::Logs, request, items, ack)) => {}
        }
    }

    /// Takes note of everything that is known already.
    fn settle_all(&mut self) {
        while let Some(Some(settled)) = self.receipts.next().now_or_never() {
            self.settle(settled);
        }
    }

    fn settle(&mut self, (number, items, outcome): Settled) {
        let reason = outcome.as_ref().err().map(|refusal| refusal.reason.clone());
        match self.window.settle(number, outcome, Instant::now().into_std()) {
            Fate::Delivered => {}
            Fate::Kept => self.telemetry.refused.add(items),
            Fate::Dropped(records) => {
                self.telemetry.refused.add(items);
                self.telemetry.dropped.add(records);
                error!(records, reason = reason.as_deref(), "lines were refused for good and are dropped");
            }
        }
    }
}

/// Runs `work` on a helper thread.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, tokio::task::JoinError> {
    tokio::task::spawn_blocking(work).await
}

fn broken(error: tokio::task::JoinError) -> ReceiveError {
    ReceiveError::Source { what: "log files".to_owned(), source: io::Error::other(error) }
}
