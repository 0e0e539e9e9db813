//! How long things took: count, sum, extremes and a histogram.

use edgewatch_core::config::Duration;
use edgewatch_proto::encode::{ExponentialBuckets, ExponentialPoint, HistogramPoint};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::exponential::Exponential;

/// The unit of durations.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) enum Unit {
    /// Milliseconds.
    #[default]
    #[serde(rename = "ms")]
    Milliseconds,
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// Calls: where a histogram counts them instead of nanoseconds. No one can choose it.
    #[serde(skip)]
    Calls,
}

impl Unit {
    /// As metrics write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Calls => "{call}",
        }
    }

    /// So many nanoseconds in this unit.
    pub(crate) fn of_nanoseconds(self, nanoseconds: u64) -> f64 {
        nanoseconds as f64 / self.nanoseconds()
    }

    const fn nanoseconds(self) -> f64 {
        match self {
            Self::Milliseconds => 1e6,
            Self::Seconds => 1e9,
            Self::Calls => 1.0,
        }
    }
}

/// How durations are shown.
#[derive(Clone, Debug)]
pub(crate) struct Scheme {
    /// Their unit.
    pub(crate) unit: Unit,
    /// Their histogram.
    pub(crate) shape: Shape,
}

/// Which buckets a histogram has.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// Between bounds that are given.
    Explicit(Bounds),
    /// Between powers of a base, which grows until no more than `max_size` buckets are needed.
    Exponential {
        /// Most buckets.
        max_size: usize,
    },
}

/// Upper bounds of buckets, which belong to the bucket.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    nanoseconds: Vec<u64>,
    /// The same, in the unit of the metric.
    values: Vec<f64>,
}

impl Bounds {
    /// Bounds in ascending order.
    pub(crate) fn new(bounds: &[Duration], unit: Unit) -> Self {
        let nanoseconds: Vec<u64> =
            bounds.iter().map(|bound| u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX)).collect();
        let values = nanoseconds.iter().map(|&bound| unit.of_nanoseconds(bound)).collect();
        Self { nanoseconds, values }
    }

    #[inline]
    fn bucket(&self, nanoseconds: u64) -> usize {
        self.nanoseconds.partition_point(|&bound| bound < nanoseconds)
    }
}

impl Scheme {
    /// Most bytes that [`Durations`] of this scheme own.
    pub(crate) fn bytes(&self) -> usize {
        match &self.shape {
            Shape::Explicit(bounds) => (bounds.values.len() + 1) * 8,
            Shape::Exponential { max_size } => max_size * 8,
        }
    }
}

/// Durations seen since a start. Sums are exact, so they do not depend on the order of what was added.
#[derive(Debug)]
pub(crate) struct Durations {
    count: u64,
    nanoseconds: u128,
    least: u64,
    most: u64,
    buckets: Buckets,
}

#[derive(Debug)]
enum Buckets {
    Explicit(Box<[u64]>),
    Exponential(Exponential),
}

impl Durations {
    /// None yet.
    pub(crate) fn new(scheme: &Scheme) -> Self {
        let buckets = match &scheme.shape {
            Shape::Explicit(bounds) => Buckets::Explicit(vec![0; bounds.values.len() + 1].into()),
            Shape::Exponential { .. } => Buckets::Exponential(Exponential::default()),
        };
        Self { count: 0, nanoseconds: 0, least: u64::MAX, most: 0, buckets }
    }

    /// Adds a duration that stands for `times` of them.
    #[inline]
    pub(crate) fn add(&mut self, scheme: &Scheme, nanoseconds: u64, times: u64) {
        self.count = self.count.saturating_add(times);
        self.nanoseconds = self.nanoseconds.saturating_add(u128::from(nanoseconds) * u128::from(times));
        self.least = self.least.min(nanoseconds);
        self.most = self.most.max(nanoseconds);
        match (&mut self.buckets, &scheme.shape) {
            (Buckets::Explicit(counts), Shape::Explicit(bounds)) => {
                if let Some(count) = counts.get_mut(bounds.bucket(nanoseconds)) {
                    *count = count.saturating_add(times);
                }
            }
            (Buckets::Exponential(buckets), Shape::Exponential { max_size }) => {
                buckets.add(scheme.unit.of_nanoseconds(nanoseconds), times, *max_size);
            }
            // The scheme is that of the whole life of a component.
            (Buckets::Explicit(_), Shape::Exponential { .. })
            | (Buckets::Exponential(_), Shape::Explicit(_)) => {}
        }
    }

    /// Whether nothing was added.
    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Begins anew.
    pub(crate) fn clear(&mut self) {
        (self.count, self.nanoseconds, self.least, self.most) = (0, 0, u64::MAX, 0);
        match &mut self.buckets {
            Buckets::Explicit(counts) => counts.fill(0),
            Buckets::Exponential(buckets) => buckets.clear(),
        }
    }

    /// As a point of a histogram, if the scheme has bounds.
    pub(crate) fn explicit<'a>(&'a self, scheme: &'a Scheme) -> Option<HistogramPoint<'a>> {
        let (Buckets::Explicit(buckets), Shape::Explicit(bounds)) = (&self.buckets, &scheme.shape) else {
            return None;
        };
        let (sum, min, max) = self.numbers(scheme.unit);
        Some(HistogramPoint { count: self.count, sum, min, max, bounds: &bounds.values, buckets })
    }

    /// As a point of an exponential histogram, if the scheme is of this kind.
    pub(crate) fn exponential(&self, scheme: &Scheme) -> Option<ExponentialPoint<'_>> {
        let Buckets::Exponential(buckets) = &self.buckets else { return None };
        let (sum, min, max) = self.numbers(scheme.unit);
        Some(ExponentialPoint {
            count: self.count,
            sum,
            min,
            max,
            scale: buckets.scale(),
            zero_count: buckets.zeros(),
            zero_threshold: 0.0,
            positive: ExponentialBuckets { offset: buckets.offset(), counts: buckets.counts() },
            negative: ExponentialBuckets::default(),
        })
    }

    fn numbers(&self, unit: Unit) -> (Option<f64>, Option<f64>, Option<f64>) {
        let extreme = |nanoseconds| (self.count > 0).then(|| unit.of_nanoseconds(nanoseconds));
        (Some(self.nanoseconds as f64 / unit.nanoseconds()), extreme(self.least), extreme(self.most))
    }
}
