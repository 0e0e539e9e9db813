//! From what runs to the next plan, without losing anything on the way.
//!
//! The new graph is built beside the present one and takes its place in one step, between two turns of the runtime. Only receivers that
//! share state on disk with their predecessor open when that has been stopped; when they then fail, the predecessor is built again.

use std::time::Duration;

use edgewatch_core::factory::ComponentKind;
use edgewatch_core::receiver::ReceiveError;
use tokio::time::{Instant, sleep_until};
use tracing::{error, warn};

use super::build;
use super::changes::Changes;
use super::error::BuildError;
use super::graph::{Hold, leaving};
use super::next::NewReceiver;
use super::plan::Plan;
use super::remainder::Remainder;
use super::running::Running;

impl Running {
    /// Changes over to `plan`. What it leaves as it is goes on untouched; what it replaces or removes finishes what it has, within
    /// `patience`.
    ///
    /// # Errors
    ///
    /// [`BuildError`]; everything goes on as it was then.
    pub async fn reload(&mut self, plan: &Plan, patience: Duration) -> Result<Changes, BuildError> {
        let changed = self.change(plan, patience).await;
        if changed.is_err() {
            let receivers = self.graph.receivers.values().map(|node| &node.hold);
            let extensions = self.graph.extensions.values().map(|node| &node.hold);
            receivers.chain(extensions).for_each(|hold| hold.listeners.leave(false));
        }
        changed
    }

    async fn change(&mut self, plan: &Plan, patience: Duration) -> Result<Changes, BuildError> {
        let mut next =
            build::build(plan, &self.surroundings, &self.graph, &self.remainders, &self.ends).await?;
        let former =
            leaving(&self.graph.receivers, &next.graph.receivers).filter(|(_, node)| node.is.exclusive);
        let left = self.remainders.iter().flat_map(Remainder::exclusive);
        let in_the_way: Vec<Hold> = former.map(|(_, node)| &node.hold).chain(left).cloned().collect();
        let waits = |new: &mut NewReceiver| new.receiver.is_exclusive() && !in_the_way.is_empty();
        let mut waiting: Vec<_> = next.receivers.extract_if(.., waits).collect();
        open(&mut next.receivers).await?;
        if !waiting.is_empty() {
            self.end(&in_the_way, Instant::now() + patience).await;
            if let Err(error) = open(&mut waiting).await {
                // The others must have let go of what they share before their predecessors come back.
                drop((waiting, next));
                self.restore().await;
                return Err(error);
            }
            next.receivers.append(&mut waiting);
        }
        Ok(self.switch(next, patience))
    }

    /// Stops receivers and waits until they have ended, by `deadline` in good order.
    async fn end(&mut self, receivers: &[Hold], deadline: Instant) {
        receivers.iter().for_each(|hold| hold.stop.cancel());
        while receivers.iter().any(Hold::is_present) {
            tokio::select! {
                () = self.receiver_ended() => {}
                () = sleep_until(deadline), if !receivers.iter().all(|hold| hold.give_up.is_cancelled()) => {
                    warn!("a receiver that is replaced takes too long to end; it is cut short");
                    receivers.iter().for_each(|hold| hold.give_up.cancel());
                }
            }
        }
    }

    /// Builds the receivers again that were stopped for successors which could not be opened.
    async fn restore(&mut self) {
        let stopped = self.graph.receivers.iter().filter(|(_, node)| node.hold.stop.is_cancelled());
        let stopped: Vec<_> = stopped.map(|(id, node)| (id.clone(), node.is.clone())).collect();
        for (id, former) in stopped {
            let offered = &self.graph.offered;
            let mut again = match build::rebuild(&id, &former, offered, &self.surroundings, &self.ends) {
                Ok(new) => [new],
                Err(error) => {
                    error!(receiver = id, %error, "the receiver cannot be built again; the others go on");
                    continue;
                }
            };
            if let Err(error) = open(&mut again).await {
                error!(receiver = id, %error, "the receiver cannot be opened again; the others go on");
                continue;
            }
            for new in again {
                if let Some(node) = self.graph.receivers.get_mut(&id) {
                    node.hold = new.hold.clone();
                }
                self.run(new);
            }
            warn!(receiver = id, "the receiver has been started again with its former configuration");
        }
    }
}

async fn open(receivers: &mut [NewReceiver]) -> Result<(), BuildError> {
    for new in receivers {
        let failed = |source: ReceiveError| BuildError::Open {
            kind: ComponentKind::Receiver,
            id: new.id.clone(),
            source,
        };
        new.receiver.open().await.map_err(failed)?;
    }
    Ok(())
}
