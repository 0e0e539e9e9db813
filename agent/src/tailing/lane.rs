//! The engine on the lane of a receiver: lets the tailer take steps, sends what they bring, waits for what becomes of it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::budget::Budget;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::BuildContext;
use edgewatch_core::receiver::{Outlet, ReceiveError};
use edgewatch_core::refusal::Refusal;
use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::checkpoint::Store;
use super::options::{Options, Retry};
use super::pattern::Pattern;
use super::records::Records;
use super::tailer::{Step, Stepped, Tailer};
use super::telemetry::{DeliveryTelemetry, FileTelemetry, Names};
use super::window::{Fate, Outgoing, Window};

/// How long the end waits for what is on its way. What is not known to be delivered by then is read again after a restart.
const LAST_RECEIPTS: Duration = Duration::from_secs(5);

/// How long to wait before asking again when the agent's memory for telemetry in flight is used up.
const MEMORY_PAUSE: Duration = Duration::from_millis(50);

/// What a receiver says when it is built.
#[derive(Debug)]
pub(crate) struct Following<'a, R> {
    /// Its type, which names the directory of its checkpoint.
    pub(crate) kind: &'a str,
    pub(crate) names: &'a Names,
    pub(crate) options: Options,
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) records: R,
    /// Bytes of encoded records that may wait for delivery at a time.
    pub(crate) max_in_flight: usize,
    pub(crate) retry: Retry,
}

/// Follows files and sends what they hold as logs.
pub(crate) struct Follower<R: Records> {
    id: String,
    store: Option<Store>,
    tailer: Tailer<R>,
    lane: Lane,
    patterns: Option<watch::Receiver<Arc<[Pattern]>>>,
}

impl<R: Records> Follower<R> {
    /// # Errors
    ///
    /// Every pattern that is not a glob.
    pub(crate) fn new(following: Following<'_, R>, context: &BuildContext) -> Result<Self, ConfigError> {
        let Following { kind, names, options, patterns, records, max_in_flight, retry } = following;
        let store =
            context.state_directory.as_deref().map(|directory| Store::new(directory, kind, &context.id));
        let lane = Lane {
            poll_interval: options.poll_interval,
            window: Window::new(max_in_flight, retry),
            receipts: FuturesUnordered::new(),
            budget: context.budget.clone(),
            telemetry: DeliveryTelemetry::new(&context.telemetry, names),
        };
        let telemetry = FileTelemetry::new(&context.telemetry, names);
        let tailer = Tailer::new(options, patterns, records, &context.id, store.clone(), telemetry)?;
        Ok(Self { id: context.id.clone(), store, tailer, lane, patterns: None })
    }

    /// Follows what `patterns` says last, from then on: within a poll interval.
    pub(crate) fn with_patterns(mut self, patterns: watch::Receiver<Arc<[Pattern]>>) -> Self {
        self.patterns = Some(patterns);
        self
    }

    /// Looks whether positions can be kept.
    pub(crate) async fn open(&mut self) {
        let Some(store) = self.store.clone() else { return };
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

    /// Whether it keeps positions: then its successor must wait for its end.
    pub(crate) fn is_exclusive(&self) -> bool {
        self.store.is_some()
    }

    /// Follows files until `stop`.
    pub(crate) async fn run(self, outlet: Outlet, stop: CancellationToken) -> Result<(), ReceiveError> {
        let Self { mut tailer, lane, patterns, .. } = self;
        tailer = aside(move || {
            tailer.load();
            tailer
        })
        .await
        .map_err(broken)?;
        lane.run(tailer, patterns, outlet, stop).await
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
    async fn run<R: Records>(
        mut self,
        mut tailer: Tailer<R>,
        mut patterns: Option<watch::Receiver<Arc<[Pattern]>>>,
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
                if let Some(patterns) = &mut patterns
                    && patterns.has_changed().unwrap_or(false)
                {
                    tailer.set_patterns(patterns.borrow_and_update().to_vec());
                }
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

    /// Lets `tailer` take a step on a helper thread.
    async fn step<R: Records>(
        &mut self,
        mut tailer: Tailer<R>,
        room: usize,
    ) -> Result<(Tailer<R>, Stepped), ReceiveError> {
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
