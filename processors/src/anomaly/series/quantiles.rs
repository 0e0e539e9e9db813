//! Quantiles of measurements in buckets.

use super::Aspect;
use super::past::{Readings, add};
use super::window::Times;

/// Most buckets of a histogram (of each sign, if it is exponential) that are remembered: what SDKs send at most by default. Of a histogram with more
/// explicit ones only the count is told, exponential ones are merged until they fit.
pub(super) const MOST_BUCKETS: usize = 160;

/// What is told of a distribution: the aspect, the quantile, and the fewest measurements that it is told of. Of fewer than 50 the 99th
/// percentile would be their maximum.
const TOLD: [(Aspect, f64, u64); 2] = [(Aspect::Median, 0.5, 5), (Aspect::High, 0.99, 50)];

/// Measurements in buckets, which come in ascending order.
pub(super) trait Buckets {
    /// How many measurements are in each.
    fn counts(&self) -> impl Iterator<Item = u64>;

    /// The bounds of the bucket with this number. They may take long to find, and only those of the buckets that a quantile is in are asked for.
    fn bounds(&self, bucket: usize) -> Option<(f64, f64)>;
}

/// The least and the greatest measurement, as far as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Extremes {
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
}

impl Extremes {
    /// What is no number is not known.
    pub(super) fn new(min: Option<f64>, max: Option<f64>) -> Self {
        Self { min: min.filter(|min| min.is_finite()), max: max.filter(|max| max.is_finite()) }
    }
}

/// Adds the quantiles of what is in `buckets`. Within a bucket measurements are taken to be spread evenly.
pub(super) fn tell(readings: &mut Readings, times: Times, buckets: impl Buckets, extremes: Extremes) {
    let total = buckets.counts().try_fold(0_u64, u64::checked_add);
    // More than can be counted is not to be believed.
    let Some(total) = total else { return };
    let mut counts = buckets.counts().enumerate();
    let (mut below, mut through, mut reached) = (0, 0, None);
    for (aspect, quantile, fewest) in TOLD {
        if total < fewest {
            return;
        }
        let rank = quantile * total as f64;
        while through == 0 || (through as f64) < rank {
            let Some((bucket, count)) = counts.next() else { break };
            (below, through, reached) = (through, through + count, Some((bucket, count)));
        }
        let Some((bucket, count)) = reached else { return };
        let Some((lower, upper)) = buckets.bounds(bucket) else { return };
        let share = ((rank - below as f64) / count as f64).min(1.0);
        let mut value = lower + (upper - lower) * share;
        value = extremes.min.map_or(value, |min| value.max(min));
        value = extremes.max.map_or(value, |max| value.min(max));
        add(readings, aspect, times, value);
    }
}
