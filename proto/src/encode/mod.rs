//! Writers that append OTLP to a buffer.
//!
//! Sources inside the agent use them instead of building a tree of message structs: fields go straight into a
//! `Vec<u8>` that the caller keeps and reuses, so that in steady state nothing is allocated. [`metrics()`], [`logs()`] and
//! [`traces()`] write a whole request in one call; [`LogsWriter`] keeps a request open to which records are added over
//! time.
//!
//! What is nested is written by a closure. Lengths are canonical (as short as can be) and fields appear in the order
//! of the calls; whoever calls in the order of the schema gets the very bytes that `prost` would write. What turns out to
//! hold no items (a metric without points, a scope without metrics, a resource without scopes) is taken back.
//!
//! ```
//! use edgewatch_proto::encode::{self, Temporality, Times};
//!
//! let mut request = Vec::new();
//! let times = Times::since(1_700_000_000_000_000_000, 1_700_000_060_000_000_000);
//! let points = encode::metrics(&mut request, |request| {
//!     request.resource("", |resource| resource.string("host.name", "web-1"), |resource| {
//!         resource.scope("edgewatch/host_metrics", "0.1.0", |scope| {
//!             scope.sum("system.cpu.time", "s", "CPU time.", Temporality::Cumulative, true, |points| {
//!                 points.double(times, 12.5, |attributes| attributes.string("cpu.mode", "user"));
//!                 points.double(times, 90.25, |attributes| attributes.string("cpu.mode", "idle"));
//!             });
//!         });
//!     });
//! });
//! assert_eq!(points, 2);
//! ```

mod attributes;
pub(crate) mod buffer;
mod exemplar;
mod exponential;
mod logs;
mod logs_writer;
mod metrics;
mod request;
mod traces;

#[cfg(test)]
mod tests;

pub use attributes::{Attributes, Value, Values};
pub use exemplar::Exemplar;
pub use exponential::{ExponentialBuckets, ExponentialPoint, ExponentialPoints};
pub use logs::{LogScope, Record, Severity, logs};
pub use logs_writer::LogsWriter;
pub use metrics::{
    HistogramPoint, HistogramPoints, MetricScope, Number, Points, Temporality, Times, metrics,
};
pub use request::{Kind, Logs, Metrics, Request, Resource, Traces};
pub use traces::{Span, SpanKind, SpanStatus, TraceScope, traces};
