//! Histograms with explicit bounds.

use edgewatch_proto::view::HistogramDataPoint;
use edgewatch_proto::wire::{Fields, Payload};
use smallvec::SmallVec;

use super::past::NO_RECORDED_VALUE;
use super::quantiles::{Bucket, Extremes, MOST_BUCKETS};
use super::window::Times;

/// Buckets of a point that are read without an allocation.
const USUAL: usize = 32;
type Counts = SmallVec<[u64; USUAL]>;
type Bounds = SmallVec<[f64; USUAL]>;

/// A point of a histogram.
pub(super) struct Point {
    pub(super) times: Times,
    /// Whether it has values.
    pub(super) recorded: bool,
    pub(super) count: u64,
    pub(super) extremes: Extremes,
    /// Finite and ascending.
    bounds: Bounds,
    /// One more than bounds; none if there are no buckets, too many of them, or such that make no sense.
    counts: Counts,
    /// Tells the bounds from others.
    bounds_hash: u64,
}

impl Point {
    pub(super) fn of(point: HistogramDataPoint<'_>) -> Self {
        let (mut times, mut count, mut flags) = (Times { start: 0, time: 0 }, 0, 0);
        let (mut min, mut max) = (None, None);
        for field in Fields::new(point.as_bytes()) {
            match (field.number, field.payload) {
                (2, Payload::Fixed64(start)) => times.start = start,
                (3, Payload::Fixed64(time)) => times.time = time,
                (4, Payload::Fixed64(values)) => count = values,
                (10, Payload::Varint(bits)) => flags = bits,
                (11, Payload::Fixed64(bits)) => min = Some(f64::from_bits(bits)),
                (12, Payload::Fixed64(bits)) => max = Some(f64::from_bits(bits)),
                _other => {}
            }
        }
        let (recorded, extremes) = (flags & NO_RECORDED_VALUE == 0, Extremes::new(min, max));
        let (bounds, counts) = buckets(point).unwrap_or_default();
        let bounds_hash = hash(&bounds);
        Self { times, recorded, count, extremes, bounds, counts, bounds_hash }
    }

    /// What is in the buckets, or `counts` instead of that. Outermost buckets end at what is known of their measurements, and else at their
    /// only bound; the lowest at zero, where that is below it.
    pub(super) fn buckets<'a>(
        &'a self,
        counts: &'a [u64],
        extremes: Extremes,
    ) -> impl Iterator<Item = Bucket> + Clone + 'a {
        let lowest = self.bounds.first().map(|bound| extremes.min.unwrap_or(0.0).min(*bound));
        let highest = self.bounds.last().map(|bound| extremes.max.unwrap_or(*bound).max(*bound));
        let lower = lowest.into_iter().chain(self.bounds.iter().copied());
        let upper = self.bounds.iter().copied().chain(highest);
        lower.zip(upper).zip(counts).map(|((lower, upper), count)| Bucket { lower, upper, count: *count })
    }

    pub(super) fn counts(&self) -> &[u64] {
        &self.counts
    }
}

/// Tells bounds from others.
fn hash(bounds: &[f64]) -> u64 {
    bounds.iter().fold(bounds.len() as u64, |hash, bound| {
        let mixed = (hash ^ bound.to_bits()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 32)
    })
}

fn buckets(point: HistogramDataPoint<'_>) -> Option<(Bounds, Counts)> {
    // One more than there may be tells that there are more.
    let bounds: Bounds = point.explicit_bounds().take(MOST_BUCKETS).collect();
    let counts: Counts = point.bucket_counts().take(MOST_BUCKETS + 1).collect();
    let ascending =
        bounds.is_sorted_by(|one, next| one < next) && bounds.iter().all(|bound| bound.is_finite());
    // A single bucket tells no more than the count.
    (!bounds.is_empty() && ascending && counts.len() <= MOST_BUCKETS && counts.len() == bounds.len() + 1)
        .then_some((bounds, counts))
}

/// What is kept of a cumulative point.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Explicit {
    pub(super) count: u64,
    /// Tells the bounds from others.
    pub(super) bounds: u64,
    /// Per bucket; none where only the count is told.
    pub(super) counts: Box<[u64]>,
}

impl Explicit {
    pub(super) fn of(point: &Point) -> Self {
        Self { count: point.count, bounds: point.bounds_hash, counts: Box::from(point.counts()) }
    }

    /// Keeps `point` instead.
    pub(super) fn update(&mut self, point: &Point) {
        if self.counts.len() == point.counts.len() {
            (self.count, self.bounds) = (point.count, point.bounds_hash);
            self.counts.copy_from_slice(&point.counts);
        } else {
            *self = Self::of(point);
        }
    }

    /// What `point` has counted more than this; none if it has counted less anywhere.
    pub(super) fn until(&self, point: &Point) -> Option<More> {
        let count = point.count.checked_sub(self.count)?;
        let mut counts = Counts::new();
        if self.bounds == point.bounds_hash {
            for (now, before) in point.counts.iter().zip(&self.counts) {
                counts.push(now.checked_sub(*before)?);
            }
        }
        Some(More { count, counts })
    }
}

/// What a point has counted more than another one.
pub(super) struct More {
    pub(super) count: u64,
    /// Per bucket; none if the bounds are others.
    pub(super) counts: Counts,
}
