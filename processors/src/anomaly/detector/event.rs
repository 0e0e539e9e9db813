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

/// Whether an event is on, and what might become one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Event {
    on: bool,
    calm: u8,
    /// The logarithm of the probability of the peak that might become an event, and its raw score.
    pending: f32,
    peak: f32,
    /// Steps since the departure began, and since its peak.
    lasted: u8,
    waited: u8,
    /// Whether the event is about steps that were unusual in themselves, and not about what came of hours.
    sudden: bool,
    /// The largest raw score of the event that ended while means over hours were still unusual; zero when they are calm.
    echo: f32,
}

stored_fields!(Event { on, calm, pending, peak, lasted, waited, sudden, echo });

/// Steps, beside its own, in which a peak may become an event: a fault must be found within two.
const PATIENCE: u8 = 2;

impl Event {
    pub(super) const fn is_on(self) -> bool {
        self.on
    }

    /// The logarithm of the probability of the peak that might become an event, or has just become one.
    pub(super) const fn pending(self) -> f32 {
        self.pending
    }

    /// Takes a step with `raw` score, of which `now` is about the step in itself and `reported` is news with that logarithm of a probability.
    /// `alarm` gives the logarithm of the probability from which on a departure is an event that has lasted for so many steps.
    pub(super) fn take(
        &mut self,
        (raw, now, reported): (f32, f32, Option<f32>),
        elapsed: f32,
        alarm: impl FnOnce(u8) -> f64,
        constants: &Constants,
    ) -> Option<Edge> {
        if !self.on {
            self.fade(raw, constants);
            self.follow((raw, reported), elapsed, constants);
            let alarming = self.pending < 0.0
                && self.peak >= (1.0 + constants.margin) * self.echo
                && f64::from(self.pending) <= alarm(self.lasted);
            if alarming {
                (self.on, self.calm, self.echo) = (true, 0, raw);
                self.sudden = now >= constants.calm_now;
            }
            return alarming.then_some(Edge::Start);
        }
        (self.pending, self.peak, self.lasted, self.waited) = (0.0, 0.0, 0, 0);
        self.echo = self.echo.max(raw);
        // What is left of a fault in means over hours does not keep its event on.
        let calm = raw < constants.calm || self.sudden && now < constants.calm_now;
        self.calm = if calm { self.calm.saturating_add(1) } else { 0 };
        if self.calm < constants.calm_steps {
            return None;
        }
        (self.on, self.calm) = (false, 0);
        if raw < constants.calm {
            self.echo = 0.0;
        }
        Some(Edge::End)
    }

    /// After an event, until all is calm, only what is larger is another one.
    fn fade(&mut self, raw: f32, constants: &Constants) {
        self.calm = if raw < constants.calm { self.calm.saturating_add(1) } else { 0 };
        if self.calm >= constants.calm_steps {
            self.echo = 0.0;
        }
    }

    /// Follows a departure that is no event yet: how unlikely its peak was, and how long it lasts.
    fn follow(&mut self, (raw, reported): (f32, Option<f32>), elapsed: f32, constants: &Constants) {
        let lasts = self.pending < 0.0
            && elapsed < 2.0
            && raw >= constants.calm + constants.lasts * (self.peak - constants.calm);
        self.lasted = if lasts { self.lasted.saturating_add(1) } else { 0 };
        self.waited = self.waited.saturating_add(1);
        if let Some(ln_probability) = reported {
            (self.pending, self.peak, self.waited) = (ln_probability, raw, 0);
        } else if self.waited > PATIENCE || elapsed >= 2.0 {
            (self.pending, self.peak, self.lasted) = (0.0, 0.0, 0);
        }
    }
}
