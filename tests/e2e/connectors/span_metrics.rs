//! Spans over gRPC, and the metrics that the backend gets of them.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use edgewatch_tests::Signal;
use edgewatch_tests::forwarder::{Builder, Forwarder};
use edgewatch_tests::points::{Point, points};
use edgewatch_tests::sink::{PATIENCE, Receipts, Sink};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;
use tokio::process::Command;

const CALLS: &str = "traces.span.metrics.calls";
const MILLISECOND: u64 = 1_000_000;

#[tokio::test]
async fn the_backend_gets_calls_errors_faults_and_durations_of_each_operation() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let agent = counting(&sink, "200ms")?.start().await?;
    let client = agent.client().await?;
    let begun = SystemTime::now();
    let now = u64::try_from(begun.duration_since(UNIX_EPOCH)?.as_nanos())?;

    for round in 0..10 {
        let spans = [200, 200, 404, 503].map(|code| span("GET /orders", now, 3, code));
        let reply = client.export(Signal::Traces, &request("shop", spans.into()).encode_to_vec()).await?;
        assert_eq!(reply.code(), Some(0), "round {round}: {reply:?}");
    }

    let arrived = sink.wait_until(|receipts| calls(receipts) == 40.0).await?;
    let all = points(&arrived)?;
    let last = |metric: &str| -> Option<Point> {
        let named = all.iter().rev().find(|point| point.metric == format!("traces.span.metrics.{metric}"));
        named.cloned()
    };
    let (errors, faults) = (last("errors").expect("comes"), last("faults").expect("comes"));
    assert_eq!((errors.value, faults.value), (10.0, 10.0));
    let duration = last("duration").expect("comes");
    assert_eq!((duration.count, duration.value, duration.unit.as_str()), (Some(40), 120.0, "ms"));
    assert_eq!(duration.resource.get("service.name").map(String::as_str), Some("shop"));
    assert!(duration.is(
        "traces.span.metrics.duration",
        &[
            ("service.name", "shop"),
            ("span.name", "GET /orders"),
            ("span.kind", "SPAN_KIND_SERVER"),
            ("status.code", "STATUS_CODE_UNSET"),
        ],
    ));
    // The spans ended just then.
    assert!(duration.at >= begun && duration.at < begun + PATIENCE, "{:?}", duration.at);
    Ok(())
}

#[tokio::test]
async fn what_was_counted_is_sent_when_the_agent_ends() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let mut agent = counting(&sink, "1h")?.start().await?;
    let spans = vec![span("GET /orders", 1_700_000_000_000 * MILLISECOND, 3, 200)];
    agent.client().await?.export(Signal::Traces, &request("shop", spans).encode_to_vec()).await?;

    let (status, _) = agent.agent.terminate().await?;

    assert!(status.success(), "{status}");
    assert_eq!(calls(&sink.receipts()), 1.0);
    Ok(())
}

#[tokio::test]
async fn the_spans_of_the_python_sdk_are_counted() -> anyhow::Result<()> {
    let Some(python) = std::env::var_os("EDGEWATCH_PYTHON") else {
        let reason =
            "EDGEWATCH_PYTHON names no Python with the OpenTelemetry SDK; `cargo xtask test` makes one";
        return Ok(writeln!(std::io::stderr(), "skipped: a story with the Python SDK: {reason}")?);
    };
    let (direct, sink) = (Sink::start().await?, Sink::start().await?);
    let agent = counting(&sink, "200ms")?.start().await?;

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/python/send.py");
    let endpoints = [direct.grpc_address(), agent.grpc].map(|address| format!("http://{address}"));
    let mut command = Command::new(python);
    command.arg(script).args(["grpc", "none"]).args(endpoints).kill_on_drop(true);
    let output = tokio::time::timeout(3 * PATIENCE, command.output()).await??;

    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut sent = BTreeMap::<String, f64>::new();
    for request in direct.receipts().traces()? {
        let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        for span in scopes.flat_map(|scope| scope.spans) {
            *sent.entry(span.name).or_default() += 1.0;
        }
    }
    let total: f64 = sent.values().sum();
    let arrived = sink.wait_until(|receipts| calls(receipts) == total).await?;
    let mut counted = BTreeMap::<String, f64>::new();
    for (series, value) in last_calls(&arrived) {
        *counted.entry(series.get("span.name").cloned().unwrap_or_default()).or_default() += value;
    }
    assert_eq!(counted, sent);
    Ok(())
}

/// An agent that makes metrics of spans, and sends nothing else of them.
fn counting(sink: &Sink, interval: &str) -> anyhow::Result<Builder> {
    Ok(Forwarder::to(sink)?
        .with(&format!("connectors: {{span_metrics: {{metrics_flush_interval: {interval}}}}}"))
        .with("service: {pipelines: {traces: {exporters: [span_metrics]}}}")
        .with("service: {pipelines: {metrics: {receivers: [otlp, span_metrics]}}}"))
}

/// The last value of each series of calls.
fn last_calls(receipts: &Receipts) -> BTreeMap<BTreeMap<String, String>, f64> {
    let all = points(receipts).unwrap_or_default().into_iter().filter(|point| point.metric == CALLS);
    all.map(|mut point| {
        point
            .attributes
            .extend(point.resource.into_iter().map(|(name, value)| (format!("resource {name}"), value)));
        (point.attributes, point.value)
    })
    .collect()
}

/// All calls that were counted.
fn calls(receipts: &Receipts) -> f64 {
    last_calls(receipts).values().sum()
}

fn request(service: &str, spans: Vec<Span>) -> ExportTraceServiceRequest {
    let attributes = vec![pair("service.name", Value::StringValue(service.to_owned()))];
    let resource = Some(Resource { attributes, ..Resource::default() });
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }],
    }
}

fn span(name: &str, end: u64, milliseconds: u64, code: i64) -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: name.to_owned(),
        kind: 2,
        start_time_unix_nano: end - milliseconds * MILLISECOND,
        end_time_unix_nano: end,
        attributes: vec![pair("http.response.status_code", Value::IntValue(code))],
        ..Span::default()
    }
}

fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}
