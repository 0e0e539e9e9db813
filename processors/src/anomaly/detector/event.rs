//! From reported scores to events with a start and an end.

use super::Constants;
use crate::stats::stored_fields;

/// Where an event begins or ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Edge {
    /// The series has become anomalous in this step.
    Start,
    /// The series has been calm for a while.
    End,
}

/// Whether an event is on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Event {
    on: bool,
    calm: u8,
}

stored_fields!(Event { on, calm });

impl Event {
    pub(super) const fn is_on(self) -> bool {
        self.on
    }

    /// Takes a step with `raw` score, which was reported with a probability low enough for an event, or not.
    pub(super) fn take(&mut self, raw: f32, alarming: bool, constants: &Constants) -> Option<Edge> {
        if !self.on {
            (self.on, self.calm) = (alarming, 0);
            return alarming.then_some(Edge::Start);
        }
        self.calm = if raw < constants.calm { self.calm.saturating_add(1) } else { 0 };
        if self.calm < constants.calm_steps {
            return None;
        }
        self.on = false;
        Some(Edge::End)
    }
}
