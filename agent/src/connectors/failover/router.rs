//! The levels at work.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use edgewatch_core::batch::Batch;
use edgewatch_core::budget::Budget;
use edgewatch_core::config::ConfigError;
use edgewatch_core::exporter::Sink;
use edgewatch_core::factory::BuildContext;
use edgewatch_core::receiver::Outlet;
use edgewatch_core::refusal::Refusal;
use edgewatch_core::router::{Pipelines, Routed, Router, RouterSpec};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tracing::{info, warn};

use super::config::Config;
use super::journey::{Journey, Placed, Way};
use super::levels::{Change, Fate, Levels, Seen, Tried};
use super::telemetry::FailoverTelemetry;

/// How often a batch that waits for room looks out for a better level.
const LOOK_OUT: Duration = Duration::from_millis(100);

/// The `failover` connector.
pub(crate) struct Failover {
    config: Config,
    id: String,
    budget: Budget,
    telemetry: FailoverTelemetry,
}

impl RouterSpec for Failover {
    const NAME: &'static str = "failover";
    const ABOUT: &'static str = "sends telemetry to the first of several pipelines that works";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let telemetry = FailoverTelemetry::new(&context.telemetry, config.priority_levels.len());
        Ok(Self { config, id: context.id.clone(), budget: context.budget.clone(), telemetry })
    }
}

impl Router for Failover {
    fn connect(self: Box<Self>, pipelines: Pipelines) -> Routed {
        let levels = self.config.priority_levels.iter();
        let outlets: Vec<Option<Pipes>> = levels
            .map(|ids| {
                let found = ids.iter().filter_map(|id| pipelines.get(id.trim()).cloned());
                let found: Arc<[Outlet]> = found.collect();
                (!found.is_empty()).then_some(Pipes(found))
            })
            .collect();
        let levels = Levels::new(outlets.len(), self.config.retry_interval());
        let shared = Arc::new(Shared {
            state: Mutex::new(State { levels, outlets, closing: false }),
            budget: self.budget,
            telemetry: self.telemetry,
            id: self.id,
        });
        // What is in flight is bounded by the memory that it has leased.
        let (under_way, arrivals) = mpsc::unbounded_channel();
        let sink = Entrance { shared: Arc::clone(&shared), under_way };
        Routed { sink: Arc::new(sink), work: Box::pin(follow_all(shared, arrivals)) }
    }
}

/// What all batches of one failover share.
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) budget: Budget,
    telemetry: FailoverTelemetry,
    id: String,
}

struct State {
    levels: Levels,
    /// The pipelines of each level. At the end they are let go of from the best level on, so that their pipelines can drain.
    outlets: Vec<Option<Pipes>>,
    /// No new batches will come; what is refused goes to lower levels only.
    closing: bool,
}

/// The pipelines of one level. Each gets every batch; none goes without one because another has room.
#[derive(Clone)]
pub(super) struct Pipes(Arc<[Outlet]>);

impl Pipes {
    /// Sends `batch` to all of them, waiting for room.
    pub(super) async fn send(&self, batch: Batch) {
        for outlet in self.0.iter() {
            outlet.send(batch.share()).await;
        }
        // Each pipeline answers for its own share.
        batch.deliver();
    }

    fn admit(&self) -> Result<(), Refusal> {
        self.0.iter().try_for_each(Outlet::admit)
    }

    fn forgo(&self, items: usize) {
        self.0.iter().for_each(|outlet| outlet.forgo(items));
    }

    fn answer_sources(&self) -> bool {
        self.0.iter().any(Outlet::answers_sources)
    }

    fn see(&self) -> Seen {
        Seen { admits: self.admit().is_ok(), failing: self.0.iter().any(Outlet::is_failing) }
    }
}

impl State {
    fn seen(&self) -> Vec<Seen> {
        let gone = Seen { admits: false, failing: true };
        self.outlets.iter().map(|pipes| pipes.as_ref().map_or(gone, Pipes::see)).collect()
    }

    fn choose(&mut self, tried: Tried, changes: &mut Vec<Change>) -> Option<Way> {
        let seen = self.seen();
        let choice = self.levels.choose(now(), &seen, tried, changes)?;
        let pipes = self.outlets.get(choice.level)?.as_ref()?.clone();
        Some(Way { choice, pipes })
    }

    /// Lets go of the levels that nothing can be sent to any more: no batch is above them.
    fn release(&mut self) {
        let needed = self.levels.first_in_flight() + 1;
        if self.closing {
            self.outlets.iter_mut().take(needed).for_each(|pipes| *pipes = None);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The way for a new batch.
    fn first(&self) -> Option<Way> {
        let mut changes = Vec::new();
        let way = self.lock().choose(Tried::default(), &mut changes);
        self.tell(&changes);
        if let Some(way) = &way {
            self.telemetry.chosen(way.choice.level);
        }
        way
    }

    /// The next way for a batch that `level` has not delivered; `None` when all levels have been tried.
    pub(super) fn next(&self, journey: &mut Journey, level: usize, fate: Fate) -> Option<Way> {
        let mut changes = Vec::new();
        let mut state = self.lock();
        state.levels.settle(level, fate, now(), &mut changes);
        let several =
            state.outlets.get(level).and_then(Option::as_ref).is_some_and(|pipes| pipes.0.len() > 1);
        // Of a batch that is taken back, some pipelines of the level may have had their share.
        if fate != Fate::Recalled || several {
            journey.tried.add(level);
        }
        if state.closing {
            journey.tried.add_up_to(level);
        }
        let way = state.choose(journey.tried, &mut changes);
        state.release();
        drop(state);
        self.tell(&changes);
        if way.is_some() && fate != Fate::Recalled {
            self.telemetry.resent(journey.signal, journey.items);
        }
        way
    }

    pub(super) fn delivered(&self, level: usize) {
        let mut changes = Vec::new();
        let mut state = self.lock();
        state.levels.settle(level, Fate::Delivered, now(), &mut changes);
        state.release();
        drop(state);
        self.tell(&changes);
    }

    /// Returns when `level`, where a batch waits for room, does not get on while another level would take the batch.
    pub(super) async fn better_than(&self, level: usize, tried: Tried) {
        loop {
            tokio::time::sleep(LOOK_OUT).await;
            let state = self.lock();
            if state.levels.has_better(&state.seen(), tried, level) {
                return;
            }
        }
    }

    fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        state.release();
    }

    fn tell(&self, changes: &[Change]) {
        let connector = self.id.as_str();
        for change in changes {
            match *change {
                Change::Failed(level) => {
                    self.telemetry.failed(level);
                    warn!(connector, level = level + 1, "level fails, new batches go to another one");
                }
                Change::Recovered(level) => info!(connector, level = level + 1, "level works again"),
            }
        }
    }
}

/// What the pipelines in front lead into.
struct Entrance {
    shared: Arc<Shared>,
    under_way: mpsc::UnboundedSender<(Journey, Placed)>,
}

#[async_trait]
impl Sink for Entrance {
    fn admit(&self) -> Result<(), Refusal> {
        let state = self.shared.lock();
        let mut refused = Refusal::unavailable("the agent is stopping");
        for pipes in state.outlets.iter().rev().flatten() {
            match pipes.admit() {
                Ok(()) => return Ok(()),
                Err(refusal) => refused = refusal,
            }
        }
        Err(refused)
    }

    async fn send(&self, batch: Batch) {
        let journey = Journey::new(batch);
        let Some(way) = self.shared.first() else { return };
        let placed = journey.set_out(way, &self.shared).await;
        // Nobody follows only when the agent is being torn down; the batch is then refused.
        let _ = self.under_way.send((journey, placed));
    }

    fn forgo(&self, items: usize) {
        // Counted where it would have gone.
        if let Some(pipes) = self.shared.lock().outlets.iter().flatten().next() {
            pipes.forgo(items);
        }
    }

    fn answers_sources(&self) -> bool {
        self.shared.lock().outlets.iter().flatten().any(Pipes::answer_sources)
    }

    fn is_failing(&self) -> bool {
        !self.shared.lock().seen().into_iter().any(Seen::works)
    }
}

/// Follows every batch until its fate is known; ends when the entrance is gone and nothing is under way.
async fn follow_all(shared: Arc<Shared>, mut arrivals: mpsc::UnboundedReceiver<(Journey, Placed)>) {
    let mut under_way = FuturesUnordered::new();
    let mut open = true;
    while open || !under_way.is_empty() {
        tokio::select! {
            arrived = arrivals.recv(), if open => match arrived {
                Some((journey, placed)) => under_way.push(journey.follow(placed, Arc::clone(&shared))),
                None => {
                    open = false;
                    shared.close();
                }
            },
            Some(()) = under_way.next(), if !under_way.is_empty() => {}
        }
    }
}

/// As tests may turn it.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
