//! How the points of a metric are to be understood.

use edgewatch_proto::view::{Data, Sum};
use edgewatch_proto::wire::{Fields, Payload};

/// What the points of a sum or histogram count from.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Temporality {
    /// Since the previous point.
    Delta,
    /// Since a start that stays the same from point to point.
    Cumulative,
}

impl Temporality {
    const fn of_number(number: i32) -> Option<Self> {
        Some(match number {
            1 => Self::Delta,
            2 => Self::Cumulative,
            _ => return None,
        })
    }
}

/// The kind of a metric, read once for all its points.
///
/// A temporality of `None` was not stated: points of such a metric give no readings.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// No data, or of a kind that this build does not know.
    Unknown,
    /// Values of the moment.
    Gauge,
    /// A monotonic sum.
    Counter(Option<Temporality>),
    /// A sum that also falls.
    UpDownCounter(Option<Temporality>),
    /// A histogram with explicit bounds.
    Histogram(Option<Temporality>),
    /// A histogram with exponential buckets.
    ExponentialHistogram(Option<Temporality>),
    /// A summary.
    Summary,
}

impl Kind {
    /// What of the kind is part of a series' identity: not the temporality, since the same series may be sent either way and gives the
    /// same readings.
    pub(super) const fn identity(self) -> u64 {
        match self {
            Self::Unknown => 0,
            Self::Gauge => 1,
            Self::Counter(_) => 2,
            Self::UpDownCounter(_) => 3,
            Self::Histogram(_) => 4,
            Self::ExponentialHistogram(_) => 5,
            Self::Summary => 6,
        }
    }
}

/// Walks all the points of a sum or histogram: to be done once per metric. [`super::walk()`] has done it, see [`super::Found::kind`].
impl From<Data<'_>> for Kind {
    fn from(data: Data<'_>) -> Self {
        match data {
            Data::Empty => Self::Unknown,
            Data::Gauge(_) => Self::Gauge,
            Data::Sum(sum) => of_sum(sum),
            Data::Histogram(data) => Self::Histogram(Temporality::of_number(data.aggregation_temporality())),
            Data::ExponentialHistogram(data) => {
                Self::ExponentialHistogram(Temporality::of_number(data.aggregation_temporality()))
            }
            Data::Summary(_) => Self::Summary,
        }
    }
}

/// Reads both fields in one pass.
fn of_sum(sum: Sum<'_>) -> Kind {
    let (mut temporality, mut is_monotonic) = (0, false);
    for field in Fields::new(sum.as_bytes()) {
        match (field.number, field.payload) {
            (2, Payload::Varint(number)) => temporality = i32::try_from(number).unwrap_or_default(),
            (3, Payload::Varint(truth)) => is_monotonic = truth != 0,
            _other => {}
        }
    }
    let temporality = Temporality::of_number(temporality);
    if is_monotonic { Kind::Counter(temporality) } else { Kind::UpDownCounter(temporality) }
}
