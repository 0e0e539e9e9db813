//! Borrowed readers over encoded OTLP.
//!
//! A view is a `Copy` wrapper of a message's bytes; an accessor finds its field by walking the tags, so nothing is
//! decoded or allocated that nobody asks for. Accessors follow proto3: a missing scalar reads as zero or empty, and
//! the last occurrence of a field wins. Where several fields of one message are needed, `fields()` of the items reads
//! all of them in a single pass.
//!
//! Views are lenient: they are meant for bytes that [`crate::scan`] has accepted, and end early on others, without a
//! panic. One difference to a decoder remains: a singular *message* field that occurs more than once, which no known
//! encoder writes, is read at its last occurrence instead of being merged.

mod common;
mod logs;
mod message;
mod metrics;
mod points;
mod request;
mod trace;

#[cfg(test)]
mod tests;

pub use common::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList, Resource, Value,
};
pub use logs::{LogRecord, LogRecordFields, ResourceLogs, ScopeLogs};
pub use message::{Doubles, Fixed64s, Repeated, RepeatedStr, Varints, View};
pub use metrics::{
    Data, ExponentialHistogram, Gauge, Histogram, Metric, Points, ResourceMetrics, ScopeMetrics, Sum, Summary,
};
pub use points::{
    Buckets, Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint,
    NumberDataPointFields, NumberValue, Point, SummaryDataPoint, ValueAtQuantile,
};
pub use request::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest, Request, ResourceItems,
    ScopeItems,
};
pub use trace::{Event, Link, ResourceSpans, ScopeSpans, Span, SpanFields, Status};
