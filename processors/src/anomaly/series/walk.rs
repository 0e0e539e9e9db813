//! The data points of a request, each with the identity of its series.

use edgewatch_proto::view::{
    Data, ExportMetricsServiceRequest, InstrumentationScope, Metric, Point, Resource,
};

use super::head::Head;
use super::{Kind, identity};

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
    /// Its kind, read once for all points of the metric.
    pub kind: Kind,
    /// Its data.
    pub data: Data<'a>,
    /// The point. One without a recorded value (`flags` 1: the series has ended for now) is given as well.
    pub point: Point<'a>,
    /// What was read of the point to find its series, and need not be read again.
    pub(super) head: Head,
}

impl Found<'_> {
    /// The time of the point, in nanoseconds since 1970; zero if it has none.
    #[must_use]
    #[inline]
    pub const fn time(&self) -> u64 {
        self.head.times.time
    }
}

/// Calls `each` with every data point of `request`, an encoded `ExportMetricsServiceRequest`.
///
/// Resource, scope and metric are hashed once for all that is in them. A point is read once. Nothing is allocated.
pub fn walk(request: &[u8], each: &mut impl FnMut(&Found<'_>)) {
    for group in ExportMetricsServiceRequest::new(request).resource_metrics() {
        let resource = group.resource();
        let resource_key = identity::of_resource(resource);
        for group in group.scope_metrics() {
            let scope = group.scope();
            let scope_key = identity::of_scope(resource_key, scope);
            for metric in group.metrics() {
                let data = metric.data();
                let kind = Kind::from(data);
                let metric_key = identity::of_metric(scope_key, metric, kind);
                for point in data.points() {
                    let head = Head::of(point);
                    let key = identity::of_series(metric_key, head.attributes);
                    each(&Found { key, resource_key, resource, scope, metric, kind, data, point, head });
                }
            }
        }
    }
}
