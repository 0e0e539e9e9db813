//! Spans become durations of operations, and durations are scored.

use std::io::Write as _;
use std::path::Path;

use edgewatch_tests::Signal;
use edgewatch_tests::points::Record;
use edgewatch_tests::sink::PATIENCE;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use tokio::process::Command;

use super::scene::{Scene, Told};
use super::usual::{BEAT, FAULT, LEARNED, at, moment, noise, text};

const OPERATIONS: [&str; 3] = ["GET /carts", "GET /orders", "POST /orders"];
const SLOW: &str = "GET /orders";
const MILLISECOND: u64 = 1_000_000;

#[tokio::test]
async fn a_burst_of_slow_spans_is_an_event_that_names_the_operation() -> anyhow::Result<()> {
    let scene = operations().await?;
    let mut life = scene.start().await?;

    for beat in 0..LEARNED + FAULT {
        life.send(Signal::Traces, &spans(beat, beat >= LEARNED)).await?;
    }
    life.end().await?;

    assert_slow_operation(&scene.told()?)
}

#[tokio::test]
async fn slow_spans_of_the_python_sdk_are_an_event_that_names_the_operation() -> anyhow::Result<()> {
    let Some(python) = std::env::var_os("EDGEWATCH_PYTHON") else {
        let reason =
            "EDGEWATCH_PYTHON names no Python with the OpenTelemetry SDK; `cargo xtask test` makes one";
        return Ok(writeln!(std::io::stderr(), "skipped: a story with the Python SDK: {reason}")?);
    };
    let scene = operations().await?;
    let life = scene.start().await?;

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/python/operations.py");
    let mut command = Command::new(python);
    command.arg(script).arg(format!("http://{}", life.agent.grpc));
    command.args([at(0), BEAT, LEARNED, FAULT].map(|number| number.to_string())).kill_on_drop(true);
    let output = tokio::time::timeout(3 * PATIENCE, command.output()).await??;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    life.end().await?;

    assert_slow_operation(&scene.told()?)
}

/// Durations of operations are scored; a batch of spans tells them at once.
async fn operations() -> anyhow::Result<Scene> {
    Ok(Scene::new().await?.with("connectors: {span_metrics: {metrics_flush_interval: 0}}").with(
        "service: {pipelines: {
                traces: {exporters: [span_metrics]},
                metrics: {receivers: [span_metrics]}}}",
    ))
}

fn assert_slow_operation(told: &Told) -> anyhow::Result<()> {
    let starts: Vec<&Record> = told.starts().collect();
    assert!(!starts.is_empty(), "nothing was found");
    for start in starts {
        assert_eq!(start.attributes.get("span.name").map(String::as_str), Some(SLOW), "{start:#?}");
        assert_eq!(start.attributes["edgewatch.metric.name"], "traces.span.metrics.duration", "{start:#?}");
        assert_eq!(
            (start.resource["service.name"].as_str(), start.attributes["span.kind"].as_str()),
            ("shop", "SPAN_KIND_SERVER")
        );
        assert!(start.body.starts_with("traces.span.metrics.duration{"), "{}", start.body);
        // The clock of metrics of spans is behind by the half of fifteen batches at most.
        assert!(start.at >= moment(at(LEARNED - 8)), "{start:#?}");
    }
    Ok(())
}

/// Some requests of each operation within a beat.
fn spans(beat: u64, slow: bool) -> ExportTraceServiceRequest {
    let spans = OPERATIONS.iter().zip(0..).flat_map(|(operation, number)| {
        (0..40).map(move |request| {
            let factor = if slow && *operation == SLOW { 10.0 } else { 1.0 };
            let noise = noise(number * 100 + request, at(beat));
            let milliseconds = factor * (80.0 + 20.0 * number as f64) * (1.0 + 0.5 * noise);
            let end = at(beat) + request * 1000 * MILLISECOND;
            Span {
                trace_id: [beat.to_be_bytes(), request.to_be_bytes()].concat(),
                span_id: (request + 1).to_be_bytes().to_vec(),
                name: (*operation).to_owned(),
                kind: 2,
                start_time_unix_nano: end - (milliseconds * MILLISECOND as f64) as u64,
                end_time_unix_nano: end,
                ..Span::default()
            }
        })
    });
    let attributes = vec![text("host.name", "web-1"), text("service.name", "shop")];
    let resource = Some(Resource { attributes, ..Resource::default() });
    let scope_spans = vec![ScopeSpans { spans: spans.collect(), ..ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }],
    }
}
