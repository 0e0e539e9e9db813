//! Data points and log records in a form that assertions read well in.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint};

use crate::sink::Receipts;

/// Attributes with all values as text.
pub type Attributes = BTreeMap<String, String>;

/// One data point.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Attributes of the resource.
    pub resource: Attributes,
    /// The metric.
    pub metric: String,
    /// Its unit.
    pub unit: String,
    /// Whether it is a sum, and a monotonic one; `None` for gauges.
    pub monotonic: Option<bool>,
    /// Attributes of the point.
    pub attributes: Attributes,
    /// When it was taken.
    pub at: SystemTime,
    /// Its value; the sum of a histogram.
    pub value: f64,
    /// The count of a histogram.
    pub count: Option<u64>,
}

impl Point {
    /// Whether it is of `metric` and has these attributes, among others.
    #[must_use]
    pub fn is(&self, metric: &str, attributes: &[(&str, &str)]) -> bool {
        self.metric == metric && has(&self.attributes, attributes)
    }
}

/// One log record.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Attributes of the resource.
    pub resource: Attributes,
    /// Attributes of the record.
    pub attributes: Attributes,
    /// Its text.
    pub body: String,
    /// When it happened; the epoch when unknown.
    pub at: SystemTime,
    /// Its severity number.
    pub severity: i32,
    /// The name of the event, if it is one.
    pub event: String,
}

/// Whether `attributes` contain all of `wanted`.
#[must_use]
pub fn has(attributes: &Attributes, wanted: &[(&str, &str)]) -> bool {
    wanted.iter().all(|(key, value)| attributes.get(*key).is_some_and(|have| have == value))
}

/// All data points that were delivered, in order of arrival.
///
/// # Errors
/// When a request cannot be decoded.
pub fn points(receipts: &Receipts) -> anyhow::Result<Vec<Point>> {
    Ok(receipts.metrics()?.into_iter().flat_map(points_of).collect())
}

/// All data points of a request.
#[must_use]
pub fn points_of(request: ExportMetricsServiceRequest) -> Vec<Point> {
    let mut all = Vec::new();
    for resource in request.resource_metrics {
        let attributes = texts(resource.resource.map(|it| it.attributes).unwrap_or_default());
        for metric in resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
            add(&mut all, &attributes, metric);
        }
    }
    all
}

/// All log records that were delivered, in order of arrival.
///
/// # Errors
/// When a request cannot be decoded.
pub fn records(receipts: &Receipts) -> anyhow::Result<Vec<Record>> {
    let mut all = Vec::new();
    for request in receipts.logs()? {
        for resource in request.resource_logs {
            let attributes = texts(resource.resource.map(|it| it.attributes).unwrap_or_default());
            for record in resource.scope_logs.into_iter().flat_map(|scope| scope.log_records) {
                all.push(Record {
                    resource: attributes.clone(),
                    attributes: texts(record.attributes),
                    body: record.body.map(text).unwrap_or_default(),
                    at: time(record.time_unix_nano),
                    severity: record.severity_number,
                    event: record.event_name,
                });
            }
        }
    }
    Ok(all)
}

fn add(all: &mut Vec<Point>, resource: &Attributes, metric: Metric) {
    let point = |monotonic, attributes, at, value, count| Point {
        resource: resource.clone(),
        metric: metric.name.clone(),
        unit: metric.unit.clone(),
        monotonic,
        attributes: texts(attributes),
        at: time(at),
        value,
        count,
    };
    let number = |monotonic, number: NumberDataPoint| {
        let value = match number.value {
            Some(Number::AsDouble(value)) => value,
            #[expect(clippy::cast_precision_loss, reason = "what is measured stays below 2^53")]
            Some(Number::AsInt(value)) => value as f64,
            None => f64::NAN,
        };
        point(monotonic, number.attributes, number.time_unix_nano, value, None)
    };
    match metric.data {
        Some(Data::Gauge(gauge)) => all.extend(gauge.data_points.into_iter().map(|it| number(None, it))),
        Some(Data::Sum(sum)) => {
            let monotonic = Some(sum.is_monotonic);
            all.extend(sum.data_points.into_iter().map(|it| number(monotonic, it)));
        }
        Some(Data::Histogram(histogram)) => all.extend(histogram.data_points.into_iter().map(|it| {
            point(None, it.attributes, it.time_unix_nano, it.sum.unwrap_or(f64::NAN), Some(it.count))
        })),
        Some(Data::ExponentialHistogram(histogram)) => {
            all.extend(histogram.data_points.into_iter().map(|it| {
                point(None, it.attributes, it.time_unix_nano, it.sum.unwrap_or(f64::NAN), Some(it.count))
            }));
        }
        Some(Data::Summary(_)) | None => {}
    }
}

fn time(nanoseconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanoseconds)
}

fn texts(attributes: Vec<KeyValue>) -> Attributes {
    attributes.into_iter().map(|it| (it.key, it.value.map(text).unwrap_or_default())).collect()
}

fn text(value: AnyValue) -> String {
    match value.value {
        Some(Any::StringValue(text)) => text,
        Some(Any::BoolValue(value)) => value.to_string(),
        Some(Any::IntValue(value)) => value.to_string(),
        Some(Any::DoubleValue(value)) => value.to_string(),
        Some(Any::ArrayValue(list)) => list.values.into_iter().map(text).collect::<Vec<_>>().join(","),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}
