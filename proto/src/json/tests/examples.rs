//! The examples of the specification.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use prost::Message;
use serde::de::DeserializeOwned;

use super::read;
use crate::Signal;
use crate::json::encode;

const TRACE: &str = include_str!("../testdata/trace.json");
const METRICS: &str = include_str!("../testdata/metrics.json");
const LOGS: &str = include_str!("../testdata/logs.json");
const EVENTS: &str = include_str!("../testdata/events.json");

#[test]
fn the_examples_are_read_as_another_implementation_reads_them() {
    agrees::<ExportTraceServiceRequest>(Signal::Traces, TRACE);
    agrees::<ExportMetricsServiceRequest>(Signal::Metrics, METRICS);
    agrees::<ExportLogsServiceRequest>(Signal::Logs, LOGS);
    agrees::<ExportLogsServiceRequest>(Signal::Logs, EVENTS);
}

#[test]
fn ids_are_hexadecimal_and_times_may_be_numbers() {
    let request: ExportTraceServiceRequest = read(Signal::Traces, TRACE);

    let span = &request.resource_spans[0].scope_spans[0].spans[0];
    assert_eq!(span.trace_id, 0x5B8E_FFF7_9803_8103_D269_B633_813F_C60C_u128.to_be_bytes());
    assert_eq!(span.parent_span_id, 0xEEE1_9B7E_C3C1_B173_u64.to_be_bytes());
    assert_eq!(span.end_time_unix_nano, 1_544_712_661_000_000_000);
    assert_eq!((span.kind, span.name.as_str()), (2, "I'm a server span"));
}

#[test]
fn every_kind_of_metric_in_the_example_arrives() {
    let request: ExportMetricsServiceRequest = read(Signal::Metrics, METRICS);

    let points: Vec<_> = request.resource_metrics[0].scope_metrics[0]
        .metrics
        .iter()
        .map(|metric| match metric.data.as_ref().expect("has data") {
            Data::Gauge(gauge) => ("gauge", gauge.data_points.len()),
            Data::Sum(sum) => ("sum", sum.data_points.len()),
            Data::Histogram(histogram) => ("histogram", histogram.data_points.len()),
            Data::ExponentialHistogram(histogram) => ("exponential histogram", histogram.data_points.len()),
            Data::Summary(summary) => ("summary", summary.data_points.len()),
        })
        .collect();
    assert_eq!(points[..3], [("sum", 1), ("gauge", 1), ("histogram", 1)]);
}

/// Reads `json` with this module and with the serde support of `opentelemetry-proto`, writes it, and reads it again.
fn agrees<M: Message + Default + DeserializeOwned + PartialEq + std::fmt::Debug>(signal: Signal, json: &str) {
    let ours: M = read(signal, json);
    let theirs: M = serde_json::from_str(json).expect("the example is valid");
    assert_eq!(ours, theirs);

    let mut line = Vec::new();
    encode(signal, &ours.encode_to_vec(), &mut line).expect("well-formed protobuf");
    let again: M = read(signal, str::from_utf8(&line).expect("JSON is UTF-8"));
    assert_eq!(again, ours);
    let theirs: M = serde_json::from_slice(&line).expect("what we write is valid");
    assert_eq!(theirs, ours);
    assert!(!line.contains(&b'\n'));
}
