use edgewatch_core::config::{Duration, Problems, ProcessEnvironment, load};
use edgewatch_core::factory::{ComponentConfig as _, ConnectorFactory};
use edgewatch_core::testing::check_examples;

use super::{Number, Scene, short, span};
use crate::span_metrics::SpanMetrics;
use crate::span_metrics::config::{Config, Temporality};

/// The example of the Collector's manual, without the pipelines.
const COLLECTOR: &str = "
histogram:
  explicit:
    buckets: [100us, 1ms, 2ms, 6ms, 10ms, 100ms, 250ms]
dimensions:
  - name: http.method
    default: GET
  - name: http.status_code
exemplars:
  enabled: true
exclude_dimensions: ['status.code']
dimensions_cache_size: 1000
aggregation_temporality: \"AGGREGATION_TEMPORALITY_CUMULATIVE\"
metrics_flush_interval: 15s
metrics_expiration: 5m
events:
  enabled: true
  dimensions:
    - name: exception.type
    - name: exception.message
resource_metrics_key_attributes:
  - service.name
  - telemetry.sdk.language
  - telemetry.sdk.name
";

fn read(text: &str) -> Config {
    let mut loaded = load(&[("collector.yaml".to_owned(), text.to_owned())], &[], &ProcessEnvironment);
    let mut problems: Problems = std::mem::take(&mut loaded.problems);
    let config: Option<Config> = edgewatch_core::config::from_node(&loaded.root, "", &mut problems);
    let config = config.unwrap_or_else(|| panic!("{}", problems.render(&loaded.sources, false)));
    config.validate().expect("valid");
    config
}

#[test]
fn the_collectors_example_is_understood() {
    let config = read(COLLECTOR);

    assert_eq!(*config.metrics_flush_interval, std::time::Duration::from_secs(15));
    assert_eq!(config.aggregation_temporality, Temporality::Cumulative);
    let mut scene = Scene::new(&serde_json::to_string(&config).expect("is written as it is read"));
    scene.spans(0, "shop", vec![span("GET /", 0, 5)]);
    let points = scene.drained();
    let names = ["service.name", "span.name", "span.kind", "status.code", "http.method", "http.status_code"];
    let expected = [
        "errors shop GET / SPAN_KIND_SERVER GET 0",
        "faults shop GET / SPAN_KIND_SERVER GET 0",
        "calls shop GET / SPAN_KIND_SERVER GET 1",
        "duration shop GET / SPAN_KIND_SERVER GET 1",
    ];
    assert_eq!(short(&points, &names), expected);
    let Number::Histogram(histogram) = &points[3].data else { panic!("explicit: {points:?}") };
    assert_eq!(histogram.explicit_bounds, [0.1, 1.0, 2.0, 6.0, 10.0, 100.0, 250.0]);
    assert_eq!(points[3].exemplars.len(), 1);
}

#[test]
fn everything_that_breaks_a_rule_is_named() {
    let broken = r#"{
        "dimensions": [{"name": "span.name"}],
        "calls_dimensions": [{"name": ""}],
        "events": {"enabled": true},
        "exclude_dimensions": ["span.kind", "region"],
        "histogram": {"explicit": {"buckets": ["1s", "10ms"]}, "exponential": {"max_size": 1}},
        "exemplars": {"enabled": true, "max_per_data_point": 0},
        "aggregation_temporality": "AGGREGATION_TEMPORALITY_DELTA",
        "metric_timestamp_cache_size": 0,
        "resource_metrics_cache_size": 0,
        "max_memory": "1KiB"
    }"#;
    let config: Config = serde_json::from_str(broken).expect("well-formed");

    let report = config.validate().unwrap_err().to_string();

    let expected = [
        "dimensions[0].name: series have `span.name` already; remove it here",
        "calls_dimensions[0].name: is missing; write the name of an attribute",
        "exclude_dimensions[1]: is none of the default dimensions: service.name, span.name, span.kind, status.code, collector.instance.id",
        "histogram: has both explicit and exponential; remove one",
        "histogram.explicit.buckets: must ascend; sort them and remove doubles",
        "histogram.exponential.max_size: must be 2 to 1024, or 0 for 160",
        "exemplars.max_per_data_point: must be 1 to 100; disable exemplars to have none",
        "events.dimensions: must name an attribute when events are enabled",
        "metric_timestamp_cache_size: must be above zero with delta temporality",
        "resource_metrics_cache_size: must be above zero",
        "max_memory: is below 1MiB, which has no room for a few series",
    ];
    assert_eq!(report, expected.join("; "));
}

#[test]
fn names_units_and_histograms_are_as_configured() {
    let config =
        r#"{"namespace": "", "histogram": {"unit": "s", "exponential": {"max_size": 0}}, "outcomes": false}"#;
    let mut scene = Scene::new(config);
    scene.spans(0, "shop", vec![span("a", 0, 1500), span("a", 0, 0)]);

    let points = scene.drained();

    assert_eq!((points[0].metric.as_str(), points[1].metric.as_str()), ("calls", "duration"));
    let Number::Exponential(histogram) = &points[1].data else { panic!("exponential: {points:?}") };
    assert_eq!((points[1].unit.as_str(), histogram.sum, histogram.zero_count), ("s", Some(1.5), 1));
    assert_eq!(
        (histogram.scale, histogram.positive.as_ref().map(|buckets| buckets.bucket_counts.len())),
        (20, Some(1))
    );
}

#[test]
fn a_section_without_content_has_the_defaults() {
    for text in ["histogram:\n  explicit:\n", "histogram: {explicit: {}}"] {
        let bounds = read(text).histogram.explicit.expect("given").buckets;
        assert_eq!((bounds.len(), bounds.first().copied()), (16, Some(Duration::from_millis(2))));
    }
    assert_eq!(read("histogram:\ndimensions:\n"), Config::default());
}

#[test]
fn the_examples_of_the_manual_can_be_used() {
    let factory = ConnectorFactory::of::<SpanMetrics>();
    assert_eq!(check_examples(include_str!("../README.md"), &factory), "");
    assert!(factory.answers_to("spanmetrics"));
}
