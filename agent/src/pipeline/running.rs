//! Owns every task, and ends them in the order in which data flows.

use std::time::Duration;

use edgewatch_core::receiver::ReceiveError;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::{error, info, warn};

use super::build::Ends;
use super::changes::Changes;
use super::error::BuildError;
use super::graph::Graph;
use super::next::{NewReceiver, Next, Turn};
use super::plan::Plan;
use super::remainder::Remainder;
use super::surroundings::Surroundings;

/// How long tasks that were told to give up may take to count what they drop.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Far enough away to mean never.
const NEVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Components at work.
pub struct Running {
    pub(super) surroundings: Surroundings,
    pub(super) graph: Graph,
    pub(super) ends: Ends,
    receivers: JoinSet<(String, Result<(), ReceiveError>)>,
    /// Pipelines, connectors and exporters: each ends by itself when nothing can come any more.
    flow: JoinSet<()>,
    extensions: JoinSet<()>,
    /// What reloads have left behind and has not ended yet.
    pub(super) remainders: Vec<Remainder>,
}

/// How the end went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// Everything that was accepted has been delivered or is counted as failed by its exporter.
    Drained,
    /// The deadline came first; what was left has been dropped and counted.
    CutShort,
}

/// A pipeline or exporter has failed, which only a mistake in its code can make it do. What is sent to it is refused from now on, so the
/// agent has to be started anew.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Broken;

impl Running {
    /// Builds everything in `plan`, opens it and starts it.
    ///
    /// # Errors
    ///
    /// [`BuildError`]; nothing keeps running then.
    pub async fn start(plan: &Plan, surroundings: &Surroundings) -> Result<Self, BuildError> {
        let mut running = Self {
            surroundings: surroundings.clone(),
            graph: Graph::default(),
            ends: Ends::default(),
            receivers: JoinSet::new(),
            flow: JoinSet::new(),
            extensions: JoinSet::new(),
            remainders: Vec::new(),
        };
        // Nothing is left behind, so nothing has to end in time.
        running.reload(plan, Duration::ZERO).await?;
        Ok(running)
    }

    /// Lets `next` take the place of the present graph. What is left of that has `patience` to end.
    pub(super) fn switch(&mut self, next: Next, patience: Duration) -> Changes {
        next.turns.into_iter().for_each(Turn::take);
        // Pipelines that want it say so with their next batch.
        for sink in next.graph.sinks() {
            sink.join_behind(None);
        }
        for work in next.flow {
            self.flow.spawn(work);
        }
        for new in next.extensions {
            self.extensions.spawn(async move {
                new.extension.run(new.stop).await;
                drop(new.presence);
            });
        }
        for new in next.receivers {
            self.run(new);
        }
        let former = std::mem::replace(&mut self.graph, next.graph);
        let changes = Changes::between(&former, &self.graph);
        let remainder = Remainder::of(&former, &self.graph, Instant::now() + patience);
        self.remainders.extend(remainder);
        changes
    }

    pub(super) fn run(&mut self, new: NewReceiver) {
        let NewReceiver { id, receiver, outlets, hold, presence } = new;
        self.receivers.spawn(async move {
            let ended = tokio::select! {
                ended = receiver.run(outlets, hold.stop) => ended,
                // Only a reload that left it behind does this before the end.
                () = hold.give_up.cancelled() => Ok(()),
            };
            drop(presence);
            (id, ended)
        });
    }

    /// Waits until a receiver ends, and reports how; for ever when there is none.
    pub(super) async fn receiver_ended(&mut self) {
        match self.receivers.join_next().await {
            Some(ended) => report(ended),
            None => std::future::pending().await,
        }
    }

    /// Watches over the components and reports those that end before they are told to. Returns when it makes no sense to go on.
    pub async fn watch(&mut self) -> Broken {
        loop {
            // Also those that have ended while nobody watched.
            self.look_after_remainders();
            let alone = self.receivers.is_empty();
            let due = self.remainders.iter().filter_map(Remainder::due).min();
            tokio::select! {
                Some(ended) = self.receivers.join_next() => report(ended),
                Some(ended) = self.flow.join_next() => {
                    if let Err(error) = ended {
                        error!(%error, "a pipeline or exporter has failed");
                        return Broken;
                    }
                }
                Some(ended) = self.extensions.join_next() => report_extension(ended),
                () = sleep_until(due.unwrap_or_else(|| Instant::now() + NEVER)) => {
                    self.remainders.iter_mut().for_each(Remainder::cut_short_when_due);
                }
            }
            if self.receivers.is_empty() && !alone {
                warn!("every receiver has ended; nothing is left to do but to wait for a signal");
            }
        }
    }

    fn look_after_remainders(&mut self) {
        for remainder in self.remainders.extract_if(.., |remainder| remainder.has_drained()) {
            remainder.release();
            info!("what the former configuration had left to deliver has been dealt with");
        }
    }

    /// Ends in the order in which data flows, by `deadline` at the latest.
    pub async fn stop(mut self, deadline: Instant) -> Ended {
        self.ends.receivers.cancel();
        let orderly = async {
            while let Some(ended) = self.receivers.join_next().await {
                report(ended);
            }
            // The entrances close with the last that could send into them.
            self.graph.let_go();
            while let Some(ended) = self.flow.join_next().await {
                if let Err(error) = ended {
                    error!(%error, "a pipeline or exporter failed while draining");
                }
            }
        };
        let ended = match timeout_at(deadline, orderly).await {
            Ok(()) => Ended::Drained,
            Err(_elapsed) => {
                warn!("the shutdown deadline has passed; dropping what has not been delivered");
                self.receivers.shutdown().await;
                self.graph.let_go();
                self.ends.give_up.cancel();
                let last_words = async { while self.flow.join_next().await.is_some() {} };
                if timeout_at(Instant::now() + LAST_WORDS, last_words).await.is_err() {
                    self.flow.shutdown().await;
                }
                Ended::CutShort
            }
        };
        self.ends.extensions.cancel();
        let extensions = async {
            while let Some(ended) = self.extensions.join_next().await {
                report_extension(ended);
            }
        };
        if timeout_at(Instant::now() + LAST_WORDS, extensions).await.is_err() {
            self.extensions.shutdown().await;
        }
        ended
    }
}

fn report(ended: Result<(String, Result<(), ReceiveError>), JoinError>) {
    match ended {
        Ok((_, Ok(()))) => {}
        Ok((receiver, Err(error))) => error!(receiver, %error, "a receiver has ended; the others go on"),
        Err(error) => error!(%error, "a receiver has failed; the others go on"),
    }
}

fn report_extension(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        error!(%error, "an extension has failed");
    }
}
