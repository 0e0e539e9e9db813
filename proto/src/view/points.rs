//! Data points and their exemplars.

use super::message::{field_type, field_value, fill_field, read_field, view};
use super::{KeyValue, Repeated};
use crate::wire::{Fields, Payload};

/// One data point of any kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Point<'a> {
    /// Of a gauge or sum.
    Number(NumberDataPoint<'a>),
    /// Of a histogram.
    Histogram(HistogramDataPoint<'a>),
    /// Of an exponential histogram.
    ExponentialHistogram(ExponentialHistogramDataPoint<'a>),
    /// Of a summary.
    Summary(SummaryDataPoint<'a>),
}

/// Reads one of the fields that all kinds of points have.
macro_rules! of_any_point {
    ($(#[$meta:meta])* $field:ident: $type:ty) => {
        $(#[$meta])*
        #[must_use]
        pub fn $field(self) -> $type {
            match self {
                Self::Number(point) => point.$field(),
                Self::Histogram(point) => point.$field(),
                Self::ExponentialHistogram(point) => point.$field(),
                Self::Summary(point) => point.$field(),
            }
        }
    };
}

impl<'a> Point<'a> {
    of_any_point! {
        /// The encoded point, without tag and length.
        as_bytes: &'a [u8]
    }
    of_any_point! {
        /// Attributes of the series.
        attributes: Repeated<'a, KeyValue<'a>>
    }
    of_any_point! {
        /// Start of the interval, in nanoseconds since 1970.
        start_time_unix_nano: u64
    }
    of_any_point! {
        /// End of the interval, in nanoseconds since 1970.
        time_unix_nano: u64
    }
    of_any_point! {
        /// The `DataPointFlags`: 1 means that there is no recorded value.
        flags: u32
    }
}

view! {
    /// A point of a gauge or sum.
    NumberDataPoint, fields NumberDataPointFields {
        /// Attributes of the series.
        attributes: repeated KeyValue = 7,
        /// Start of the interval, in nanoseconds since 1970.
        start_time_unix_nano: fixed64 = 2,
        /// End of the interval, in nanoseconds since 1970.
        time_unix_nano: fixed64 = 3,
        /// Samples that went into the value.
        exemplars: repeated Exemplar = 5,
        /// The `DataPointFlags`: 1 means that there is no recorded value.
        flags: uint32 = 8,
    }
}

/// The value of a [`NumberDataPoint`] or [`Exemplar`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NumberValue {
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
}

/// The last of the two fields that a number may stand in.
#[inline]
fn number_value(bytes: &[u8], double: u32, int: u32) -> Option<NumberValue> {
    let mut value = None;
    for field in Fields::new(bytes) {
        if let Payload::Fixed64(bits) = field.payload {
            if field.number == double {
                value = Some(NumberValue::Double(f64::from_bits(bits)));
            } else if field.number == int {
                value = Some(NumberValue::Int(bits.cast_signed()));
            }
        }
    }
    value
}

impl NumberDataPoint<'_> {
    /// The value, if there is one.
    #[must_use]
    #[inline]
    pub fn value(self) -> Option<NumberValue> {
        number_value(self.bytes, 4, 6)
    }
}

view! {
    /// A point of a histogram.
    HistogramDataPoint {
        /// Attributes of the series.
        attributes: repeated KeyValue = 9,
        /// Start of the interval, in nanoseconds since 1970.
        start_time_unix_nano: fixed64 = 2,
        /// End of the interval, in nanoseconds since 1970.
        time_unix_nano: fixed64 = 3,
        /// Values in the population.
        count: fixed64 = 4,
        /// Their sum, if known.
        sum: optional_double = 5,
        /// Values per bucket: one more than bounds, or none.
        bucket_counts: fixed64s = 6,
        /// Upper bounds of the buckets but the last.
        explicit_bounds: doubles = 7,
        /// Samples that went into the distribution.
        exemplars: repeated Exemplar = 8,
        /// The `DataPointFlags`: 1 means that there is no recorded value.
        flags: uint32 = 10,
        /// The least value, if known.
        min: optional_double = 11,
        /// The greatest value, if known.
        max: optional_double = 12,
    }
}

view! {
    /// A point of an exponential histogram.
    ExponentialHistogramDataPoint {
        /// Attributes of the series.
        attributes: repeated KeyValue = 1,
        /// Start of the interval, in nanoseconds since 1970.
        start_time_unix_nano: fixed64 = 2,
        /// End of the interval, in nanoseconds since 1970.
        time_unix_nano: fixed64 = 3,
        /// Values in the population.
        count: fixed64 = 4,
        /// Their sum, if known.
        sum: optional_double = 5,
        /// The base of the buckets is 2 to the power of 2 to the power of -scale.
        scale: sint32 = 6,
        /// Values that are zero or within the zero threshold.
        zero_count: fixed64 = 7,
        /// Buckets of the positive values.
        positive: message Buckets = 8,
        /// Buckets of the negative values.
        negative: message Buckets = 9,
        /// The `DataPointFlags`: 1 means that there is no recorded value.
        flags: uint32 = 10,
        /// Samples that went into the distribution.
        exemplars: repeated Exemplar = 11,
        /// The least value, if known.
        min: optional_double = 12,
        /// The greatest value, if known.
        max: optional_double = 13,
        /// Width of the zero bucket.
        zero_threshold: double = 14,
    }
}

view! {
    /// Exponential buckets of one sign.
    Buckets {
        /// Index of the first bucket.
        offset: sint32 = 1,
        /// Values per bucket.
        bucket_counts: varints = 2,
    }
}

view! {
    /// A point of a summary.
    SummaryDataPoint {
        /// Attributes of the series.
        attributes: repeated KeyValue = 7,
        /// Start of the interval, in nanoseconds since 1970.
        start_time_unix_nano: fixed64 = 2,
        /// End of the interval, in nanoseconds since 1970.
        time_unix_nano: fixed64 = 3,
        /// Values in the population.
        count: fixed64 = 4,
        /// Their sum.
        sum: double = 5,
        /// The quantiles.
        quantile_values: repeated ValueAtQuantile = 6,
        /// The `DataPointFlags`: 1 means that there is no recorded value.
        flags: uint32 = 8,
    }
}

view! {
    /// One quantile of a summary.
    ValueAtQuantile {
        /// The quantile, 0 to 1.
        quantile: double = 1,
        /// The value at it.
        value: double = 2,
    }
}

view! {
    /// A sample that went into a data point.
    Exemplar {
        /// Attributes that the aggregation dropped.
        filtered_attributes: repeated KeyValue = 7,
        /// When it was recorded, in nanoseconds since 1970.
        time_unix_nano: fixed64 = 2,
        /// The span that recorded it.
        span_id: bytes = 4,
        /// The trace of that span.
        trace_id: bytes = 5,
    }
}

impl Exemplar<'_> {
    /// The value, if there is one.
    #[must_use]
    #[inline]
    pub fn value(self) -> Option<NumberValue> {
        number_value(self.bytes, 3, 6)
    }
}
