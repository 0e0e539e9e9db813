//! Exemplars: single measurements that a data point shows, with the span that they were made in.

use super::buffer::{put_bytes, put_double, put_fixed64_unless_zero, put_message};

const TIME: u32 = 2;
const AS_DOUBLE: u32 = 3;
const SPAN_ID: u32 = 4;
const TRACE_ID: u32 = 5;

/// One measurement, and where it was made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exemplar {
    /// When, in nanoseconds since 1970.
    pub time: u64,
    /// What was measured.
    pub value: f64,
    /// The trace.
    pub trace_id: [u8; 16],
    /// The span.
    pub span_id: [u8; 8],
}

/// Appends exemplars as field `field` of a data point.
pub(super) fn put_exemplars(buf: &mut Vec<u8>, field: u32, exemplars: impl Iterator<Item = Exemplar>) {
    for exemplar in exemplars {
        put_message(buf, field, |buf| {
            put_fixed64_unless_zero(buf, TIME, exemplar.time);
            put_double(buf, AS_DOUBLE, exemplar.value);
            put_bytes(buf, SPAN_ID, &exemplar.span_id);
            put_bytes(buf, TRACE_ID, &exemplar.trace_id);
        });
    }
}
