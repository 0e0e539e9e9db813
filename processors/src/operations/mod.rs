//! How unusual a span is among the spans of its operation: what `tail_sampling` and `probabilistic_sampler` keep odd ones by.
//!
//! An *operation* is a service (`service.name`), a span name and a span kind. Of each, durations are known as a
//! [`Sketch`](crate::stats::Sketch) and errors as a count. Every span is judged by what was seen before it and learned after.
//!
//! *A span.* Its duration has a tail probability `p_d` (see the sketch). If its status is an error, that has the share of errors,
//! `p_e = (e + 1) / (n + 1)`, a conformal p-value too: an error where hardly any is seen is odd, one where half of the calls fail
//! is not. For both questions asked at once, `p = min(1, 2 min(p_d, p_e))` (Bonferroni).
//!
//! *A trace* of `m` spans is as odd as its oddest: `p = 1 - (1 - p_min)^m` (Šidák, JASA 62, 1967), which is the chance that a trace
//! of ordinary spans has one that is as odd. Spans of one trace are slow together, which makes it the more cautious.
//!
//! *Memory.* The table has a cap. For a new operation the one not seen for longest goes, of the service that has the most: a
//! service that writes identifiers into its span names crowds out none but its own.

mod learned;
mod operation;
mod table;
mod telemetry;

#[cfg(test)]
mod tests;

pub(crate) use operation::any_of;
pub(crate) use table::{OPERATION_BYTES, Operations, ServiceOf};
pub(crate) use telemetry::OperationsTelemetry;
