//! What the detector says about a step.

use std::fmt;

use super::channels::Channel;
use super::event::Edge;
use super::reason::{Expected, Reason, Short};
use super::steps::Step;

/// A scored step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Time of the last point of the step, in nanoseconds since 1970.
    pub time: u64,
    /// Mean of the step.
    pub value: f64,
    /// How surprising the step is, whatever came before: the sum over all channels.
    pub raw: f32,
    /// What of it is news: zero while a larger peak is held, less where such peaks are known.
    pub score: f32,
    /// The logarithm of the probability of such a score in a step without an anomaly. Where an event starts, that of the peak that it
    /// is about, which may be up to two steps ago.
    pub ln_probability: f32,
    /// The surprise of each channel, in the order of [`Channel::ALL`].
    pub channels: [f32; Channel::COUNT],
    /// Whether an event starts or ends with this step.
    pub event: Option<Edge>,
    /// Whether an event is on, after this step.
    pub anomalous: bool,
    /// Why the step scores as it does.
    pub reason: Reason,
}

impl Scored {
    /// A step of which nothing can be said yet.
    pub(super) fn silent(step: &Step) -> Self {
        let expected = Expected::exactly(step);
        Self {
            time: step.time,
            value: step.mean,
            raw: 0.0,
            score: 0.0,
            ln_probability: 0.0,
            channels: [0.0; Channel::COUNT],
            event: None,
            anomalous: false,
            reason: Reason { channel: Channel::Level, expected },
        }
    }

    /// The probability of such a score, or more, in a step without an anomaly.
    #[must_use]
    pub fn probability(&self) -> f64 {
        f64::from(self.ln_probability).exp()
    }
}

impl fmt::Display for Scored {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let probability = self.probability();
        if probability < 0.1 {
            write!(out, "p = {probability:.0e}: {}", self.reason)
        } else {
            write!(out, "p = {}: {}", Short(probability), self.reason)
        }
    }
}
