//! Exponentially weighted means with a warm-up.

use super::stored_fields;

/// Below this a mean counts as zero: arithmetic on subnormal numbers is a hundred times slower.
const TINY: f32 = 1e-30;

/// How far back a mean reaches, in beats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    beats: f32,
    rate: f32,
}

impl Span {
    /// A span of so many beats.
    #[must_use]
    pub const fn of(beats: f32) -> Self {
        Self { beats, rate: 1.0 / beats }
    }

    /// Its length in beats.
    #[must_use]
    pub const fn beats(self) -> f32 {
        self.beats
    }

    /// The share by which a sample of `weight` moves a mean that is warm.
    pub(crate) const fn share(self, weight: f32) -> f32 {
        self.rate * weight
    }
}

/// A mean that forgets: the plain mean of everything until a span is full, then exponentially weighted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Ewma {
    mean: f32,
    weight: f32,
}

stored_fields!(Ewma { mean, weight });

impl Ewma {
    pub(crate) const fn mean(self) -> f32 {
        self.mean
    }

    /// Beats seen, up to about the span.
    pub(crate) const fn weight(self) -> f32 {
        self.weight
    }

    /// Takes in `value`, which stands for `weight` beats.
    pub(crate) fn update(&mut self, value: f32, span: Span, weight: f32) {
        let share = warming_share(&mut self.weight, span, weight);
        let mean = self.mean + share * (value - self.mean);
        self.mean = if mean.abs() < TINY { 0.0 } else { mean };
    }

    /// Moves the mean without learning: the level itself has changed.
    pub(crate) fn shift(&mut self, by: f32) {
        self.mean += by;
    }
}

/// The share of a sample of `weight` in a mean that has seen `seen`, which is counted on: never more than one, even
/// where damaged state says that less than nothing was seen.
pub(super) fn warming_share(seen: &mut f32, span: Span, weight: f32) -> f32 {
    if *seen < span.beats {
        *seen = seen.max(0.0) + weight;
        (weight / *seen).max(span.share(weight))
    } else {
        span.share(weight)
    }
}
