use edgewatch_core::testing::reading;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::{Number, Scene, client, of, server, short, with};
use crate::testing::text;

const UNCOUNTED: &str = "edgewatch_connector_service_graph_uncounted_calls";

/// A request of the shop that asks the database so many times.
fn queries(scene: &mut Scene, at: u64, trace: u8, count: u64) {
    let spans = (1..=count).map(|id| with(client(trace, id, 1), &[text("db.name", "orders")]));
    scene.spans(at, "shop", spans.collect());
}

#[test]
fn the_calls_of_each_trace_are_counted_together() {
    let mut scene = Scene::new(r#"{"calls_per_request": {"window": "10s"}, "exemplars": {"enabled": true}}"#);
    queries(&mut scene, 0, 1, 1);
    queries(&mut scene, 0, 2, 2);
    for part in 0..4 {
        queries(&mut scene, 2000 * part, 3, 15);
    }
    scene.spans(0, "shop", vec![client(3, 99, 1)]);
    scene.spans(0, "cart", vec![server(3, 99, 1)]);

    let points = scene.tick(60_000);

    let expected = ["calls_per_request shop > orders database: 3 63", "calls_per_request shop > cart: 1 1"];
    assert_eq!(of(&points, "calls_per_request"), expected);
    let point = points.iter().find(|point| point.metric == "calls_per_request").expect("there");
    let Number::Histogram(histogram) = &point.data else { panic!("explicit: {point:?}") };
    assert_eq!(point.unit, "{call}");
    assert_eq!(histogram.explicit_bounds, [1., 2., 3., 5., 10., 20., 50., 100., 200., 500., 1000.]);
    assert_eq!(histogram.bucket_counts, [1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
    assert_eq!((histogram.min, histogram.max), (Some(1.), Some(60.)));
    // The one that needs many calls can be looked at.
    assert!(point.exemplars.iter().any(|exemplar| exemplar.trace_id == vec![3; 16]), "{point:?}");
}

#[test]
fn a_trace_that_goes_on_is_counted_in_windows() {
    let mut scene = Scene::new(r#"{"calls_per_request": {"window": "10s"}}"#);
    queries(&mut scene, 0, 1, 3);
    queries(&mut scene, 9_999, 1, 1);
    queries(&mut scene, 10_000, 1, 2);

    let points = scene.tick(60_000);

    assert_eq!(of(&points, "calls_per_request"), ["calls_per_request shop > orders database: 2 6"]);
}

#[test]
fn requests_beyond_the_limit_are_left_out_rather_than_cut() {
    let mut scene = Scene::new(r#"{"calls_per_request": {"max_items": 1}}"#);
    queries(&mut scene, 0, 1, 3);
    queries(&mut scene, 0, 2, 5);
    queries(&mut scene, 0, 1, 4);
    // The first one has ended.
    queries(&mut scene, 10_000, 3, 2);

    let points = scene.tick(60_000);

    assert_eq!(of(&points, "calls_per_request"), ["calls_per_request shop > orders database: 2 9"]);
    assert_eq!(of(&points, "request_total"), ["request_total shop > orders database: 14"]);
    assert_eq!(reading(&scene.registry, UNCOUNTED, &[]), 5.0);
}

#[test]
fn counts_stay_with_their_pair_when_others_are_forgotten() {
    let config = r#"{"calls_per_request": {"window": "1h"}, "series_expiration": "2m"}"#;
    let mut scene = Scene::new(config);
    scene.spans(0, "old", vec![with(client(1, 1, 1), &[text("db.name", "a")])]);
    queries(&mut scene, 0, 2, 3);
    scene.tick(60_000);
    // What is being counted is not forgotten.
    queries(&mut scene, 600_000, 2, 4);
    scene.tick(660_000);
    assert_eq!(reading(&scene.registry, "edgewatch_connector_service_graph_expired_series", &[]), 1.0);
    queries(&mut scene, 670_000, 2, 5);

    let expected =
        ["calls_per_request old > a database: 1 1", "calls_per_request shop > orders database: 1 12"];
    assert_eq!(of(&scene.drained(), "calls_per_request"), expected);
}

#[test]
fn a_sampled_trace_counts_for_all_that_it_stands_for() {
    let mut scene = Scene::new("{}");
    // One in four is kept.
    let sampled = |span: Span| Span { trace_state: "ot=th:c".to_owned(), ..span };
    scene.spans(0, "shop", vec![sampled(client(1, 7, 2)), sampled(client(1, 8, 2))]);
    scene.spans(0, "cart", vec![server(1, 7, 1), sampled(server(1, 8, 1))]);

    let expected = [
        "request_total shop > cart: 8",
        "request_client shop > cart: 8 0.016",
        "request_server shop > cart: 8 0.008",
        "calls_per_request shop > cart: 4 8",
    ];
    assert_eq!(short(&scene.drained()), expected);
}
