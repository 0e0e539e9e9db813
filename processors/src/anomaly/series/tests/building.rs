//! Requests to read, made of the types of prost.

pub(super) use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
pub(super) use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value,
};
pub(super) use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric,
    NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint,
    exponential_histogram_data_point::Buckets, metric::Data, number_data_point::Value,
    summary_data_point::ValueAtQuantile,
};
pub(super) use opentelemetry_proto::tonic::resource::v1::Resource;
pub(super) use prost::Message;

pub(super) const DELTA: i32 = 1;
pub(super) const CUMULATIVE: i32 = 2;

/// When the tests take place.
const EPOCH: u64 = 1_700_000_000_000_000_000;

/// The time `second` seconds into a test.
pub(super) fn nanos(second: f64) -> u64 {
    EPOCH + (second * 1e9).round() as u64
}

pub(super) fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, any_value::Value::StringValue(value.to_owned()))
}

pub(super) fn attribute(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// A request of one metric.
pub(super) fn request(data: Data) -> ExportMetricsServiceRequest {
    let metric = Metric { name: "a".to_owned(), unit: "1".to_owned(), data: Some(data), ..Metric::default() };
    let scope = ScopeMetrics { metrics: vec![metric], ..ScopeMetrics::default() };
    let group = ResourceMetrics { scope_metrics: vec![scope], ..ResourceMetrics::default() };
    ExportMetricsServiceRequest { resource_metrics: vec![group] }
}

/// A point from `start` (none if negative) to `time`, in seconds into the test.
pub(super) fn number(start: f64, time: f64, value: Value) -> NumberDataPoint {
    NumberDataPoint {
        start_time_unix_nano: if start < 0.0 { 0 } else { nanos(start) },
        time_unix_nano: nanos(time),
        value: Some(value),
        ..NumberDataPoint::default()
    }
}

pub(super) fn gauge(point: NumberDataPoint) -> ExportMetricsServiceRequest {
    request(Data::Gauge(Gauge { data_points: vec![point] }))
}

pub(super) fn sum(
    aggregation_temporality: i32,
    is_monotonic: bool,
    point: NumberDataPoint,
) -> ExportMetricsServiceRequest {
    request(Data::Sum(Sum { data_points: vec![point], aggregation_temporality, is_monotonic }))
}

/// A point of a counter.
pub(super) fn counter(temporality: i32, start: f64, time: f64, value: i64) -> ExportMetricsServiceRequest {
    sum(temporality, true, number(start, time, Value::AsInt(value)))
}

/// A point of a histogram.
pub(super) fn histogram(
    aggregation_temporality: i32,
    point: HistogramDataPoint,
) -> ExportMetricsServiceRequest {
    request(Data::Histogram(Histogram { data_points: vec![point], aggregation_temporality }))
}

/// A point with these bounds and counts.
pub(super) fn buckets(start: f64, time: f64, bounds: &[f64], counts: &[u64]) -> HistogramDataPoint {
    HistogramDataPoint {
        start_time_unix_nano: if start < 0.0 { 0 } else { nanos(start) },
        time_unix_nano: nanos(time),
        count: counts.iter().sum(),
        explicit_bounds: bounds.to_vec(),
        bucket_counts: counts.to_vec(),
        ..HistogramDataPoint::default()
    }
}

/// A point of an exponential histogram.
pub(super) fn exponential(
    aggregation_temporality: i32,
    point: ExponentialHistogramDataPoint,
) -> ExportMetricsServiceRequest {
    request(Data::ExponentialHistogram(ExponentialHistogram {
        data_points: vec![point],
        aggregation_temporality,
    }))
}

/// A point with buckets from `offset` on.
pub(super) fn powers(
    start: f64,
    time: f64,
    scale: i32,
    offset: i32,
    counts: &[u64],
) -> ExponentialHistogramDataPoint {
    ExponentialHistogramDataPoint {
        start_time_unix_nano: if start < 0.0 { 0 } else { nanos(start) },
        time_unix_nano: nanos(time),
        count: counts.iter().sum(),
        scale,
        positive: Some(Buckets { offset, bucket_counts: counts.to_vec() }),
        ..ExponentialHistogramDataPoint::default()
    }
}

/// A point of a summary.
pub(super) fn summary(time: f64, count: u64, quantiles: &[(f64, f64)]) -> ExportMetricsServiceRequest {
    let quantile_values = quantiles
        .iter()
        .map(|(quantile, value)| ValueAtQuantile { quantile: *quantile, value: *value })
        .collect();
    let point = SummaryDataPoint {
        time_unix_nano: nanos(time),
        count,
        quantile_values,
        ..SummaryDataPoint::default()
    };
    request(Data::Summary(Summary { data_points: vec![point] }))
}
