mod allocations;
mod calls;
mod configuration;
mod hostile;
mod laws;
mod limits;
mod needless_calls;
mod pairing;
mod stores;
mod times;
mod virtual_nodes;

use std::time::{Duration, Instant};

use edgewatch_core::factory::{ComponentConfig, ConnectorSpec};
use edgewatch_core::processor::{Emitter, Processor};
use edgewatch_core::telemetry::Registry;
use edgewatch_core::testing::context;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, number_data_point,
};
use opentelemetry_proto::tonic::trace::v1::span::Link;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message as _;

use super::ServiceGraph;
use super::config::Config;
use crate::testing::{Value, resource, text, traces};

/// A whole second, as times of spans.
const SECOND: u64 = 1_000_000_000;
/// When spans of the tests begin.
const BEGIN: u64 = 1_700_000_000 * SECOND;

const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

/// A connector, the time, and what comes out of it.
struct Scene {
    connector: ServiceGraph,
    registry: Registry,
    start: Instant,
    out: Emitter,
}

impl Scene {
    fn new(config: &str) -> Self {
        let config: Config = serde_json::from_str(config).expect("well-formed");
        config.validate().expect("valid");
        let (context, registry) = context("service_graph");
        let connector = ServiceGraph::build(config, &context).expect("builds");
        Self { connector, registry, start: Instant::now(), out: Emitter::default() }
    }

    /// Spans of a service come so many milliseconds after the start.
    fn spans(&mut self, milliseconds: u64, service: &str, spans: Vec<Span>) {
        self.spans_of(milliseconds, &[text("service.name", service)], spans);
    }

    fn spans_of(&mut self, milliseconds: u64, attributes: &[KeyValue], spans: Vec<Span>) {
        let now = self.start + Duration::from_millis(milliseconds);
        let batch = traces(resource(attributes), spans);
        self.connector.process(batch, now, &mut self.out).expect("takes all");
    }

    /// What is sent when it is so many milliseconds after the start.
    fn tick(&mut self, milliseconds: u64) -> Vec<Point> {
        self.connector.tick(self.start + Duration::from_millis(milliseconds), &mut self.out);
        self.taken()
    }

    fn drained(&mut self) -> Vec<Point> {
        self.connector.drain(&mut self.out);
        self.taken()
    }

    fn taken(&mut self) -> Vec<Point> {
        let mut points = Vec::new();
        for batch in self.out.take() {
            let before = points.len();
            let bytes = batch.segments().concat();
            let request = ExportMetricsServiceRequest::decode(bytes.as_slice()).expect("decodes");
            for metrics in request.resource_metrics {
                let resource = metrics.resource.unwrap_or_default();
                assert_eq!(resource.attributes[0].key, "collector.instance.id");
                for metric in metrics.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
                    add_points(metric, &mut points);
                }
            }
            assert_eq!(points.len() - before, batch.items());
        }
        points
    }
}

/// A data point and all that identifies its series.
#[derive(Clone, Debug, PartialEq)]
struct Point {
    /// Without what all begin with.
    metric: String,
    unit: String,
    /// Attributes in their order, without names where those are clear: the values of client, server, type.
    series: String,
    start: u64,
    time: u64,
    exemplars: Vec<Exemplar>,
    data: Number,
}

#[derive(Clone, Debug, PartialEq)]
enum Number {
    Sum(i64),
    Histogram(HistogramDataPoint),
    Exponential(ExponentialHistogramDataPoint),
}

impl Point {
    /// Metric, series and count; of histograms the sum too.
    fn short(&self) -> String {
        let Self { metric, series, .. } = self;
        match &self.data {
            Number::Sum(sum) => format!("{metric} {series}: {sum}"),
            Number::Histogram(point) => {
                format!("{metric} {series}: {} {}", point.count, point.sum.expect("known"))
            }
            Number::Exponential(point) => {
                format!("{metric} {series}: {} {}", point.count, point.sum.expect("known"))
            }
        }
    }
}

fn short(points: &[Point]) -> Vec<String> {
    points.iter().map(Point::short).collect()
}

/// Those of one metric.
fn of(points: &[Point], metric: &str) -> Vec<String> {
    points.iter().filter(|point| point.metric == metric).map(Point::short).collect()
}

/// Attributes as a text: `shop > cart`, then the others with their names.
fn series(attributes: &[KeyValue]) -> String {
    let value = |pair: &KeyValue| match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::BoolValue(truth)) => truth.to_string(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    let find = |name: &str| attributes.iter().find(|pair| pair.key == name).map(value);
    if find("otel.metric.overflow").is_some() {
        assert_eq!(attributes.len(), 1);
        return "overflow".to_owned();
    }
    let mut text = format!(
        "{} > {}",
        find("client").unwrap_or_else(|| "-".to_owned()),
        find("server").unwrap_or_else(|| "-".to_owned())
    );
    for pair in attributes {
        let value = value(pair);
        match pair.key.as_str() {
            "client" | "server" => {}
            "connection_type" if value.is_empty() => {}
            "failed" if value == "false" => {}
            "failed" => text.push_str(" failed"),
            "connection_type" => text.push_str(&format!(" {value}")),
            name => text.push_str(&format!(" {name}={value}")),
        }
    }
    text
}

fn add_points(metric: Metric, points: &mut Vec<Point>) {
    let name = metric.name.strip_prefix("traces_service_graph_").expect("all begin so");
    let mut add = |attributes: &[KeyValue], (start, time), exemplars, data| {
        let series = series(attributes);
        let (metric, unit) = (name.to_owned(), metric.unit.clone());
        points.push(Point { metric, unit, series, start, time, exemplars, data });
    };
    match metric.data.expect("has data") {
        Data::Sum(sum) => {
            assert!(sum.is_monotonic && sum.aggregation_temporality == 2);
            for point in sum.data_points {
                let Some(number_data_point::Value::AsInt(value)) = point.value else {
                    panic!("counts are whole: {point:?}")
                };
                let times = (point.start_time_unix_nano, point.time_unix_nano);
                add(&point.attributes, times, point.exemplars, Number::Sum(value));
            }
        }
        Data::Histogram(histogram) => {
            assert_eq!(histogram.aggregation_temporality, 2);
            for mut point in histogram.data_points {
                let times = (point.start_time_unix_nano, point.time_unix_nano);
                let exemplars = std::mem::take(&mut point.exemplars);
                let attributes = std::mem::take(&mut point.attributes);
                add(&attributes, times, exemplars, Number::Histogram(point));
            }
        }
        Data::ExponentialHistogram(histogram) => {
            for mut point in histogram.data_points {
                let times = (point.start_time_unix_nano, point.time_unix_nano);
                let exemplars = std::mem::take(&mut point.exemplars);
                let attributes = std::mem::take(&mut point.attributes);
                add(&attributes, times, exemplars, Number::Exponential(point));
            }
        }
        other @ (Data::Gauge(_) | Data::Summary(_)) => panic!("neither is written: {other:?}"),
    }
}

/// A span of a trace, with an id and a parent (zero: none), that takes so many milliseconds.
fn span(kind: i32, trace: u8, id: u64, parent: u64, milliseconds: u64) -> Span {
    Span {
        trace_id: vec![trace; 16],
        span_id: id.to_be_bytes().to_vec(),
        parent_span_id: if parent == 0 { Vec::new() } else { parent.to_be_bytes().to_vec() },
        kind,
        start_time_unix_nano: BEGIN,
        end_time_unix_nano: BEGIN + milliseconds * 1_000_000,
        ..Span::default()
    }
}

fn client(trace: u8, id: u64, milliseconds: u64) -> Span {
    span(CLIENT, trace, id, 1, milliseconds)
}

fn server(trace: u8, parent: u64, milliseconds: u64) -> Span {
    span(SERVER, trace, parent + 1000, parent, milliseconds)
}

fn failed(span: Span) -> Span {
    Span { status: Some(Status { code: 2, ..Status::default() }), ..span }
}

fn with(span: Span, attributes: &[KeyValue]) -> Span {
    Span { attributes: attributes.to_vec(), ..span }
}

fn linked(span: Span, to: &[(u8, u64)]) -> Span {
    let link = |(trace, id): &(u8, u64)| Link {
        trace_id: vec![*trace; 16],
        span_id: id.to_be_bytes().to_vec(),
        ..Link::default()
    };
    Span { links: to.iter().map(link).collect(), ..span }
}
