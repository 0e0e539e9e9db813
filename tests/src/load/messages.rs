//! The messages behind the templates.

use std::net::Ipv4Addr;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric,
    number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span, status};

use super::numbers::id;

/// 2026-01-01T00:00:00Z.
const EPOCH: u64 = 1_767_225_600_000_000_000;
const MILLISECOND: u64 = 1_000_000;
const POINTS_PER_METRIC: u64 = 5;

pub(super) fn traces(first: u64, count: u64) -> ExportTraceServiceRequest {
    let spans = (0..count).map(|item| {
        let start = EPOCH + item * MILLISECOND;
        let facts = Facts::of(item);
        Span {
            trace_id: trace_id(item),
            span_id: id(first + item).to_vec(),
            parent_span_id: id(!item).to_vec(),
            name: format!("GET {}", facts.route),
            kind: span::SpanKind::Server.into(),
            start_time_unix_nano: start,
            end_time_unix_nano: start + facts.micros * 1000,
            attributes: vec![
                text("http.request.method", "GET"),
                text("http.route", facts.route),
                int("http.response.status_code", facts.status),
                text("url.path", &facts.path),
                text("url.scheme", "https"),
                text("server.address", "shop.example.com"),
                int("server.port", 443),
                text("client.address", &facts.client.to_string()),
                text("user_agent.original", facts.user_agent),
                text("network.protocol.version", "1.1"),
            ],
            status: Some(Status { code: status::StatusCode::Ok.into(), ..Status::default() }),
            flags: 0x101,
            ..Span::default()
        }
    });
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource()),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope("shop.http")),
                spans: spans.collect(),
                schema_url: String::new(),
            }],
            schema_url: String::new(),
        }],
    }
}

pub(super) fn logs(first: u64, count: u64) -> ExportLogsServiceRequest {
    let records = (0..count).map(|item| {
        let facts = Facts::of(item);
        let body = format!("{} gave {} in {} us", facts.path, facts.status, facts.micros);
        LogRecord {
            time_unix_nano: EPOCH + item * MILLISECOND,
            observed_time_unix_nano: EPOCH + item * MILLISECOND + facts.micros,
            severity_number: 9,
            severity_text: "INFO".to_owned(),
            body: Some(AnyValue { value: Some(Value::StringValue(body)) }),
            attributes: vec![
                text("log.file.name", "access.log"),
                text("http.request.method", "GET"),
                text("url.path", &facts.path),
                int("http.response.status_code", facts.status),
                text("client.address", &facts.client.to_string()),
                int("http.request.size", 120 + facts.micros % 900),
                int("http.response.size", facts.micros),
                text("thread.name", facts.thread),
                text("app.region", "eu-central"),
                text("app.color", "green"),
            ],
            flags: 1,
            trace_id: trace_id(item),
            span_id: id(first + item).to_vec(),
            ..LogRecord::default()
        }
    });
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(resource()),
            scope_logs: vec![ScopeLogs {
                scope: Some(scope("shop.orders")),
                log_records: records.collect(),
                schema_url: String::new(),
            }],
            schema_url: String::new(),
        }],
    }
}

pub(super) fn metrics(first: u64, count: u64) -> ExportMetricsServiceRequest {
    let metrics = (0..count).step_by(5).map(|start| {
        let last = count.min(start + POINTS_PER_METRIC);
        let data_points = (start..last).map(|item| point(first, item)).collect();
        let data = if start % 2 == 0 {
            metric::Data::Gauge(Gauge { data_points })
        } else {
            metric::Data::Sum(Sum {
                data_points,
                aggregation_temporality: AggregationTemporality::Cumulative.into(),
                is_monotonic: true,
            })
        };
        Metric {
            name: format!("shop.orders.stage_{start}.count"),
            description: "Orders that have reached the stage since the process started, cancelled ones too"
                .to_owned(),
            unit: "{order}".to_owned(),
            data: Some(data),
            ..Metric::default()
        }
    });
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource()),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(scope("shop.orders")),
                metrics: metrics.collect(),
                schema_url: String::new(),
            }],
            schema_url: String::new(),
        }],
    }
}

fn point(first: u64, item: u64) -> NumberDataPoint {
    let facts = Facts::of(item);
    NumberDataPoint {
        attributes: vec![
            text("http.request.method", "GET"),
            text("http.route", facts.route),
            int("http.response.status_code", facts.status),
            text("server.address", "shop.example.com"),
            text("thread.name", facts.thread),
        ],
        start_time_unix_nano: EPOCH,
        time_unix_nano: EPOCH + item * MILLISECOND,
        value: Some(number_data_point::Value::AsInt(i64::try_from(first + item).unwrap_or(i64::MAX))),
        ..NumberDataPoint::default()
    }
}

/// What varies from item to item, so that compression meets something like real data.
struct Facts {
    route: &'static str,
    path: String,
    status: u64,
    client: Ipv4Addr,
    user_agent: &'static str,
    thread: &'static str,
    micros: u64,
}

impl Facts {
    fn of(item: u64) -> Self {
        let [a, b, c, d, e, f, g, h] = id(item + 0x5eed);
        let number = u64::from_be_bytes([0, 0, 0, 0, d, e, f, g]);
        let (route, path) = match a % 3 {
            0 => ("/api/v1/orders/{order_id}", format!("/api/v1/orders/{number:010}")),
            1 => ("/api/v1/carts/{cart_id}", format!("/api/v1/carts/{number:010}")),
            _ => ("/api/v1/products/{sku}", format!("/api/v1/products/{number:010}")),
        };
        Self {
            route,
            path,
            status: if b < 240 { 200 } else { 404 },
            client: Ipv4Addr::new(10, 20, c % 8, d),
            user_agent: if e % 2 == 0 {
                "okhttp/4.12.0 (Linux; Android 14)"
            } else {
                "python-requests/2.32 CPython/3.12.4"
            },
            thread: if f % 2 == 0 { "http-nio-8080-exec-11" } else { "http-nio-8080-exec-42" },
            micros: 500 + u64::from(g) * 37 + u64::from(h),
        }
    }
}

/// Ten spans share a trace.
fn trace_id(item: u64) -> Vec<u8> {
    [id(item / 10 + 7), id(item / 10 + 7000)].concat()
}

fn resource() -> Resource {
    Resource {
        attributes: vec![
            text("service.name", "orders"),
            text("service.namespace", "shop"),
            text("service.version", "4.7.1"),
            text("host.name", "node-0017.eu-central.example.com"),
            text("telemetry.sdk.language", "java"),
            text("telemetry.sdk.name", "opentelemetry"),
        ],
        ..Resource::default()
    }
}

fn scope(name: &str) -> InstrumentationScope {
    InstrumentationScope {
        name: name.to_owned(),
        version: "2.11.0".to_owned(),
        ..InstrumentationScope::default()
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn int(key: &str, value: u64) -> KeyValue {
    attribute(key, Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX)))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}
