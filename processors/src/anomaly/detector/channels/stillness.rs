//! Stillness: does the series move as much as it used to?

use super::super::Constants;
use crate::stats::{Ewma, Tail, ln, stored_fields};

/// How much a series moves from step to step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Stillness {
    last: f64,
    started: bool,
    recent: Ewma,
    usual: Ewma,
    tail: Tail,
}

stored_fields!(Stillness { last, started, recent, usual, tail });

impl Stillness {
    /// Surprise at how little the mean of a step differs from that of the step before.
    pub(crate) fn judge(&mut self, value: f64, weight: f32, constants: &Constants) -> f32 {
        let moved = (value - self.last).abs() as f32;
        self.last = value;
        if !std::mem::replace(&mut self.started, true) {
            return 0.0;
        }
        self.recent.update(moved, constants.short, weight);
        self.usual.update(moved, constants.long, weight);
        let (recent, usual) = (self.recent.mean(), self.usual.mean());
        let stillness = if usual > 0.0 { ln(usual / recent.max(1e-9 * usual)).max(0.0) } else { 0.0 };
        self.tail.surprise(stillness, 0.0, weight, &constants.tail)
    }
}
