//! Spread: are recent values distributed as usual?

use super::super::Constants;
use crate::stats::{Divergence, Ewma, Tail, stored_fields};

/// Where values lie: mean and variance to place the bins, and two histograms over them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Spread {
    mean: Ewma,
    variance: Ewma,
    divergence: Divergence,
    tail: Tail,
}

stored_fields!(Spread { mean, variance, divergence, tail });

impl Spread {
    /// Surprise at where the mean of a step, and of the steps before it, lie.
    pub(crate) fn judge(&mut self, value: f32, weight: f32, constants: &Constants) -> f32 {
        let young = self.mean.weight() == 0.0;
        let distance = value - self.mean.mean();
        self.mean.update(value, constants.long, weight);
        if !young {
            let square = self.limited(distance * distance, constants);
            self.variance.update(square, constants.long, weight);
        }
        let deviation = self.variance.mean().sqrt().max(f32::MIN_POSITIVE * 1e6);
        let position = 0.5 + distance / deviation / (2.0 * constants.reach);
        let divergence = self.divergence.update(position, constants.short, constants.long, weight);
        self.tail.surprise(divergence, 0.0, weight, &constants.tail)
    }

    /// The square of a distance, as far as it counts: one that is far out would widen the bins for days, in which usual values would
    /// look narrow.
    fn limited(&self, square: f32, constants: &Constants) -> f32 {
        if self.variance.weight() < constants.tail.warm_up {
            return square;
        }
        square.min(constants.outlier * constants.outlier * self.variance.mean())
    }
}
