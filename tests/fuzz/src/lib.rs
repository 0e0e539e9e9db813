//! What the fuzz targets share.

use edgewatch_proto::Signal;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data};
use prost::Message;

/// Takes the signal from the first byte, and what is left of that as a number for the target; the rest is the request.
pub fn signal(input: &[u8]) -> Option<(Signal, u8, &[u8])> {
    let (first, request) = input.split_first()?;
    let signal = match first % 3 {
        0 => Signal::Traces,
        1 => Signal::Metrics,
        _ => Signal::Logs,
    };
    Some((signal, first / 3, request))
}

/// The items that prost decodes and their encoding; `None` if it refuses the request.
pub fn decode(signal: Signal, request: &[u8]) -> Option<(usize, Vec<u8>)> {
    match signal {
        Signal::Traces => {
            let request = ExportTraceServiceRequest::decode(request).ok()?;
            let scopes = request.resource_spans.iter().flat_map(|group| &group.scope_spans);
            Some((
                scopes.map(|scope| scope.spans.len()).sum(),
                request.encode_to_vec(),
            ))
        }
        Signal::Metrics => {
            let request = ExportMetricsServiceRequest::decode(request).ok()?;
            let scopes = request
                .resource_metrics
                .iter()
                .flat_map(|group| &group.scope_metrics);
            Some((
                scopes.flat_map(|scope| &scope.metrics).map(points).sum(),
                request.encode_to_vec(),
            ))
        }
        Signal::Logs => {
            let request = ExportLogsServiceRequest::decode(request).ok()?;
            let scopes = request.resource_logs.iter().flat_map(|group| &group.scope_logs);
            Some((
                scopes.map(|scope| scope.log_records.len()).sum(),
                request.encode_to_vec(),
            ))
        }
    }
}

fn points(metric: &Metric) -> usize {
    match &metric.data {
        None => 0,
        Some(Data::Gauge(data)) => data.data_points.len(),
        Some(Data::Sum(data)) => data.data_points.len(),
        Some(Data::Histogram(data)) => data.data_points.len(),
        Some(Data::ExponentialHistogram(data)) => data.data_points.len(),
        Some(Data::Summary(data)) => data.data_points.len(),
    }
}
