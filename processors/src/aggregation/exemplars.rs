//! A few spans that show what a number is made of.

use edgewatch_core::config::ConfigError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::hash::mix;

/// Spans that data points show.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ExemplarsConfig {
    /// Whether data points show some of the spans that they count. Default: false.
    pub(crate) enabled: bool,
    /// Most of them for each data point, 1 to 100: a fair choice of all since the last point. Default: 5.
    pub(crate) max_per_data_point: usize,
}

impl Default for ExemplarsConfig {
    fn default() -> Self {
        Self { enabled: false, max_per_data_point: 5 }
    }
}

impl ExemplarsConfig {
    /// Most exemplars of a data point.
    pub(crate) fn most(&self) -> usize {
        if self.enabled { self.max_per_data_point } else { 0 }
    }

    /// Checks `exemplars` of a connector.
    ///
    /// # Errors
    ///
    /// There are too many or none.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if !self.enabled || (1..=100).contains(&self.max_per_data_point) {
            return Ok(());
        }
        Err(ConfigError::new(
            "exemplars.max_per_data_point",
            "must be 1 to 100; disable exemplars to have none",
        ))
    }
}

/// A span, as an exemplar shows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Sample {
    /// The trace.
    pub(crate) trace_id: [u8; 16],
    /// The span.
    pub(crate) span_id: [u8; 8],
    /// When it ended, in nanoseconds since 1970.
    pub(crate) time: u64,
    /// How long it took, in nanoseconds.
    pub(crate) nanoseconds: u64,
}

/// A fair choice of at most so many samples: those whose ids have the least hashes. It is the same in whatever order and in however
/// many batches they come.
#[derive(Debug, Default)]
pub(crate) struct Reservoir {
    /// By hash.
    chosen: Vec<(u64, Sample)>,
}

impl Reservoir {
    /// What `most` samples take of memory.
    pub(crate) const fn bytes(most: usize) -> usize {
        most * size_of::<(u64, Sample)>()
    }

    /// Takes `sample` in, if it is one of the `most` that are chosen.
    #[inline]
    pub(crate) fn offer(&mut self, sample: &Sample, most: usize) {
        let (high, low) = halves(&sample.trace_id);
        let rank = mix(mix(u64::from_le_bytes(sample.span_id), high), low);
        let place = self.chosen.partition_point(|(other, _)| *other <= rank);
        if place >= most {
            return;
        }
        if self.chosen.capacity() == 0 {
            self.chosen.reserve_exact(most);
        }
        self.chosen.truncate(most - 1);
        self.chosen.insert(place, (rank, *sample));
    }

    /// The samples.
    pub(crate) fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.chosen.iter().map(|(_rank, sample)| sample)
    }

    /// Whether there are none.
    pub(crate) const fn is_empty(&self) -> bool {
        self.chosen.is_empty()
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.chosen.clear();
    }
}

fn halves(id: &[u8; 16]) -> (u64, u64) {
    let id = u128::from_le_bytes(*id);
    #[expect(clippy::cast_possible_truncation, reason = "the halves")]
    let halves = ((id >> 64) as u64, id as u64);
    halves
}
