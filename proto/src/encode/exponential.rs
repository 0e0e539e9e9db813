//! Points of histograms whose bounds are powers of a base.

use super::Attributes;
use super::buffer::{
    put_double, put_fixed64_unless_zero, put_length, put_message, put_uint_unless_zero, put_varint,
    varint_len,
};
use super::exemplar::{Exemplar, put_exemplars};
use super::metrics::{DATA_POINTS, Times, put_optional_double, put_times};

/// Fields of `ExponentialHistogramDataPoint`; those of its times are the same for all kinds of points.
mod field {
    pub(super) const ATTRIBUTES: u32 = 1;
    pub(super) const COUNT: u32 = 4;
    pub(super) const SUM: u32 = 5;
    pub(super) const SCALE: u32 = 6;
    pub(super) const ZERO_COUNT: u32 = 7;
    pub(super) const POSITIVE: u32 = 8;
    pub(super) const NEGATIVE: u32 = 9;
    pub(super) const EXEMPLARS: u32 = 11;
    pub(super) const MIN: u32 = 12;
    pub(super) const MAX: u32 = 13;
    pub(super) const ZERO_THRESHOLD: u32 = 14;
}

/// Field of `Buckets`.
const OFFSET: u32 = 1;
/// Field of `Buckets`.
const BUCKET_COUNTS: u32 = 2;

/// The buckets of one sign, from the one with the index `offset` on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ExponentialBuckets<'a> {
    /// Index of the first bucket: bucket `i` holds values above `base^i` up to `base^(i+1)`.
    pub offset: i32,
    /// How many values each bucket holds.
    pub counts: &'a [u64],
}

/// What an exponential histogram observed in an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ExponentialPoint<'a> {
    /// How many values were observed.
    pub count: u64,
    /// Their sum, where it is known and only grows.
    pub sum: Option<f64>,
    /// The least of them, where it is known.
    pub min: Option<f64>,
    /// The greatest of them, where it is known.
    pub max: Option<f64>,
    /// The resolution: the base is 2 to the power of 2 to the power of minus this.
    pub scale: i32,
    /// How many values were zero, or as close to it as `zero_threshold`.
    pub zero_count: u64,
    /// Where zero ends.
    pub zero_threshold: f64,
    /// Values above zero.
    pub positive: ExponentialBuckets<'a>,
    /// Values below zero.
    pub negative: ExponentialBuckets<'a>,
}

/// The points of an exponential histogram.
#[derive(Debug)]
pub struct ExponentialPoints<'a> {
    pub(super) buf: &'a mut Vec<u8>,
    pub(super) items: &'a mut usize,
}

impl ExponentialPoints<'_> {
    /// Adds a point.
    pub fn point(
        &mut self,
        times: Times,
        point: &ExponentialPoint<'_>,
        exemplars: impl Iterator<Item = Exemplar>,
        describe: impl FnOnce(&mut Attributes<'_>),
    ) {
        *self.items += 1;
        put_message(self.buf, DATA_POINTS, |buf| {
            describe(&mut Attributes::new(buf, field::ATTRIBUTES));
            put_times(buf, times);
            put_fixed64_unless_zero(buf, field::COUNT, point.count);
            put_optional_double(buf, field::SUM, point.sum);
            put_uint_unless_zero(buf, field::SCALE, zigzag(point.scale));
            put_fixed64_unless_zero(buf, field::ZERO_COUNT, point.zero_count);
            put_buckets(buf, field::POSITIVE, point.positive);
            put_buckets(buf, field::NEGATIVE, point.negative);
            put_exemplars(buf, field::EXEMPLARS, exemplars);
            put_optional_double(buf, field::MIN, point.min);
            put_optional_double(buf, field::MAX, point.max);
            if point.zero_threshold != 0.0 {
                put_double(buf, field::ZERO_THRESHOLD, point.zero_threshold);
            }
        });
    }
}

fn put_buckets(buf: &mut Vec<u8>, field: u32, buckets: ExponentialBuckets<'_>) {
    if buckets == ExponentialBuckets::default() {
        return;
    }
    put_message(buf, field, |buf| {
        put_uint_unless_zero(buf, OFFSET, zigzag(buckets.offset));
        if !buckets.counts.is_empty() {
            put_length(buf, BUCKET_COUNTS, buckets.counts.iter().map(|&count| varint_len(count)).sum());
            buckets.counts.iter().for_each(|&count| put_varint(buf, count));
        }
    });
}

/// A `sint32` as it stands on the wire.
fn zigzag(value: i32) -> u64 {
    u64::from(((value << 1) ^ (value >> 31)).cast_unsigned())
}
