//! A few spans that show what a number is made of.

use super::hash::mix;

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
