//! Histograms with explicit bounds.

use edgewatch_proto::view::HistogramDataPoint;
use edgewatch_proto::wire::{Fields, Payload};
use smallvec::SmallVec;

use super::past::NO_RECORDED_VALUE;
use super::quantiles::{Buckets, Extremes, MOST_BUCKETS};
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
        let mut read = Self {
            times: Times::default(),
            recorded: true,
            count: 0,
            extremes: Extremes::default(),
            bounds: Bounds::new(),
            counts: Counts::new(),
            bounds_hash: 0,
        };
        let (mut min, mut max) = (None, None);
        for field in Fields::new(point.as_bytes()) {
            match (field.number, field.payload) {
                (2, Payload::Fixed64(start)) => read.times.start = start,
                (3, Payload::Fixed64(time)) => read.times.time = time,
                (4, Payload::Fixed64(values)) => read.count = values,
                (6, Payload::Len(packed)) => add_packed(&mut read.counts, packed, u64::from_le_bytes),
                (6, Payload::Fixed64(values)) => add(&mut read.counts, [values]),
                (7, Payload::Len(packed)) => add_packed(&mut read.bounds, packed, f64::from_le_bytes),
                (7, Payload::Fixed64(bits)) => add(&mut read.bounds, [f64::from_bits(bits)]),
                (10, Payload::Varint(bits)) => read.recorded = bits & NO_RECORDED_VALUE == 0,
                (11, Payload::Fixed64(bits)) => min = Some(f64::from_bits(bits)),
                (12, Payload::Fixed64(bits)) => max = Some(f64::from_bits(bits)),
                _other => {}
            }
        }
        read.extremes = Extremes::new(min, max);
        if !read.makes_sense() {
            read.bounds.clear();
            read.counts.clear();
        }
        read.bounds_hash = hash(&read.bounds);
        read
    }

    /// Whether there are buckets, not too many of them, each with bounds of its own. A single bucket tells no more than the count.
    fn makes_sense(&self) -> bool {
        !self.bounds.is_empty()
            && self.counts.len() <= MOST_BUCKETS
            && self.counts.len() == self.bounds.len() + 1
            && self.bounds.is_sorted_by(|one, next| one < next)
            && self.bounds.iter().all(|bound| bound.is_finite())
    }

    /// What is in the buckets, or `counts` instead of that.
    pub(super) fn buckets<'a>(&'a self, counts: &'a [u64], extremes: Extremes) -> impl Buckets + 'a {
        Filled { bounds: &self.bounds, counts, extremes }
    }

    pub(super) fn counts(&self) -> &[u64] {
        &self.counts
    }
}

/// Adds items, one more than there may be at most: that one tells that there are more.
fn add<T>(items: &mut SmallVec<[T; USUAL]>, more: impl IntoIterator<Item = T>) {
    let room = (MOST_BUCKETS + 1).saturating_sub(items.len());
    items.extend(more.into_iter().take(room));
}

fn add_packed<T>(items: &mut SmallVec<[T; USUAL]>, packed: &[u8], read: fn([u8; 8]) -> T) {
    let (eights, _rest) = packed.as_chunks();
    add(items, eights.iter().map(|eight| read(*eight)));
}

/// Counts between bounds.
struct Filled<'a> {
    bounds: &'a [f64],
    counts: &'a [u64],
    extremes: Extremes,
}

impl Buckets for Filled<'_> {
    fn counts(&self) -> impl Iterator<Item = u64> {
        self.counts.iter().copied()
    }

    /// Outermost buckets end at what is known of their measurements, and else at their only bound; the lowest at zero, where that is below it.
    fn bounds(&self, bucket: usize) -> Option<(f64, f64)> {
        let lower = match bucket.checked_sub(1) {
            Some(before) => *self.bounds.get(before)?,
            None => self.bounds.first()?.min(self.extremes.min.unwrap_or(0.0)),
        };
        let upper = match self.bounds.get(bucket) {
            Some(bound) => *bound,
            None => self.bounds.last().map(|bound| bound.max(self.extremes.max.unwrap_or(*bound)))?,
        };
        Some((lower, upper))
    }
}

/// Tells bounds from others. Each is mixed with its place on its own, so that none waits for the one before.
fn hash(bounds: &[f64]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    bounds.iter().zip(1_u64..).fold(0, |hash, (bound, place)| {
        let mixed = (bound.to_bits() ^ place.wrapping_mul(FACTOR)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        hash.wrapping_add((mixed ^ (mixed >> 32)).wrapping_mul(FACTOR))
    })
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
        if self.bounds != point.bounds_hash {
            return Some(More { count, counts: Counts::new() });
        }
        let pairs = || point.counts.iter().zip(&self.counts);
        let fell = pairs().any(|(now, before)| now < before);
        (!fell).then(|| More { count, counts: pairs().map(|(now, before)| now - before).collect() })
    }
}

/// What a point has counted more than another one.
pub(super) struct More {
    pub(super) count: u64,
    /// Per bucket; none if the bounds are others.
    pub(super) counts: Counts,
}
