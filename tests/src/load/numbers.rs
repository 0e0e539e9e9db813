//! How an item carries its number: scattered over the eight bytes of a span id, or plain as a data point's value.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{metric, number_data_point};

/// Multiplying by an odd number is a bijection, so that different numbers give different, random-looking ids.
const SCATTER: u64 = 0x9e37_79b9_7f4a_7c15;
const GATHER: u64 = inverse(SCATTER);

/// The inverse modulo 2^64, by Newton's method: every step doubles the number of correct bits.
const fn inverse(odd: u64) -> u64 {
    let mut result = odd;
    let mut correct_bits = 3;
    while correct_bits < 64 {
        result = result.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(result)));
        correct_bits *= 2;
    }
    result
}

/// The id that stands for `number`.
pub(super) const fn id(number: u64) -> [u8; 8] {
    number.wrapping_mul(SCATTER).to_be_bytes()
}

/// The number that `id` stands for; 0, which no item has, for anything that is no id.
fn number(id: &[u8]) -> u64 {
    <[u8; 8]>::try_from(id).map_or(0, |bytes| u64::from_be_bytes(bytes).wrapping_mul(GATHER))
}

/// The numbers of a request's spans.
pub fn trace_numbers(request: &ExportTraceServiceRequest) -> impl Iterator<Item = u64> {
    let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
    scopes.flat_map(|scope| &scope.spans).map(|span| number(&span.span_id))
}

/// The numbers of a request's log records.
pub fn log_numbers(request: &ExportLogsServiceRequest) -> impl Iterator<Item = u64> {
    let scopes = request.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
    scopes.flat_map(|scope| &scope.log_records).map(|record| number(&record.span_id))
}

/// The numbers of a request's gauge and sum points.
pub fn metric_numbers(request: &ExportMetricsServiceRequest) -> impl Iterator<Item = u64> {
    let scopes = request.resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
    let points = scopes.flat_map(|scope| &scope.metrics).flat_map(|metric| match &metric.data {
        Some(metric::Data::Gauge(gauge)) => gauge.data_points.as_slice(),
        Some(metric::Data::Sum(sum)) => sum.data_points.as_slice(),
        Some(
            metric::Data::Histogram(_) | metric::Data::ExponentialHistogram(_) | metric::Data::Summary(_),
        )
        | None => &[],
    });
    points.map(|point| match point.value {
        Some(number_data_point::Value::AsInt(value)) => u64::try_from(value).unwrap_or(0),
        Some(number_data_point::Value::AsDouble(_)) | None => 0,
    })
}
