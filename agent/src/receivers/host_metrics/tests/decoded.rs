//! Requests, decoded by the reference types, as lines of text.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use edgewatch_core::telemetry::{Registry, Telemetry};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{NumberDataPoint, metric, number_data_point};
use prost::Message as _;

use crate::receivers::host_metrics::config::Config;
use crate::receivers::host_metrics::scraping::Scraping;
use edgewatch_core::kernel::Paths;

/// A data point with all that stands around it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::receivers::host_metrics) struct Point {
    pub(in crate::receivers::host_metrics) resource: String,
    pub(in crate::receivers::host_metrics) scope: String,
    pub(in crate::receivers::host_metrics) metric: String,
    pub(in crate::receivers::host_metrics) unit: String,
    pub(in crate::receivers::host_metrics) kind: String,
    pub(in crate::receivers::host_metrics) attributes: String,
    pub(in crate::receivers::host_metrics) value: f64,
    pub(in crate::receivers::host_metrics) is_int: bool,
    pub(in crate::receivers::host_metrics) start: u64,
    pub(in crate::receivers::host_metrics) time: u64,
}

/// Every data point of a request.
pub(in crate::receivers::host_metrics) fn points(request: &[u8]) -> Vec<Point> {
    let request = ExportMetricsServiceRequest::decode(request).expect("a valid request");
    let mut points = Vec::new();
    for resource in request.resource_metrics {
        assert_eq!(resource.schema_url, "https://opentelemetry.io/schemas/1.9.0");
        let described = text(&resource.resource.unwrap_or_default().attributes);
        for scope in resource.scope_metrics {
            let scope_name = scope.scope.unwrap_or_default().name;
            for metric in scope.metrics {
                assert!(!metric.description.is_empty());
                let (kind, data) = match metric.data.expect("data") {
                    metric::Data::Gauge(gauge) => ("gauge", gauge.data_points),
                    metric::Data::Sum(sum) => {
                        assert_eq!(sum.aggregation_temporality, 2, "cumulative");
                        (if sum.is_monotonic { "counter" } else { "updowncounter" }, sum.data_points)
                    }
                    metric::Data::Histogram(_)
                    | metric::Data::ExponentialHistogram(_)
                    | metric::Data::Summary(_) => panic!("unexpected kind of {}", metric.name),
                };
                for NumberDataPoint { attributes, value, start_time_unix_nano, time_unix_nano, .. } in data {
                    let (value, is_int) = match value.expect("a value") {
                        number_data_point::Value::AsInt(value) => (value as f64, true),
                        number_data_point::Value::AsDouble(value) => (value, false),
                    };
                    points.push(Point {
                        resource: described.clone(),
                        scope: scope_name.clone(),
                        metric: metric.name.clone(),
                        unit: metric.unit.clone(),
                        kind: kind.to_owned(),
                        attributes: text(&attributes),
                        value,
                        is_int,
                        start: start_time_unix_nano,
                        time: time_unix_nano,
                    });
                }
            }
        }
    }
    points
}

/// The value of the point of `metric` whose attributes are `attributes`.
pub(in crate::receivers::host_metrics) fn value(points: &[Point], metric: &str, attributes: &str) -> f64 {
    let mut found = points.iter().filter(|point| point.metric == metric && point.attributes == attributes);
    let point = found.next().unwrap_or_else(|| panic!("no {metric} {{{attributes}}}"));
    assert_eq!(found.next(), None, "one point for each set of attributes");
    point.value
}

fn text(attributes: &[KeyValue]) -> String {
    let pair = |pair: &KeyValue| format!("{}={}", pair.key, any(pair.value.as_ref()));
    attributes.iter().map(pair).collect::<Vec<_>>().join(",")
}

fn any(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        other => panic!("unexpected value {other:?}"),
    }
}

/// Points as text: resources and metrics as headings, a line for each point.
pub(in crate::receivers::host_metrics) fn render(points: &[Point]) -> String {
    let mut out = String::new();
    let (mut last_resource, mut last_metric) = (String::new(), String::new());
    for point in points {
        let number = if point.is_int { "int" } else { "double" };
        let Point { resource, scope, metric, kind, unit, start, .. } = point;
        let described = format!("{scope} {{{resource}}}\n");
        if last_resource != described {
            out.push_str(&described);
            last_resource = described;
            last_metric.clear();
        }
        let described = format!("  {metric} ({kind}, {number}, {unit}) since {start}\n");
        if last_metric != described {
            out.push_str(&described);
            last_metric = described;
        }
        out.push_str(&format!("    {{{}}} {}\n", point.attributes, point.value));
    }
    out
}

/// A configuration, from JSON.
pub(in crate::receivers::host_metrics) fn config(json: &str) -> Config {
    serde_json::from_str(json).expect("a valid configuration")
}

/// The recorded host in `testdata`.
pub(in crate::receivers::host_metrics) fn recorded() -> Paths {
    paths(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/receivers/host_metrics/testdata/host"))
}

/// The paths of a host whose `/` is `root`.
pub(in crate::receivers::host_metrics) fn paths(root: &Path) -> Paths {
    let below = |name| root.join(name);
    Paths {
        root: PathBuf::from(root),
        proc: below("proc"),
        sys: below("sys"),
        etc: below("etc"),
        dev: below("dev"),
        mounts: None,
    }
}

/// The scrapers of `config` on the host at `paths`.
pub(in crate::receivers::host_metrics) fn scraping(config: Config, paths: &Paths) -> Scraping {
    scraping_into(config, paths, &Registry::default())
}

/// The scrapers of `config` on the host at `paths`, whose numbers go to `registry`.
pub(in crate::receivers::host_metrics) fn scraping_into(
    config: Config,
    paths: &Paths,
    registry: &Registry,
) -> Scraping {
    let telemetry = Telemetry::new(registry.clone());
    Scraping::new(config.scrapers, Duration::ZERO, paths, "host_metrics", &telemetry).expect("scrapers")
}

/// The points of one round.
pub(in crate::receivers::host_metrics) fn round(scraping: &mut Scraping, now: u64) -> Vec<Point> {
    round_at(scraping, now, Instant::now())
}

/// The points of one round at a moment.
pub(in crate::receivers::host_metrics) fn round_at(
    scraping: &mut Scraping,
    now: u64,
    instant: Instant,
) -> Vec<Point> {
    let (request, count) = scraping.round(now, instant);
    let points = points(&request);
    assert_eq!(points.len(), count);
    points
}
