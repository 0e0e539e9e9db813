mod allocations;
mod configuration;
mod counting;
mod laws;
mod limits;
mod outcomes;
mod times;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use edgewatch_core::factory::{ComponentConfig, ConnectorSpec};
use edgewatch_core::processor::{Emitter, Processor};
use edgewatch_core::telemetry::Registry;
use edgewatch_core::testing::context;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, ResourceMetrics, number_data_point,
};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message as _;

use super::SpanMetrics;
use super::config::Config;
use crate::testing::{Value, resource, text, traces};

/// A whole second, as times of spans.
const SECOND: u64 = 1_000_000_000;
/// When spans of the tests begin.
const BEGIN: u64 = 1_700_000_000 * SECOND;

/// A connector, the time, and what comes out of it.
struct Scene {
    connector: SpanMetrics,
    registry: Registry,
    start: Instant,
    out: Emitter,
}

impl Scene {
    fn new(config: &str) -> Self {
        let config: Config = serde_json::from_str(config).expect("well-formed");
        config.validate().expect("valid");
        let (context, registry) = context("span_metrics");
        let connector = SpanMetrics::build(config, &context).expect("builds");
        Self { connector, registry, start: Instant::now(), out: Emitter::default() }
    }

    /// Spans of a service come so many seconds after the start.
    fn spans(&mut self, seconds: u64, service: &str, spans: Vec<Span>) {
        self.spans_of(seconds, &[text("service.name", service)], spans);
    }

    fn spans_of(&mut self, seconds: u64, attributes: &[KeyValue], spans: Vec<Span>) {
        let now = self.start + Duration::from_secs(seconds);
        let batch = traces(resource(attributes), spans);
        self.connector.process(batch, now, &mut self.out).expect("takes all");
    }

    /// What is sent when it is so many seconds after the start.
    fn tick(&mut self, seconds: u64) -> Vec<Point> {
        self.connector.tick(self.start + Duration::from_secs(seconds), &mut self.out);
        self.taken()
    }

    fn drained(&mut self) -> Vec<Point> {
        self.connector.drain(&mut self.out);
        self.taken()
    }

    fn taken(&mut self) -> Vec<Point> {
        let batches = self.out.take();
        let mut points = Vec::new();
        for batch in batches {
            let before = points.len();
            let bytes = batch.segments().concat();
            let request = ExportMetricsServiceRequest::decode(bytes.as_slice()).expect("decodes");
            request.resource_metrics.into_iter().for_each(|metrics| add_points(metrics, &mut points));
            assert_eq!(points.len() - before, batch.items());
        }
        points
    }
}

/// A data point and all that identifies its series.
#[derive(Clone, Debug, PartialEq)]
struct Point {
    metric: String,
    unit: String,
    delta: bool,
    resource: BTreeMap<String, String>,
    attributes: BTreeMap<String, String>,
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
    /// The metric's name after `traces.span.metrics.`, the values of attributes, and the count.
    fn short(&self, attributes: &[&str]) -> String {
        let metric = self.metric.rsplit('.').next().unwrap_or_default();
        let values = attributes.iter().filter_map(|name| self.attributes.get(*name)).map(String::as_str);
        format!("{metric} {} {}", values.collect::<Vec<_>>().join(" "), self.count())
    }

    fn count(&self) -> u64 {
        match &self.data {
            Number::Sum(sum) => u64::try_from(*sum).expect("not negative"),
            Number::Histogram(point) => point.count,
            Number::Exponential(point) => point.count,
        }
    }
}

fn short(points: &[Point], attributes: &[&str]) -> Vec<String> {
    points.iter().map(|point| point.short(attributes)).collect()
}

fn named<'a>(points: &'a [Point], metric: &str) -> Vec<&'a Point> {
    points.iter().filter(|point| point.metric == format!("traces.span.metrics.{metric}")).collect()
}

/// Attributes by name, their values as text.
fn by_name(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let pairs = attributes.iter().map(|pair| {
        let value = pair.value.as_ref().and_then(|value| value.value.as_ref());
        let value = match value {
            Some(Value::StringValue(text)) => text.clone(),
            other => format!("{other:?}"),
        };
        (pair.key.clone(), value)
    });
    let by_name: BTreeMap<_, _> = pairs.collect();
    assert_eq!(by_name.len(), attributes.len(), "names are written once");
    by_name
}

fn add_points(metrics: ResourceMetrics, points: &mut Vec<Point>) {
    let resource = by_name(&metrics.resource.unwrap_or_default().attributes);
    for metric in metrics.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
        let mut add = |delta, attributes: &[KeyValue], start, time, exemplars, data| {
            points.push(Point {
                metric: metric.name.clone(),
                unit: metric.unit.clone(),
                delta: delta == 1,
                resource: resource.clone(),
                attributes: by_name(attributes),
                start,
                time,
                exemplars,
                data,
            });
        };
        match metric.data.expect("has data") {
            Data::Sum(sum) => {
                assert!(sum.is_monotonic);
                for point in sum.data_points {
                    let Some(number_data_point::Value::AsInt(value)) = point.value else {
                        panic!("counts are whole: {point:?}")
                    };
                    let (start, time) = (point.start_time_unix_nano, point.time_unix_nano);
                    let delta = sum.aggregation_temporality;
                    add(delta, &point.attributes, start, time, point.exemplars, Number::Sum(value));
                }
            }
            Data::Histogram(histogram) => {
                for mut point in histogram.data_points {
                    let (start, time) = (point.start_time_unix_nano, point.time_unix_nano);
                    let exemplars = std::mem::take(&mut point.exemplars);
                    let attributes = std::mem::take(&mut point.attributes);
                    let delta = histogram.aggregation_temporality;
                    add(delta, &attributes, start, time, exemplars, Number::Histogram(point));
                }
            }
            Data::ExponentialHistogram(histogram) => {
                for mut point in histogram.data_points {
                    let (start, time) = (point.start_time_unix_nano, point.time_unix_nano);
                    let exemplars = std::mem::take(&mut point.exemplars);
                    let attributes = std::mem::take(&mut point.attributes);
                    let delta = histogram.aggregation_temporality;
                    add(delta, &attributes, start, time, exemplars, Number::Exponential(point));
                }
            }
            other @ (Data::Gauge(_) | Data::Summary(_)) => panic!("neither is written: {other:?}"),
        }
    }
}

/// A server's span that begins so many seconds after the beginning and takes so many milliseconds.
fn span(name: &str, seconds: u64, milliseconds: u64) -> Span {
    let begin = BEGIN + seconds * SECOND;
    let end = begin + milliseconds * 1_000_000;
    Span {
        trace_id: vec![1; 16],
        span_id: end.to_le_bytes().to_vec(),
        name: name.to_owned(),
        kind: 2,
        start_time_unix_nano: begin,
        end_time_unix_nano: end,
        ..Span::default()
    }
}

fn failed(span: Span) -> Span {
    Span { status: Some(Status { code: 2, ..Status::default() }), ..span }
}

fn with(span: Span, attributes: &[KeyValue]) -> Span {
    Span { attributes: attributes.to_vec(), ..span }
}
