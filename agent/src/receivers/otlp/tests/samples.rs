//! Requests as an SDK would send them.

use std::io::Write as _;

use edgewatch_core::Signal;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

/// Field 1000, a varint, which no version of OTLP knows.
const UNKNOWN_FIELD: [u8; 3] = [0xc0, 0x3e, 0x2a];

/// A request of `items` items, with a field from the future at its end.
pub(super) fn request(signal: Signal, items: usize) -> Vec<u8> {
    let mut bytes = match signal {
        Signal::Traces => {
            let spans = (0..items).map(|n| Span {
                trace_id: vec![1; 16],
                span_id: vec![2; 8],
                name: format!("GET /orders/{n}"),
                ..Span::default()
            });
            let scope_spans = vec![ScopeSpans { spans: spans.collect(), ..ScopeSpans::default() }];
            let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
            ExportTraceServiceRequest { resource_spans }.encode_to_vec()
        }
        Signal::Metrics => {
            let points = (0..items)
                .map(|n| NumberDataPoint { time_unix_nano: n as u64 + 1, ..NumberDataPoint::default() });
            let data = Some(Data::Gauge(Gauge { data_points: points.collect() }));
            let metrics = vec![Metric { name: "queue.length".to_owned(), data, ..Metric::default() }];
            let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
            let resource_metrics = vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }];
            ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
        }
        Signal::Logs => {
            let records =
                (0..items).map(|n| LogRecord { severity_text: format!("INFO {n}"), ..LogRecord::default() });
            let scope_logs = vec![ScopeLogs { log_records: records.collect(), ..ScopeLogs::default() }];
            let resource_logs = vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }];
            ExportLogsServiceRequest { resource_logs }.encode_to_vec()
        }
    };
    bytes.extend(UNKNOWN_FIELD);
    bytes
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

pub(super) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).expect("memory")
}
