//! How far the recent distribution of a series is from its usual one.

use super::ewma::{Span, warming_share};
use super::{ln_ratio, stored_fields};

const BINS: usize = 8;
/// Added to each share, so that an empty bin has a logarithm.
const EPSILON: f32 = 1e-3;

/// Two histograms over the same bins, one with a short memory and one with a long one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Divergence {
    recent: [f32; BINS],
    usual: [f32; BINS],
    recent_weight: f32,
    usual_weight: f32,
}

stored_fields!(Divergence { recent, usual, recent_weight, usual_weight });

impl Divergence {
    /// Takes in `position`, where the bins part 0 to 1 evenly and what lies outside goes to the outermost
    /// ones; gives the Kullback-Leibler divergence of the recent from the usual histogram, in nats.
    pub(crate) fn update(&mut self, position: f32, recent: Span, usual: Span, weight: f32) -> f32 {
        let recent = warming_share(&mut self.recent_weight, recent, weight).min(1.0);
        let usual = warming_share(&mut self.usual_weight, usual, weight).min(1.0);
        let bin = (position * BINS as f32).clamp(0.0, BINS as f32 - 1.0) as usize;
        let mut sum = 0.0;
        for (at, (r, u)) in self.recent.iter_mut().zip(&mut self.usual).enumerate() {
            let hit = if at == bin { 1.0 } else { 0.0 };
            *r += recent * (hit - *r);
            *u += usual * (hit - *u);
            let (r, u) = (*r + EPSILON, *u + EPSILON);
            sum += r * ln_ratio(r, u);
        }
        sum
    }
}
