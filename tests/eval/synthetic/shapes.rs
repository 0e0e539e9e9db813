//! What series on a host look like.

use std::f64::consts::TAU;

use fastrand::Rng;

const DAY: f64 = 86_400.0;

/// A kind of series.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    /// Share of a processor in use: a hill a day, noise that lasts some minutes.
    Cpu,
    /// Bytes in use: wanders about a level.
    Memory,
    /// Bytes on a disk: grows by noise, cleaned every night.
    Disk,
    /// Bytes a second: a hill a day, multiplied by noise.
    Network,
    /// Requests a step: counts, few at night.
    Requests,
    /// Errors a step: nearly always none.
    Errors,
    /// A setting: never changes.
    Constant,
    /// A backup every night at the same time.
    Nightly,
}

impl Shape {
    pub(super) const ALL: [Self; 8] = [
        Self::Cpu,
        Self::Memory,
        Self::Disk,
        Self::Network,
        Self::Requests,
        Self::Errors,
        Self::Constant,
        Self::Nightly,
    ];
}

/// A series that can be asked for its next value, which depends on the time and on the one before.
pub(super) struct Series {
    shape: Shape,
    random: Rng,
    /// Noise that lasts: what is left of it after a second, and its state.
    lasting: f64,
    /// This series' own size and phase.
    size: f64,
    phase: f64,
    last: f64,
}

impl Series {
    pub(super) fn new(shape: Shape, seed: u64) -> Self {
        let mut random = Rng::with_seed(seed.wrapping_mul(31).wrapping_add(shape as u64));
        let size = (3.0 * random.f64()).exp();
        let phase = random.f64();
        Self { shape, random, lasting: 0.0, size, phase, last: 0.0 }
    }

    /// The value at `second`.
    pub(super) fn value(&mut self, second: f64) -> f64 {
        let passed = (second - self.last).max(0.0);
        self.last = second;
        let kept = (-passed / 600.0).exp();
        self.lasting = kept * self.lasting + (1.0 - kept * kept).sqrt() * self.normal();
        let noise = self.normal();
        let hill = 0.5 + 0.5 * (TAU * (second / DAY + self.phase)).sin();
        let hour = (second / 3600.0) % 24.0;
        match self.shape {
            Shape::Cpu => (0.1 + 0.4 * hill + 0.04 * self.lasting + 0.02 * noise).clamp(0.0, 1.0),
            Shape::Memory => 1e9 * self.size * (4.0 + 0.05 * self.lasting + 0.01 * hill + 0.002 * noise),
            Shape::Disk => 1e10 * self.size * (3.0 + hour / 24.0 + 0.002 * self.lasting),
            Shape::Network => 1e5 * self.size * (0.3 + hill) * (0.2 * noise + 0.1 * self.lasting).exp(),
            Shape::Requests => self.poisson(2.0 + 10.0 * self.size * hill),
            Shape::Errors => self.poisson(0.01),
            Shape::Constant => 8.0 * self.size,
            Shape::Nightly => {
                let backup = (2.0..2.5).contains(&hour);
                self.size * (5.0 + 0.3 * noise + if backup { 40.0 + 2.0 * self.lasting } else { 0.0 })
            }
        }
    }

    /// Noise about zero, a hundredth large.
    pub(super) fn relative(&mut self, second: f64) -> f64 {
        self.value(second) / (1e9 * self.size * 4.0) - 1.0
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.random.f64()).ln()).sqrt();
        radius * (TAU * self.random.f64()).cos()
    }

    fn poisson(&mut self, mean: f64) -> f64 {
        if mean > 30.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let limit = (-mean).exp();
        let (mut count, mut product) = (0.0, self.random.f64());
        while product > limit {
            count += 1.0;
            product *= self.random.f64();
        }
        count
    }
}
