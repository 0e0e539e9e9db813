//! Owns every task, and ends them in the order in which data flows.

use std::time::Duration;

use edgewatch_core::receiver::ReceiveError;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::build::{Extensions, Receivers};

/// How long tasks that were told to give up may take to count what they drop.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Components at work.
pub struct Running {
    receivers: JoinSet<(String, Result<(), ReceiveError>)>,
    /// Pipelines, connectors and exporters: each ends by itself when nothing can come any more.
    flow: JoinSet<()>,
    extensions: JoinSet<()>,
    stop_receivers: CancellationToken,
    stop_extensions: CancellationToken,
    give_up: CancellationToken,
}

/// How the end went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// Everything that was accepted has been delivered or is counted as failed by its exporter.
    Drained,
    /// The deadline came first; what was left has been dropped and counted.
    CutShort,
}

/// Why there is nothing left to watch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Watched {
    /// Nothing is left that could bring telemetry in.
    Ended,
    /// A pipeline or exporter has failed, which only a mistake in its code can make it do. What is sent to it is refused from
    /// now on, so the agent has to be started anew.
    Broken,
}

impl Running {
    pub(super) fn start(
        extensions: Extensions,
        receivers: Receivers,
        flow: JoinSet<()>,
        give_up: CancellationToken,
    ) -> Self {
        let mut running = Self {
            receivers: JoinSet::new(),
            flow,
            extensions: JoinSet::new(),
            stop_receivers: CancellationToken::new(),
            stop_extensions: CancellationToken::new(),
            give_up,
        };
        for (_, extension) in extensions {
            running.extensions.spawn(extension.run(running.stop_extensions.clone()));
        }
        for (id, receiver, outlets) in receivers {
            let stop = running.stop_receivers.clone();
            running.receivers.spawn(async move { (id, receiver.run(outlets, stop).await) });
        }
        running
    }

    /// Watches over the components and reports those that end before they are told to. Returns when it makes no sense to go on.
    pub async fn watch(&mut self) -> Watched {
        loop {
            tokio::select! {
                ended = self.receivers.join_next() => match ended {
                    Some(ended) => report(ended),
                    None => return Watched::Ended,
                },
                Some(ended) = self.flow.join_next() => {
                    if let Err(error) = ended {
                        error!(%error, "a pipeline or exporter has failed");
                        return Watched::Broken;
                    }
                }
            }
        }
    }

    /// Ends in the order in which data flows, by `deadline` at the latest.
    pub async fn stop(mut self, deadline: Instant) -> Ended {
        self.stop_receivers.cancel();
        let orderly = async {
            while let Some(ended) = self.receivers.join_next().await {
                report(ended);
            }
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
                self.give_up.cancel();
                let last_words = async { while self.flow.join_next().await.is_some() {} };
                if timeout_at(Instant::now() + LAST_WORDS, last_words).await.is_err() {
                    self.flow.shutdown().await;
                }
                Ended::CutShort
            }
        };
        self.stop_extensions.cancel();
        let extensions = async {
            while let Some(ended) = self.extensions.join_next().await {
                if let Err(error) = ended {
                    error!(%error, "an extension has failed");
                }
            }
        };
        if timeout_at(Instant::now() + LAST_WORDS, extensions).await.is_err() {
            self.extensions.shutdown().await;
        }
        ended
    }
}

fn report(ended: Result<(String, Result<(), ReceiveError>), tokio::task::JoinError>) {
    match ended {
        Ok((_, Ok(()))) => {}
        Ok((receiver, Err(error))) => error!(receiver, %error, "a receiver has ended; the others go on"),
        Err(error) => error!(%error, "a receiver has failed; the others go on"),
    }
}
