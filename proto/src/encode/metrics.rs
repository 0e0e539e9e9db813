//! Requests of metrics.

use super::Attributes;
use super::buffer::{
    put_bytes_unless_empty, put_double, put_fixed64, put_fixed64_unless_zero, put_message, put_packed_words,
    put_uint_unless_zero,
};
use super::exemplar::{Exemplar, put_exemplars};
use super::exponential::ExponentialPoints;
use super::request::sealed::Items;
use super::request::{Metrics, Request, unless_empty};

/// Field of `ScopeMetrics`.
const METRICS: u32 = 2;
/// Field of all kinds of metrics.
pub(super) const DATA_POINTS: u32 = 1;
/// Field of `Sum`, `Histogram` and `ExponentialHistogram`.
const AGGREGATION_TEMPORALITY: u32 = 2;
/// Field of `Sum`.
const IS_MONOTONIC: u32 = 3;
/// Field of all kinds of points.
const START_TIME: u32 = 2;
/// Field of all kinds of points.
const TIME: u32 = 3;

/// Fields of `Metric`.
mod metric {
    pub(super) const NAME: u32 = 1;
    pub(super) const DESCRIPTION: u32 = 2;
    pub(super) const UNIT: u32 = 3;
    pub(super) const GAUGE: u32 = 5;
    pub(super) const SUM: u32 = 7;
    pub(super) const HISTOGRAM: u32 = 9;
    pub(super) const EXPONENTIAL_HISTOGRAM: u32 = 10;
}

/// Fields of `NumberDataPoint`.
mod number {
    pub(super) const AS_DOUBLE: u32 = 4;
    pub(super) const EXEMPLARS: u32 = 5;
    pub(super) const AS_INT: u32 = 6;
    pub(super) const ATTRIBUTES: u32 = 7;
}

/// Fields of `HistogramDataPoint`.
mod histogram {
    pub(super) const COUNT: u32 = 4;
    pub(super) const SUM: u32 = 5;
    pub(super) const BUCKET_COUNTS: u32 = 6;
    pub(super) const EXPLICIT_BOUNDS: u32 = 7;
    pub(super) const EXEMPLARS: u32 = 8;
    pub(super) const ATTRIBUTES: u32 = 9;
    pub(super) const MIN: u32 = 11;
    pub(super) const MAX: u32 = 12;
}

/// Appends an `ExportMetricsServiceRequest` to `buf` and returns how many data points it holds.
pub fn metrics(buf: &mut Vec<u8>, write: impl FnOnce(&mut Request<'_, Metrics>)) -> usize {
    Request::write(buf, write)
}

/// What a sum or histogram counts from.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Temporality {
    /// Since the previous point.
    Delta,
    /// Since a start that stays the same from point to point.
    Cumulative,
}

impl Temporality {
    const fn number(self) -> u64 {
        match self {
            Self::Delta => 1,
            Self::Cumulative => 2,
        }
    }
}

/// The times of a data point, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Times {
    start: u64,
    time: u64,
}

impl Times {
    /// A measurement at one moment: a gauge.
    #[must_use]
    pub const fn at(time: u64) -> Self {
        Self { start: 0, time }
    }

    /// A measurement over the interval from `start` to `time`: a sum or histogram.
    #[must_use]
    pub const fn since(start: u64, time: u64) -> Self {
        Self { start, time }
    }
}

/// The value of a data point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
}

/// The metrics of one scope.
#[derive(Debug)]
pub struct MetricScope<'a> {
    buf: &'a mut Vec<u8>,
    items: &'a mut usize,
}

impl Items for Metrics {
    type Scope<'a> = MetricScope<'a>;

    fn scope<'a>(buf: &'a mut Vec<u8>, items: &'a mut usize) -> MetricScope<'a> {
        MetricScope { buf, items }
    }
}

impl MetricScope<'_> {
    /// Adds a gauge: values as they are at a moment.
    pub fn gauge(&mut self, name: &str, unit: &str, description: &str, fill: impl FnOnce(&mut Points<'_>)) {
        self.metric(name, unit, description, metric::GAUGE, |buf, items| {
            fill(&mut Points { buf, items });
        });
    }

    /// Adds a sum: values that add up, over time and across attributes. It is `monotonic` if it only grows (a counter).
    pub fn sum(
        &mut self,
        name: &str,
        unit: &str,
        description: &str,
        temporality: Temporality,
        monotonic: bool,
        fill: impl FnOnce(&mut Points<'_>),
    ) {
        self.metric(name, unit, description, metric::SUM, |buf, items| {
            fill(&mut Points { buf, items });
            put_uint_unless_zero(buf, AGGREGATION_TEMPORALITY, temporality.number());
            put_uint_unless_zero(buf, IS_MONOTONIC, u64::from(monotonic));
        });
    }

    /// Adds a histogram with explicit bounds.
    pub fn histogram(
        &mut self,
        name: &str,
        unit: &str,
        description: &str,
        temporality: Temporality,
        fill: impl FnOnce(&mut HistogramPoints<'_>),
    ) {
        self.metric(name, unit, description, metric::HISTOGRAM, |buf, items| {
            fill(&mut HistogramPoints { buf, items });
            put_uint_unless_zero(buf, AGGREGATION_TEMPORALITY, temporality.number());
        });
    }

    /// Adds a histogram whose bounds are powers of a base.
    pub fn exponential_histogram(
        &mut self,
        name: &str,
        unit: &str,
        description: &str,
        temporality: Temporality,
        fill: impl FnOnce(&mut ExponentialPoints<'_>),
    ) {
        self.metric(name, unit, description, metric::EXPONENTIAL_HISTOGRAM, |buf, items| {
            fill(&mut ExponentialPoints { buf, items });
            put_uint_unless_zero(buf, AGGREGATION_TEMPORALITY, temporality.number());
        });
    }

    fn metric(
        &mut self,
        name: &str,
        unit: &str,
        description: &str,
        kind: u32,
        fill: impl FnOnce(&mut Vec<u8>, &mut usize),
    ) {
        let before = *self.items;
        unless_empty(self.buf, METRICS, |buf| {
            put_bytes_unless_empty(buf, metric::NAME, name.as_bytes());
            put_bytes_unless_empty(buf, metric::DESCRIPTION, description.as_bytes());
            put_bytes_unless_empty(buf, metric::UNIT, unit.as_bytes());
            put_message(buf, kind, |buf| fill(buf, self.items));
            *self.items > before
        });
    }
}

/// The points of a gauge or sum.
#[derive(Debug)]
pub struct Points<'a> {
    buf: &'a mut Vec<u8>,
    items: &'a mut usize,
}

impl Points<'_> {
    /// Adds a point with an integer value.
    pub fn int(&mut self, times: Times, value: i64, describe: impl FnOnce(&mut Attributes<'_>)) {
        self.number(times, Number::Int(value), describe);
    }

    /// Adds a point with a floating-point value.
    pub fn double(&mut self, times: Times, value: f64, describe: impl FnOnce(&mut Attributes<'_>)) {
        self.number(times, Number::Double(value), describe);
    }

    /// Adds a point with either kind of value.
    pub fn number(&mut self, times: Times, value: Number, describe: impl FnOnce(&mut Attributes<'_>)) {
        self.number_with(times, value, std::iter::empty(), describe);
    }

    /// Adds a point with either kind of value, and measurements that it shows.
    pub fn number_with(
        &mut self,
        times: Times,
        value: Number,
        exemplars: impl Iterator<Item = Exemplar>,
        describe: impl FnOnce(&mut Attributes<'_>),
    ) {
        *self.items += 1;
        put_message(self.buf, DATA_POINTS, |buf| {
            put_times(buf, times);
            match value {
                Number::Int(value) => put_fixed64(buf, number::AS_INT, value.cast_unsigned()),
                Number::Double(value) => put_double(buf, number::AS_DOUBLE, value),
            }
            put_exemplars(buf, number::EXEMPLARS, exemplars);
            describe(&mut Attributes::new(buf, number::ATTRIBUTES));
        });
    }
}

/// What a histogram observed in an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HistogramPoint<'a> {
    /// How many values were observed.
    pub count: u64,
    /// Their sum, where it is known and only grows.
    pub sum: Option<f64>,
    /// The least of them, where it is known.
    pub min: Option<f64>,
    /// The greatest of them, where it is known.
    pub max: Option<f64>,
    /// Upper bounds of all buckets but the last, ascending.
    pub bounds: &'a [f64],
    /// How many values each bucket holds: one more than there are bounds, or none at all.
    pub buckets: &'a [u64],
}

/// The points of a histogram.
#[derive(Debug)]
pub struct HistogramPoints<'a> {
    buf: &'a mut Vec<u8>,
    items: &'a mut usize,
}

impl HistogramPoints<'_> {
    /// Adds a point.
    pub fn point(
        &mut self,
        times: Times,
        point: &HistogramPoint<'_>,
        describe: impl FnOnce(&mut Attributes<'_>),
    ) {
        self.point_with(times, point, std::iter::empty(), describe);
    }

    /// Adds a point, and measurements that it shows.
    pub fn point_with(
        &mut self,
        times: Times,
        point: &HistogramPoint<'_>,
        exemplars: impl Iterator<Item = Exemplar>,
        describe: impl FnOnce(&mut Attributes<'_>),
    ) {
        *self.items += 1;
        put_message(self.buf, DATA_POINTS, |buf| {
            put_times(buf, times);
            put_fixed64_unless_zero(buf, histogram::COUNT, point.count);
            put_optional_double(buf, histogram::SUM, point.sum);
            put_packed_words(buf, histogram::BUCKET_COUNTS, point.buckets.iter().copied());
            put_packed_words(
                buf,
                histogram::EXPLICIT_BOUNDS,
                point.bounds.iter().map(|bound| bound.to_bits()),
            );
            put_exemplars(buf, histogram::EXEMPLARS, exemplars);
            describe(&mut Attributes::new(buf, histogram::ATTRIBUTES));
            put_optional_double(buf, histogram::MIN, point.min);
            put_optional_double(buf, histogram::MAX, point.max);
        });
    }
}

#[inline]
pub(super) fn put_times(buf: &mut Vec<u8>, times: Times) {
    put_fixed64_unless_zero(buf, START_TIME, times.start);
    put_fixed64_unless_zero(buf, TIME, times.time);
}

pub(super) fn put_optional_double(buf: &mut Vec<u8>, field: u32, value: Option<f64>) {
    if let Some(value) = value {
        put_double(buf, field, value);
    }
}
