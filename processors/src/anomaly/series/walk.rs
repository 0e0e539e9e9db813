//! The data points of a request, each with the identity of its series.

use edgewatch_proto::view::{Data, InstrumentationScope, Metric, Point, Resource};

/// A data point and what it belongs to, as views into the request.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// The identity of the series: a hash over resource, scope, name, unit, kind and attributes in any order. Not over time or value.
    pub key: u64,
    /// The identity of the resource: a hash over its attributes in any order.
    pub resource_key: u64,
    /// The resource, if known.
    pub resource: Option<Resource<'a>>,
    /// The scope, if known.
    pub scope: Option<InstrumentationScope<'a>>,
    /// The metric.
    pub metric: Metric<'a>,
    /// Its data.
    pub data: Data<'a>,
    /// The point.
    pub point: Point<'a>,
}

/// Calls `each` with every data point of `request`, an encoded `ExportMetricsServiceRequest`.
pub fn walk(request: &[u8], each: &mut impl FnMut(&Found<'_>)) {
    let _ = (request, each);
}
