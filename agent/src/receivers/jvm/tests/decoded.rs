//! Requests, decoded by the reference types.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{HistogramDataPoint, metric, number_data_point};
use prost::Message as _;

/// A data point with all that stands around it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) resource: String,
    pub(super) metric: String,
    pub(super) attributes: String,
    pub(super) value: f64,
    pub(super) histogram: Option<HistogramDataPoint>,
    pub(super) start: u64,
    pub(super) time: u64,
}

/// Every data point of a request.
pub(super) fn points(request: &[u8]) -> Vec<Point> {
    let request = ExportMetricsServiceRequest::decode(request).expect("a valid request");
    let mut points = Vec::new();
    for resource in request.resource_metrics {
        let described = text(&resource.resource.unwrap_or_default().attributes);
        for metric in resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
            assert!(!metric.description.is_empty() && !metric.unit.is_empty());
            let name = metric.name;
            let number = |value| match value {
                Some(number_data_point::Value::AsInt(value)) => value as f64,
                Some(number_data_point::Value::AsDouble(value)) => value,
                None => panic!("no value of {name}"),
            };
            let numbers = match metric.data.expect("data") {
                metric::Data::Gauge(gauge) => gauge.data_points,
                metric::Data::Sum(sum) => sum.data_points,
                metric::Data::Histogram(histogram) => {
                    assert_eq!(histogram.aggregation_temporality, 2, "cumulative");
                    points.extend(histogram.data_points.into_iter().map(|point| Point {
                        resource: described.clone(),
                        metric: name.clone(),
                        attributes: text(&point.attributes),
                        value: point.sum.expect("a sum"),
                        start: point.start_time_unix_nano,
                        time: point.time_unix_nano,
                        histogram: Some(point),
                    }));
                    continue;
                }
                metric::Data::ExponentialHistogram(_) | metric::Data::Summary(_) => panic!("{name}"),
            };
            points.extend(numbers.into_iter().map(|point| Point {
                resource: described.clone(),
                metric: name.clone(),
                attributes: text(&point.attributes),
                value: number(point.value),
                histogram: None,
                start: point.start_time_unix_nano,
                time: point.time_unix_nano,
            }));
        }
    }
    points
}

/// The points of `metric`, as lines of attributes and values.
pub(super) fn lines(points: &[Point], metric: &str) -> Vec<String> {
    let of = points.iter().filter(|point| point.metric == metric);
    of.map(|point| format!("{} {}", point.attributes, point.value)).collect()
}

fn text(attributes: &[KeyValue]) -> String {
    let value = |pair: &KeyValue| match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(any_value::Value::BoolValue(yes)) => yes.to_string(),
        other => panic!("unexpected value {other:?}"),
    };
    let words: Vec<String> = attributes.iter().map(value).collect();
    words.join("/")
}
