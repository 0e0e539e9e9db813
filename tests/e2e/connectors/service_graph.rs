//! Both sides of calls over gRPC, and the edges that the backend gets of them.

use std::time::{SystemTime, UNIX_EPOCH};

use edgewatch_tests::Signal;
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::points::{Point, points};
use edgewatch_tests::sink::Sink;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

const SERVER: i32 = 2;
const CLIENT: i32 = 3;

#[tokio::test]
async fn the_backend_gets_edges_and_the_calls_that_a_request_needs() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let mut agent = Forwarder::to(&sink)?
        .with("connectors: {service_graph: {metrics_flush_interval: 1h, store: {ttl: 1h}}}")
        .with("service: {pipelines: {traces: {exporters: [service_graph]}}}")
        .with("service: {pipelines: {metrics: {receivers: [otlp, service_graph]}}}")
        .start()
        .await?;
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos())?;
    let client = agent.client().await?;

    // The server's side first, as it ends first; then its caller with ten queries.
    let queries =
        (20..30).map(|id| Span { attributes: vec![text("db.name", "orders")], ..span(CLIENT, id, 2, now) });
    let sides = [
        ("cart", vec![span(SERVER, 4, 3, now)]),
        ("shop", [span(SERVER, 2, 0, now), span(CLIENT, 3, 2, now)].into_iter().chain(queries).collect()),
    ];
    for (service, spans) in sides {
        let reply = client.export(Signal::Traces, &request(service, spans).encode_to_vec()).await?;
        assert_eq!(reply.code(), Some(0), "{reply:?}");
    }
    let (status, _) = agent.agent.terminate().await?;

    assert!(status.success(), "{status}");
    let all = points(&sink.receipts())?;
    let of = |metric: &str| -> Vec<(String, Option<u64>, f64)> {
        let name = format!("traces_service_graph_{metric}");
        let points = all.iter().filter(|point| point.metric == name);
        points.map(|point| (ends(point), point.count, point.value)).collect()
    };
    let named = |ends: &str, count, value| (ends.to_owned(), count, value);
    assert_eq!(
        of("request_total"),
        [
            named("user > shop virtual_node", None, 1.0),
            named("shop > cart ", None, 1.0),
            named("shop > orders database", None, 10.0),
        ],
    );
    assert_eq!(
        of("calls_per_request"),
        [named("shop > cart ", Some(1), 1.0), named("shop > orders database", Some(1), 10.0)],
    );
    Ok(())
}

fn ends(point: &Point) -> String {
    let value = |name: &str| point.attributes.get(name).map(String::as_str).unwrap_or_default();
    format!("{} > {} {}", value("client"), value("server"), value("connection_type"))
}

fn request(service: &str, spans: Vec<Span>) -> ExportTraceServiceRequest {
    let resource = Some(Resource { attributes: vec![text("service.name", service)], ..Resource::default() });
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }],
    }
}

fn span(kind: i32, id: u8, parent: u8, end: u64) -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![id; 8],
        parent_span_id: if parent == 0 { Vec::new() } else { vec![parent; 8] },
        kind,
        start_time_unix_nano: end - 3_000_000,
        end_time_unix_nano: end,
        ..Span::default()
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}
