//! What the tests of several processors need: small requests, and their attributes after processing.

use std::time::Instant;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::processor::{Emitter, Processor};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

pub(crate) use any_value::Value;

/// An attribute.
pub(crate) fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// A text attribute.
pub(crate) fn text(key: &str, value: &str) -> KeyValue {
    pair(key, Value::StringValue(value.to_owned()))
}

/// A resource with these attributes.
pub(crate) fn resource(attributes: &[KeyValue]) -> Option<Resource> {
    Some(Resource { attributes: attributes.to_vec(), ..Resource::default() })
}

fn scope() -> Option<InstrumentationScope> {
    Some(InstrumentationScope { name: "library".to_owned(), version: "1.2".to_owned(), ..Default::default() })
}

/// A batch of spans of one resource.
pub(crate) fn traces(resource: Option<Resource>, spans: Vec<Span>) -> Batch {
    let items = spans.len();
    let scope_spans = vec![ScopeSpans { scope: scope(), spans, ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }];
    batch(Signal::Traces, &ExportTraceServiceRequest { resource_spans }, items)
}

/// A batch of log records of one resource.
pub(crate) fn logs(resource: Option<Resource>, log_records: Vec<LogRecord>) -> Batch {
    let items = log_records.len();
    let scope_logs = vec![ScopeLogs { scope: scope(), log_records, ..ScopeLogs::default() }];
    let resource_logs = vec![ResourceLogs { resource, scope_logs, ..ResourceLogs::default() }];
    batch(Signal::Logs, &ExportLogsServiceRequest { resource_logs }, items)
}

/// A batch of metrics of one resource that have `items` data points together.
pub(crate) fn metrics(resource: Option<Resource>, metrics: Vec<Metric>, items: usize) -> Batch {
    let scope_metrics = vec![ScopeMetrics { scope: scope(), metrics, ..ScopeMetrics::default() }];
    let resource_metrics = vec![ResourceMetrics { resource, scope_metrics, ..ResourceMetrics::default() }];
    batch(Signal::Metrics, &ExportMetricsServiceRequest { resource_metrics }, items)
}

fn batch(signal: Signal, request: &impl Message, items: usize) -> Batch {
    Batch::new(signal, Bytes::from(request.encode_to_vec()), items, Ack::none())
}

/// What `processor` makes of `batch`: one batch.
pub(crate) fn processed(processor: &mut impl Processor, batch: Batch) -> Batch {
    let mut out = Emitter::default();
    processor.process(batch, Instant::now(), &mut out).expect("takes it");
    let mut emitted = out.take();
    assert_eq!(emitted.len(), 1);
    emitted.remove(0)
}

/// The spans of a batch.
pub(crate) fn spans_of(batch: &Batch) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(batch.segments().concat().as_slice()).expect("decodes");
    let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

/// The log records of a batch.
pub(crate) fn records_of(batch: &Batch) -> Vec<LogRecord> {
    let request = ExportLogsServiceRequest::decode(batch.segments().concat().as_slice()).expect("decodes");
    let scopes = request.resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
    scopes.flat_map(|scope| scope.log_records).collect()
}

/// The metrics of a batch.
pub(crate) fn metrics_of(batch: &Batch) -> Vec<Metric> {
    let request = ExportMetricsServiceRequest::decode(batch.segments().concat().as_slice()).expect("decodes");
    let scopes = request.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
    scopes.flat_map(|scope| scope.metrics).collect()
}

/// The attributes of the first resource of a batch of spans, by name.
pub(crate) fn resource_of(batch: &Batch) -> Vec<KeyValue> {
    let request = ExportTraceServiceRequest::decode(batch.segments().concat().as_slice()).expect("decodes");
    request.resource_spans[0].resource.clone().unwrap_or_default().attributes
}
