//! Exponential histograms.

use std::borrow::Cow;
use std::cmp::Ordering;

use edgewatch_proto::view::{Buckets, ExponentialHistogramDataPoint};

use super::past::NO_RECORDED_VALUE;
use super::quantiles::{self, Extremes, MOST_BUCKETS};
use super::window::Times;

/// A point of an exponential histogram.
pub(super) struct Point {
    pub(super) times: Times,
    /// Whether it has values.
    pub(super) recorded: bool,
    pub(super) extremes: Extremes,
    /// Measurements up to that far from zero are in the zero bucket.
    pub(super) zero_threshold: f64,
    pub(super) counted: Exponential,
}

/// What a point has counted, or what is kept of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Exponential {
    pub(super) count: u64,
    /// A bucket ends at 2 to the power of 2 to the power of -scale times its beginning.
    pub(super) scale: i32,
    /// Measurements in the zero bucket.
    pub(super) zero: u64,
    pub(super) positive: Side,
    pub(super) negative: Side,
}

/// Buckets of one sign.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Side {
    /// Index of the first bucket, well within 64 bits. 0 if there is none.
    pub(super) first: i64,
    /// From the first to the last that is not empty.
    pub(super) counts: Vec<u64>,
}

impl Point {
    pub(super) fn of(point: ExponentialHistogramDataPoint<'_>) -> Self {
        let zero_threshold = point.zero_threshold();
        Self {
            times: Times { start: point.start_time_unix_nano(), time: point.time_unix_nano() },
            recorded: u64::from(point.flags()) & NO_RECORDED_VALUE == 0,
            extremes: Extremes::new(point.min(), point.max()),
            zero_threshold: if zero_threshold.is_finite() { zero_threshold.abs() } else { 0.0 },
            counted: Exponential::of(point),
        }
    }
}

impl Exponential {
    /// Merges buckets until there are few enough to be remembered.
    fn of(point: ExponentialHistogramDataPoint<'_>) -> Self {
        let (positive, negative) =
            (point.positive().unwrap_or_default(), point.negative().unwrap_or_default());
        let shift =
            [positive, negative].into_iter().filter_map(span).map(narrowing).max().unwrap_or_default();
        Self {
            count: point.count(),
            scale: point.scale().saturating_sub_unsigned(shift),
            zero: point.zero_count(),
            positive: Side::of(positive, shift),
            negative: Side::of(negative, shift),
        }
    }

    /// What `now` has counted more than this, at the coarser scale of both; none if it has counted less anywhere.
    pub(super) fn until(&self, now: &Self) -> Option<Self> {
        let scale = self.scale.min(now.scale);
        let sides = |side: fn(&Self) -> &Side| {
            let now = side(now).coarser(now.scale.abs_diff(scale)).into_owned();
            now.more_than(&side(self).coarser(self.scale.abs_diff(scale)))
        };
        Some(Self {
            count: now.count.checked_sub(self.count)?,
            scale,
            zero: now.zero.checked_sub(self.zero)?,
            positive: sides(|counted| &counted.positive)?,
            negative: sides(|counted| &counted.negative)?,
        })
    }

    /// What is in the buckets.
    pub(super) const fn buckets(&self, zero_threshold: f64) -> impl quantiles::Buckets {
        Filled { counted: self, zero_threshold }
    }

    pub(super) const fn heap_bytes(&self) -> usize {
        size_of::<u64>() * (self.positive.counts.capacity() + self.negative.counts.capacity())
    }
}

impl Side {
    /// The buckets, 2 to the power of `shift` of them merged into one.
    fn of(buckets: Buckets<'_>, shift: u32) -> Self {
        let Some((first, last)) = span(buckets) else { return Self::default() };
        let mut side = Self::empty(first, last, shift);
        for (index, count) in indexed(buckets) {
            side.add(index, count, shift);
        }
        side
    }

    /// The same at a coarser scale.
    fn coarser(&self, shift: u32) -> Cow<'_, Self> {
        if shift == 0 || self.counts.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut side = Self::empty(self.first, self.last(), shift);
        for (index, count) in (self.first..).zip(&self.counts) {
            side.add(index, *count, shift);
        }
        Cow::Owned(side)
    }

    fn empty(first: i64, last: i64, shift: u32) -> Self {
        let (first, last) = (shifted(first, shift), shifted(last, shift));
        let len = usize::try_from(last - first).unwrap_or_default() + 1;
        Self { first, counts: vec![0; len] }
    }

    fn add(&mut self, index: i64, count: u64, shift: u32) {
        let place = usize::try_from(shifted(index, shift) - self.first).ok();
        if let Some(bucket) = place.and_then(|place| self.counts.get_mut(place)) {
            *bucket = bucket.saturating_add(count);
        }
    }

    const fn last(&self) -> i64 {
        self.first + self.counts.len() as i64 - 1
    }

    /// What this has counted more than `before`, at the same scale; none if it has counted less anywhere.
    fn more_than(mut self, before: &Self) -> Option<Self> {
        for (index, count) in (before.first..).zip(&before.counts) {
            let place = usize::try_from(index - self.first).ok();
            match place.and_then(|place| self.counts.get_mut(place)) {
                Some(bucket) => *bucket = bucket.checked_sub(*count)?,
                None if *count == 0 => {}
                None => return None,
            }
        }
        Some(self)
    }

    /// The bounds of the bucket at a place, by their distance from zero.
    fn bounds(&self, place: usize, scale: i32) -> (f64, f64) {
        let width = (-f64::from(scale)).exp2();
        let bound = |index: i64| (index as f64 * width).exp2();
        let index = self.first + place as i64;
        (bound(index), bound(index + 1))
    }
}

/// Buckets from the lowest to the highest: the negative ones, zero, the positive ones.
struct Filled<'a> {
    counted: &'a Exponential,
    zero_threshold: f64,
}

impl quantiles::Buckets for Filled<'_> {
    fn counts(&self) -> impl Iterator<Item = u64> {
        let Exponential { zero, positive, negative, .. } = self.counted;
        negative.counts.iter().rev().chain(std::iter::once(zero)).chain(&positive.counts).copied()
    }

    fn bounds(&self, bucket: usize) -> Option<(f64, f64)> {
        let Exponential { scale, positive, negative, .. } = self.counted;
        let zero = negative.counts.len();
        Some(match bucket.cmp(&zero) {
            Ordering::Less => {
                let (nearer, farther) = negative.bounds(zero - 1 - bucket, *scale);
                (-farther, -nearer)
            }
            Ordering::Equal => {
                let end = |side: &Side| if side.counts.is_empty() { 0.0 } else { self.zero_threshold };
                (-end(negative), end(positive))
            }
            Ordering::Greater => positive.bounds(bucket - zero - 1, *scale),
        })
    }
}

/// The buckets with their indexes.
fn indexed(buckets: Buckets<'_>) -> impl Iterator<Item = (i64, u64)> {
    (i64::from(buckets.offset())..).zip(buckets.bucket_counts())
}

/// The indexes of the first and the last bucket that are not empty.
fn span(buckets: Buckets<'_>) -> Option<(i64, i64)> {
    let mut filled = indexed(buckets).filter(|(_, count)| *count != 0).map(|(index, _)| index);
    let first = filled.next()?;
    Some((first, filled.last().unwrap_or(first)))
}

/// How often buckets from the first to the last must be merged two by two to be few enough.
fn narrowing((first, last): (i64, i64)) -> u32 {
    let fits = |shift: &u32| shifted(last, *shift) - shifted(first, *shift) < MOST_BUCKETS as i64;
    (0..i64::BITS).find(fits).unwrap_or(i64::BITS)
}

/// The index of the bucket that one with this index is merged into.
const fn shifted(index: i64, shift: u32) -> i64 {
    // Beyond 63 all that is left is the sign.
    index >> if shift < i64::BITS { shift } else { i64::BITS - 1 }
}
