//! Requests of 100 items as SDKs send them: ten attributes, about 460 bytes per span, 424 per log record, 240 per point.

use bytes::Bytes;
use edgewatch_proto::Signal;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;

/// Items per request.
pub(crate) const ITEMS: u64 = 100;

const NANOS: u64 = 1_760_000_000_000_000_000;

/// The sample of a signal.
pub(crate) fn request(signal: Signal) -> Bytes {
    Bytes::from(match signal {
        Signal::Traces => traces().encode_to_vec(),
        Signal::Metrics => metrics().encode_to_vec(),
        Signal::Logs => logs().encode_to_vec(),
    })
}

fn text(key: &str, text: impl Into<String>) -> KeyValue {
    attribute(key, Value::StringValue(text.into()))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn resource() -> Option<Resource> {
    let attributes = vec![
        text("service.name", "checkout"),
        text("service.version", "1.14.2"),
        text("host.name", "ip-10-0-3-17.eu-west-1.compute.internal"),
        text("telemetry.sdk.language", "java"),
        text("telemetry.sdk.name", "opentelemetry"),
    ];
    Some(Resource { attributes, ..Resource::default() })
}

fn scope() -> Option<InstrumentationScope> {
    Some(InstrumentationScope {
        name: "io.opentelemetry.tomcat-10.0".to_owned(),
        version: "2.9.0-alpha".to_owned(),
        ..InstrumentationScope::default()
    })
}

fn item_attributes(index: u64) -> Vec<KeyValue> {
    vec![
        text("http.request.method", "GET"),
        text("http.route", "/api/v1/orders/{id}"),
        text("url.scheme", "https"),
        text("url.path", format!("/api/v1/orders/{index}")),
        text("server.address", "shop.example.com"),
        attribute("server.port", Value::IntValue(443)),
        attribute("http.response.status_code", Value::IntValue(200)),
        text("client.address", "203.0.113.42"),
        text("user_agent.original", "Mozilla/5.0 (X11)"),
        text("thread.name", format!("http-nio-8080-exec-{}", index % 16)),
    ]
}

fn traces() -> ExportTraceServiceRequest {
    let spans = (0..ITEMS)
        .map(|index| Span {
            trace_id: (u128::from(index) << 64 | 0xfedc_ba98_7654_3210).to_be_bytes().to_vec(),
            span_id: (index << 32 | 0x89ab_cdef).to_be_bytes().to_vec(),
            parent_span_id: (index << 16 | 0xf00d).to_be_bytes().to_vec(),
            flags: 0x101,
            name: "GET /api/v1/orders/{id}".to_owned(),
            kind: 2,
            start_time_unix_nano: NANOS + index,
            end_time_unix_nano: NANOS + index + 12_345_678,
            attributes: item_attributes(index),
            status: Some(Status::default()),
            ..Span::default()
        })
        .collect();
    let scope_spans = vec![ScopeSpans { scope: scope(), spans, schema_url: String::new() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { resource: resource(), scope_spans, schema_url: String::new() }],
    }
}

fn logs() -> ExportLogsServiceRequest {
    let log_records = (0..ITEMS)
        .map(|index| LogRecord {
            time_unix_nano: NANOS + index,
            observed_time_unix_nano: NANOS + index + 1_000,
            severity_number: 9,
            severity_text: "INFO".to_owned(),
            body: Some(AnyValue {
                value: Some(Value::StringValue(format!(
                    "order {index} accepted, 3 positions, total 99.90 EUR"
                ))),
            }),
            attributes: item_attributes(index),
            ..LogRecord::default()
        })
        .collect();
    let scope_logs = vec![ScopeLogs { scope: scope(), log_records, schema_url: String::new() }];
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs { resource: resource(), scope_logs, schema_url: String::new() }],
    }
}

fn metrics() -> ExportMetricsServiceRequest {
    let metrics = (0..ITEMS / 10)
        .map(|metric| Metric {
            name: format!("http.server.requests.{metric}"),
            description: "Requests that the server has answered".to_owned(),
            unit: "{request}".to_owned(),
            data: Some(Data::Sum(Sum {
                data_points: (0..10).map(|index| point(metric * 10 + index)).collect(),
                aggregation_temporality: 2,
                is_monotonic: true,
            })),
            ..Metric::default()
        })
        .collect();
    let scope_metrics = vec![ScopeMetrics { scope: scope(), metrics, schema_url: String::new() }];
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: resource(),
            scope_metrics,
            schema_url: String::new(),
        }],
    }
}

fn point(index: u64) -> NumberDataPoint {
    NumberDataPoint {
        attributes: item_attributes(index).into_iter().take(6).collect(),
        start_time_unix_nano: NANOS,
        time_unix_nano: NANOS + 60_000_000_000,
        value: Some(number_data_point::Value::AsInt(1_000_000 + index.cast_signed())),
        ..NumberDataPoint::default()
    }
}
