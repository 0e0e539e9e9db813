//! One batch on its way through the levels.

use std::sync::Arc;

use edgewatch_core::Signal;
use edgewatch_core::ack::{Ack, Receipt};
use edgewatch_core::batch::{Batch, Segments};
use edgewatch_core::refusal::{Refusal, RefusalKind};

use super::levels::{Choice, Fate, Tried};
use super::router::{Pipes, Shared};

/// A batch that has to reach some level.
pub(super) struct Journey {
    pub(super) signal: Signal,
    pub(super) items: usize,
    segments: Segments,
    /// Of the sources. What goes to a level carries one of its own.
    ack: Ack,
    pub(super) tried: Tried,
    refusal: Option<Refusal>,
}

/// A batch at a level.
pub(super) struct Placed {
    level: usize,
    receipt: Receipt,
    recalled: bool,
}

/// The way to the level that was chosen.
pub(super) struct Way {
    pub(super) choice: Choice,
    pub(super) pipes: Pipes,
}

impl Journey {
    pub(super) fn new(batch: Batch) -> Self {
        let (signal, items) = (batch.signal(), batch.items());
        let (segments, ack) = batch.into_parts();
        Self { signal, items, segments, ack, tried: Tried::default(), refusal: None }
    }

    /// Sends the batch the given way, waiting for room in its pipelines; takes it back when they do not get on while another
    /// level would.
    pub(super) async fn set_out(&self, way: Way, shared: &Shared) -> Placed {
        let Way { choice, pipes } = way;
        let (mut ack, receipt) = Ack::pair(shared.budget.lease(0));
        if choice.last && self.ack.is_accepted() {
            // A full queue must keep it, since no level is left and nobody would send it again.
            ack.accepted();
        }
        let batch = Batch::of_segments(self.signal, self.segments.clone(), self.items, ack);
        let recalled = tokio::select! {
            biased;
            () = pipes.send(batch) => false,
            () = shared.better_than(choice.level, self.tried) => true,
        };
        Placed { level: choice.level, receipt, recalled }
    }

    /// Waits for the fate of the batch at its level, and sends it to the next one for as long as it is refused.
    pub(super) async fn follow(mut self, mut placed: Placed, shared: Arc<Shared>) {
        loop {
            if placed.receipt.accepted().await.is_ok() {
                self.ack.accepted();
            }
            let fate = match placed.receipt.delivered().await {
                Ok(()) => {
                    shared.delivered(placed.level);
                    return self.ack.delivered();
                }
                Err(_) if placed.recalled => Fate::Recalled,
                Err(refusal) => {
                    let kind = refusal.kind;
                    self.remember(refusal);
                    Fate::Refused(kind)
                }
            };
            let Some(way) = shared.next(&mut self, placed.level, fate) else {
                return match &self.refusal {
                    Some(refusal) => self.ack.refused(refusal),
                    None => self.ack.refused(&Refusal::unavailable("the agent is stopping")),
                };
            };
            placed = self.set_out(way, &shared).await;
        }
    }

    /// Keeps what the sources are told when no level takes the batch: that it may be sent again, if one level says so.
    fn remember(&mut self, refusal: Refusal) {
        let passing = self.refusal.as_ref().is_some_and(|known| known.kind != RefusalKind::Permanent);
        if !(passing && refusal.kind == RefusalKind::Permanent) {
            self.refusal = Some(refusal);
        }
    }
}
