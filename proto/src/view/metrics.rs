//! Metrics, down to their data points.

use super::message::{field_type, field_value, read_field, view};
use super::points::{
    ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint, Point, SummaryDataPoint,
};
use super::{InstrumentationScope, KeyValue, Repeated, Resource};
use crate::wire::Fields;

view! {
    /// The metrics of one resource.
    ResourceMetrics {
        /// The resource, if known.
        resource: message Resource = 1,
        /// Its metrics by scope.
        scope_metrics: repeated ScopeMetrics = 2,
        /// Schema of the resource.
        schema_url: str = 3,
    }
}

view! {
    /// The metrics of one scope.
    ScopeMetrics {
        /// The scope, if known.
        scope: message InstrumentationScope = 1,
        /// The metrics.
        metrics: repeated Metric = 2,
        /// Schema of the scope and the metrics.
        schema_url: str = 3,
    }
}

view! {
    /// A metric: what is measured, and its data points.
    Metric {
        /// Name of the metric.
        name: str = 1,
        /// What it means.
        description: str = 2,
        /// Its unit, in UCUM.
        unit: str = 3,
        /// Attributes of the metric as such.
        metadata: repeated KeyValue = 12,
    }
}

/// The data points of a [`Metric`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Data<'a> {
    /// None.
    #[default]
    Empty,
    /// Values of the moment.
    Gauge(Gauge<'a>),
    /// Sums over time.
    Sum(Sum<'a>),
    /// Distributions over explicit buckets.
    Histogram(Histogram<'a>),
    /// Distributions over exponential buckets.
    ExponentialHistogram(ExponentialHistogram<'a>),
    /// Quantiles that the source computed.
    Summary(Summary<'a>),
}

impl<'a> Data<'a> {
    /// The data in field `number` of a metric, if that is one of the five kinds.
    #[inline]
    pub(crate) const fn of_field(number: u32, bytes: &'a [u8]) -> Option<Self> {
        Some(match number {
            5 => Self::Gauge(Gauge { bytes }),
            7 => Self::Sum(Sum { bytes }),
            9 => Self::Histogram(Histogram { bytes }),
            10 => Self::ExponentialHistogram(ExponentialHistogram { bytes }),
            11 => Self::Summary(Summary { bytes }),
            _ => return None,
        })
    }

    /// The data points, whatever their kind.
    #[must_use]
    #[inline]
    pub fn points(self) -> Points<'a> {
        match self {
            Self::Empty => Points::Empty,
            Self::Gauge(data) => Points::Number(data.data_points()),
            Self::Sum(data) => Points::Number(data.data_points()),
            Self::Histogram(data) => Points::Histogram(data.data_points()),
            Self::ExponentialHistogram(data) => Points::ExponentialHistogram(data.data_points()),
            Self::Summary(data) => Points::Summary(data.data_points()),
        }
    }

    /// The data point encoded in `bytes`, read as one of this kind.
    #[inline]
    pub(crate) const fn point(self, bytes: &'a [u8]) -> Option<Point<'a>> {
        Some(match self {
            Self::Empty => return None,
            Self::Gauge(_) | Self::Sum(_) => Point::Number(NumberDataPoint { bytes }),
            Self::Histogram(_) => Point::Histogram(HistogramDataPoint { bytes }),
            Self::ExponentialHistogram(_) => {
                Point::ExponentialHistogram(ExponentialHistogramDataPoint { bytes })
            }
            Self::Summary(_) => Point::Summary(SummaryDataPoint { bytes }),
        })
    }
}

impl<'a> Metric<'a> {
    /// The data of the metric.
    #[must_use]
    #[inline]
    pub fn data(self) -> Data<'a> {
        let mut data = Data::Empty;
        for field in Fields::new(self.bytes) {
            if let Some(found) = field.bytes().and_then(|bytes| Data::of_field(field.number, bytes)) {
                data = found;
            }
        }
        data
    }
}

/// The data points of a metric, whatever their kind.
#[derive(Clone, Copy, Debug, Default)]
pub enum Points<'a> {
    /// None.
    #[default]
    Empty,
    /// Of a gauge or sum.
    Number(Repeated<'a, NumberDataPoint<'a>>),
    /// Of a histogram.
    Histogram(Repeated<'a, HistogramDataPoint<'a>>),
    /// Of an exponential histogram.
    ExponentialHistogram(Repeated<'a, ExponentialHistogramDataPoint<'a>>),
    /// Of a summary.
    Summary(Repeated<'a, SummaryDataPoint<'a>>),
}

impl<'a> Iterator for Points<'a> {
    type Item = Point<'a>;

    #[inline]
    fn next(&mut self) -> Option<Point<'a>> {
        match self {
            Self::Empty => None,
            Self::Number(points) => points.next().map(Point::Number),
            Self::Histogram(points) => points.next().map(Point::Histogram),
            Self::ExponentialHistogram(points) => points.next().map(Point::ExponentialHistogram),
            Self::Summary(points) => points.next().map(Point::Summary),
        }
    }
}

view! {
    /// Values of the moment.
    Gauge {
        /// The points.
        data_points: repeated NumberDataPoint = 1,
    }
}

view! {
    /// Sums over time.
    Sum {
        /// The points.
        data_points: repeated NumberDataPoint = 1,
        /// The `AggregationTemporality`: 1 delta, 2 cumulative.
        aggregation_temporality: int32 = 2,
        /// Whether the sum can only grow.
        is_monotonic: bool = 3,
    }
}

view! {
    /// Distributions over explicit buckets.
    Histogram {
        /// The points.
        data_points: repeated HistogramDataPoint = 1,
        /// The `AggregationTemporality`: 1 delta, 2 cumulative.
        aggregation_temporality: int32 = 2,
    }
}

view! {
    /// Distributions over exponential buckets.
    ExponentialHistogram {
        /// The points.
        data_points: repeated ExponentialHistogramDataPoint = 1,
        /// The `AggregationTemporality`: 1 delta, 2 cumulative.
        aggregation_temporality: int32 = 2,
    }
}

view! {
    /// Quantiles that the source computed.
    Summary {
        /// The points.
        data_points: repeated SummaryDataPoint = 1,
    }
}
