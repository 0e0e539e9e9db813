use edgewatch_core::config::{Duration, Problems, ProcessEnvironment, load};
use edgewatch_core::factory::{ComponentConfig as _, ConnectorFactory};
use edgewatch_core::testing::check_examples;

use super::{Number, Scene, client, server};
use crate::service_graph::ServiceGraph;
use crate::service_graph::config::Config;

/// Keys of the Collector's connector, as its manual and its schema have them.
const COLLECTOR: &str = "
latency_histogram_buckets: [100ms, 250ms, 1s, 5s, 10s]
dimensions: [dimension-1, dimension-2]
store:
  ttl: 1s
  max_items: 10
cache_loop: 2m
store_expiration_loop: 10s
virtual_node_peer_attributes: [db.name, rpc.service]
virtual_node_extra_label: true
metrics_flush_interval: 30s
metrics_timestamp_offset: 1s
database_name_attributes: [db.name]
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
fn the_collectors_keys_are_understood() {
    let config = read(COLLECTOR);

    assert_eq!((config.store.max_items, config.store.ttl), (10, Duration::from_secs(1)));
    assert_eq!(config.databases(), ["db.name"]);
    assert_eq!(read("database_name_attribute: db.instance").databases(), ["db.instance"]);
    assert_eq!(read("store:\nexemplars:\n"), Config::default());
}

#[test]
fn everything_that_breaks_a_rule_is_named() {
    let broken = r#"{
        "latency_histogram_buckets": ["1s", "10ms"],
        "exponential_histogram_max_size": 1,
        "dimensions": ["region", "", "region"],
        "store": {"ttl": "0s", "max_items": 0, "max_memory": "1KiB"},
        "calls_per_request": {"window": "0s", "max_items": 0},
        "exemplars": {"enabled": true, "max_per_data_point": 0},
        "max_memory": "1KiB",
        "metrics_exporter": "prometheus",
        "database_name_attribute": "db.name",
        "database_name_attributes": ["db.instance"]
    }"#;
    let config: Config = serde_json::from_str(broken).expect("well-formed");

    let report = config.validate().unwrap_err().to_string();

    let expected = [
        "dimensions[1].name: is missing; write the name of an attribute",
        "latency_histogram_buckets: is there beside exponential_histogram_max_size; remove one",
        "latency_histogram_buckets: must ascend; sort them and remove doubles",
        "exponential_histogram_max_size: must be 2 to 1024, or 0 for latency_histogram_buckets",
        "store.ttl: must be above zero",
        "store.max_items: must be above zero",
        "store.max_memory: is below 64KiB, which has no room for a few spans",
        "calls_per_request.window: must be above zero",
        "calls_per_request.max_items: must be above zero; disable calls_per_request to have none",
        "exemplars.max_per_data_point: must be 1 to 100; disable exemplars to have none",
        "max_memory: is below 1MiB, which has no room for a few edges",
        "metrics_exporter: has no effect in the Collector either; name this connector as a receiver of a metrics pipeline and remove it",
        "database_name_attribute: is there beside database_name_attributes; remove it",
    ];
    assert_eq!(report, expected.join("; "));
}

#[test]
fn histograms_are_as_configured() {
    let points = |config: &str| {
        let mut scene = Scene::new(config);
        scene.spans(0, "shop", vec![client(1, 7, 1500)]);
        scene.spans(0, "cart", vec![server(1, 7, 0)]);
        scene.drained()
    };
    let explicit = points(r#"{"latency_histogram_buckets": ["1s", "2s"], "exemplars": {"enabled": true}}"#);
    let Number::Histogram(histogram) = &explicit[1].data else { panic!("explicit: {explicit:?}") };
    assert_eq!((explicit[1].metric.as_str(), explicit[1].unit.as_str()), ("request_client", "s"));
    assert_eq!((&*histogram.explicit_bounds, &*histogram.bucket_counts), (&[1., 2.][..], &[0, 1, 0][..]));
    let shown: Vec<_> = explicit.iter().map(|point| (&*point.metric, &point.exemplars[0].span_id)).collect();
    let id = |number: u64| number.to_be_bytes().to_vec();
    assert_eq!(
        shown,
        [
            ("request_total", &id(1007)),
            ("request_client", &id(7)),
            ("request_server", &id(1007)),
            ("calls_per_request", &id(7)),
        ]
    );

    let exponential = points(r#"{"exponential_histogram_max_size": 20}"#);
    let Number::Exponential(histogram) = &exponential[1].data else { panic!("exponential: {exponential:?}") };
    assert_eq!((histogram.count, histogram.sum, histogram.zero_count), (1, Some(1.5), 0));
}

#[test]
fn the_examples_of_the_manual_can_be_used() {
    let factory = ConnectorFactory::of::<ServiceGraph>();
    assert_eq!(check_examples(include_str!("../README.md"), &factory), "");
    assert!(factory.answers_to("servicegraph"));
}
