use edgewatch_core::factory::ComponentConfig as _;
use edgewatch_core::testing::reading;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::{Scene, named, short, span};
use crate::span_metrics::config::Config;
use crate::testing::text;

const OVERFLOWED: &str = "edgewatch_connector_span_metrics_overflowed_measurements";

/// Spans with names that tell nothing, as applications without routes write them.
fn users(range: std::ops::Range<u64>) -> Vec<Span> {
    range.map(|user| span(&format!("GET /user/{user}"), 0, 1)).collect()
}

#[test]
fn spans_of_series_beyond_the_limit_are_counted_together() {
    let mut scene = Scene::new(r#"{"aggregation_cardinality_limit": 2}"#);
    scene.spans(0, "shop", users(0..5));
    scene.spans(1, "shop", users(0..5));
    scene.spans(2, "cart", users(7..8));

    let points = scene.tick(60);

    let names = ["span.name", "otel.metric.overflow"];
    let expected = [
        "errors GET /user/0 0",
        "errors GET /user/1 0",
        "errors Some(BoolValue(true)) 0",
        "faults GET /user/0 0",
        "faults GET /user/1 0",
        "faults Some(BoolValue(true)) 0",
        "calls GET /user/0 2",
        "calls GET /user/1 2",
        "calls Some(BoolValue(true)) 6",
        "duration GET /user/0 2",
        "duration GET /user/1 2",
        "duration Some(BoolValue(true)) 6",
        "errors GET /user/7 0",
        "faults GET /user/7 0",
        "calls GET /user/7 1",
        "duration GET /user/7 1",
    ];
    assert_eq!(short(&points, &names), expected);
    let overflow = named(&points, "calls")[2];
    assert_eq!(
        overflow.attributes.keys().collect::<Vec<_>>(),
        ["collector.instance.id", "otel.metric.overflow"]
    );
    // Of two families each.
    assert_eq!(reading(&scene.registry, OVERFLOWED, &[]), 12.0);
}

#[test]
fn with_delta_temporality_silent_series_make_room_for_others() {
    let config = r#"{"aggregation_temporality": "AGGREGATION_TEMPORALITY_DELTA", "aggregation_cardinality_limit": 2,
        "outcomes": false, "histogram": {"disable": true}}"#;
    let mut scene = Scene::new(config);
    scene.spans(0, "shop", users(0..2));
    scene.tick(60);
    scene.tick(120);
    scene.spans(130, "shop", users(2..4));
    let points = scene.tick(190);
    assert_eq!(short(&points, &["span.name"]), ["calls GET /user/2 1", "calls GET /user/3 1"]);
}

#[test]
fn memory_stays_within_its_bound_and_nothing_is_lost_from_the_sums() {
    let config =
        r#"{"max_memory": "1MiB", "aggregation_cardinality_limit": 0, "exemplars": {"enabled": true}}"#;
    let mut scene = Scene::new(config);
    for round in 0..20 {
        scene.spans(round, "shop", users(round * 500..round * 500 + 500));
    }

    let used = reading(&scene.registry, "edgewatch_connector_span_metrics_memory", &[]);
    let series = reading(&scene.registry, "edgewatch_connector_span_metrics_series", &[]);
    assert!((900_000.0..=1_048_576.0).contains(&used), "{used} bytes for {series} series");
    assert!(series > 500.0, "{series}");
    let points = scene.tick(60);
    let calls: u64 = named(&points, "calls").iter().map(|point| point.count()).sum();
    assert_eq!(calls, 10_000);
    let config: Config = serde_json::from_str(config).expect("well-formed");
    assert_eq!(config.memory_bound(), 1 << 20);
}

#[test]
fn memory_is_given_back_when_series_are_forgotten() {
    let mut scene = Scene::new(r#"{"series_expiration": "1m"}"#);
    scene.spans(0, "shop", users(0..500));
    let used = |scene: &Scene| reading(&scene.registry, "edgewatch_connector_span_metrics_memory", &[]);
    assert!(used(&scene) > 100_000.0);

    scene.tick(60);

    assert_eq!(used(&scene), 0.0);
    scene.spans(100, "shop", users(0..1));
    assert_eq!(named(&scene.tick(160), "calls").len(), 1);
}

#[test]
fn resources_beyond_the_limit_take_the_place_of_those_silent_for_longest() {
    let config = r#"{"resource_metrics_cache_size": 3, "outcomes": false, "histogram": {"disable": true}}"#;
    let mut scene = Scene::new(config);
    for (second, service) in ["one", "two", "three", "one", "four"].into_iter().enumerate() {
        scene.spans(second as u64, service, vec![span("a", second as u64, 0)]);
    }

    let evicted = scene.taken();
    assert_eq!(short(&evicted, &["service.name"]), ["calls two 1"]);
    scene.spans(5, "two", vec![span("a", 5, 0)]);
    assert_eq!(short(&scene.taken(), &["service.name"]), ["calls three 1"]);
    let points = scene.tick(60);
    assert_eq!(short(&points, &["service.name"]), ["calls one 2", "calls four 1", "calls two 1"]);
    assert!(points[2].start >= evicted[0].time, "it begins after where it ended");
    assert_eq!(reading(&scene.registry, "edgewatch_connector_span_metrics_evicted_resources", &[]), 2.0);
}

#[test]
fn names_and_resources_of_any_size_take_little() {
    let mut scene = Scene::new(r#"{"outcomes": false, "histogram": {"disable": true}}"#);
    let huge = "x".repeat(100_000);
    scene.spans_of(0, &[text("service.name", "shop"), text("huge", &huge)], vec![span("a", 0, 1)]);
    scene.spans(0, "shop", vec![span(&huge, 0, 1)]);

    let points = scene.drained();

    let names = ["service.name", "span.name", "otel.metric.overflow"];
    assert_eq!(short(&points, &names), ["calls shop a 1", "calls Some(BoolValue(true)) 1"]);
    assert!(points[0].resource.is_empty());
    let used = reading(&scene.registry, "edgewatch_connector_span_metrics_memory", &[]);
    assert!(used < 10_000.0, "{used}");
}

#[test]
fn much_leaves_in_requests_of_a_bearable_size() {
    let mut scene = Scene::new(r#"{"aggregation_cardinality_limit": 0}"#);
    scene.spans(0, "shop", users(0..5000));
    use edgewatch_core::processor::Processor as _;
    scene.connector.drain(&mut scene.out);

    let batches = scene.out.take();

    assert!(batches.len() > 1);
    assert!(batches.iter().all(|batch| batch.bytes() < 2 << 20));
    assert_eq!(batches.iter().map(edgewatch_core::batch::Batch::items).sum::<usize>(), 20_000);
}
