//! Randomness that always takes the same number of draws, so that a host with a fault and its twin without stay in step.

use std::f64::consts::TAU;

use fastrand::Rng;

/// A source of numbers.
#[derive(Clone)]
pub(super) struct Noise(Rng);

impl Noise {
    pub(super) fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    /// Evenly between two numbers.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.f64()
    }

    /// Evenly on a logarithmic scale.
    pub(super) fn magnitude(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.0.f64() < probability
    }

    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.0.f64()).ln()).sqrt();
        radius * (TAU * self.0.f64()).cos()
    }

    /// At least one; the mean is finite from a shape of one on, the variance from two on.
    pub(super) fn pareto(&mut self, shape: f64) -> f64 {
        (1.0 - self.0.f64()).powf(-1.0 / shape)
    }

    pub(super) fn poisson(&mut self, mean: f64) -> f64 {
        let normal = self.normal();
        let uniform = self.0.f64();
        if mean > 30.0 {
            return (mean + mean.sqrt() * normal).round().max(0.0);
        }
        let mut probability = (-mean).exp();
        let (mut count, mut sum) = (0.0, probability);
        while sum < uniform && count < 200.0 {
            count += 1.0;
            probability *= mean / count;
            sum += probability;
        }
        count
    }
}

/// Noise that lasts, of mean zero and deviation one.
#[derive(Clone)]
pub(super) struct Wander {
    value: f64,
    kept: f64,
}

impl Wander {
    /// A third of it is left after so many minutes.
    pub(super) fn over(minutes: f64) -> Self {
        Self { value: 0.0, kept: (-1.0 / minutes).exp() }
    }

    pub(super) fn next(&mut self, noise: &mut Noise) -> f64 {
        self.value = self.kept * self.value + (1.0 - self.kept * self.kept).sqrt() * noise.normal();
        self.value
    }
}
