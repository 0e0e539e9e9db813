//! Requests, decoded by the reference types, as lines of text.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{metric, number_data_point};
use prost::Message as _;

/// A line for each resource, and one for each point: metric, kind, unit, attributes, value.
pub(super) fn lines(request: &[u8]) -> Vec<String> {
    let request = ExportMetricsServiceRequest::decode(request).expect("a valid request");
    let mut lines = Vec::new();
    for resource in request.resource_metrics {
        lines.push(format!("[{}]", text(&resource.resource.unwrap_or_default().attributes)));
        for metric in resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
            assert!(!metric.description.is_empty());
            let (kind, points) = match metric.data.expect("data") {
                metric::Data::Gauge(gauge) => ("gauge", gauge.data_points),
                metric::Data::Sum(sum) => {
                    assert_eq!(sum.aggregation_temporality, 2, "cumulative");
                    (if sum.is_monotonic { "counter" } else { "updowncounter" }, sum.data_points)
                }
                metric::Data::Histogram(_)
                | metric::Data::ExponentialHistogram(_)
                | metric::Data::Summary(_) => panic!("unexpected kind of {}", metric.name),
            };
            assert!(!points.is_empty(), "{} has points", metric.name);
            for point in points {
                let value = match point.value.expect("a value") {
                    number_data_point::Value::AsInt(value) => value.to_string(),
                    number_data_point::Value::AsDouble(value) => format!("{value:?}"),
                };
                let (name, unit, attributes) = (&metric.name, &metric.unit, text(&point.attributes));
                lines.push(format!("{name} {kind} {unit} {{{attributes}}} {value}"));
            }
        }
    }
    lines
}

fn text(attributes: &[KeyValue]) -> String {
    let pair = |pair: &KeyValue| format!("{}={}", pair.key, any(pair.value.as_ref()));
    attributes.iter().map(pair).collect::<Vec<_>>().join(",")
}

fn any(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        other => panic!("unexpected value {other:?}"),
    }
}
