//! What someone may send who means no good, or whose SDK is broken.

use std::collections::BTreeMap;

use edgewatch_core::factory::ComponentConfig as _;
use edgewatch_core::testing::reading;
use opentelemetry_proto::tonic::trace::v1::Span;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{
    CLIENT, CONSUMER, Number, PRODUCER, Point, SERVER, Scene, client, failed, linked, of, server, span, with,
};
use crate::service_graph::config::Config;
use crate::testing::text;

const MEMORY: &str = "edgewatch_connector_service_graph_memory";
/// What may be there beside what has a limit: buffers of keys, what stands for what is too much.
const BESIDE: i64 = 128 << 10;

/// A sampled span that claims to stand for as many as can be claimed.
fn boasting(span: Span) -> Span {
    Span { trace_state: "ot=th:ffffffffffffff".to_owned(), ..span }
}

#[test]
fn spans_that_claim_to_stand_for_everything_do_not_turn_sums_back() {
    let mut scene = Scene::new(r#"{"virtual_node_peer_attributes": [], "store": {"max_items": 1}}"#);
    for _ in 0..300 {
        scene.spans(0, "shop", vec![boasting(server(1, 0, 1)), boasting(client(1, 1, 1))]);
    }

    let points = scene.drained();

    let most = i64::MAX;
    assert_eq!(of(&points, "unpaired_spans_total")[0], format!("unpaired_spans_total - > shop: {most}"));
    assert_eq!(of(&points, "dropped_spans_total"), [format!("dropped_spans_total shop > -: {most}")]);
}

#[test]
fn extreme_times_and_ids_are_taken_as_they_are() {
    let mut scene = Scene::new(r#"{"exponential_histogram_max_size": 4, "metrics_flush_interval": "0s"}"#);
    let timed =
        |span: Span, start, end| Span { start_time_unix_nano: start, end_time_unix_nano: end, ..span };
    scene.spans(
        0,
        "shop",
        vec![
            // It ended before it began.
            timed(with(client(1, 1, 1), &[text("db.name", "a")]), u64::MAX, 1),
            timed(with(client(1, 2, 1), &[text("db.name", "b")]), 0, u64::MAX),
            // Its own parent, and the child of the client with the same id.
            span(SERVER, 1, 3, 3, 1),
            client(1, 3, 1),
        ],
    );

    let points = scene.taken();

    let sums: Vec<f64> = points
        .iter()
        .filter(|point| point.metric == "request_client")
        .map(|point| match &point.data {
            Number::Exponential(point) => point.sum.expect("known"),
            Number::Sum(_) | Number::Histogram(_) => panic!("exponential: {point:?}"),
        })
        .collect();
    assert_eq!(sums, [0.0, u64::MAX as f64 / 1e9, 0.001]);
    assert_eq!(of(&points, "request_total")[2], "request_total shop > shop: 1");
}

#[test]
fn a_huge_name_is_neither_stored_nor_does_its_memory_stay() {
    let huge = "x".repeat(8 << 20);
    let mut scene = Scene::new(r#"{"dimensions": ["region", "zone"]}"#);
    let shapes = |huge: &str| {
        vec![
            with(client(1, 1, 1), &[text("db.name", huge)]),
            with(client(1, 2, 1), &[text("peer.service", huge)]),
            with(client(1, 3, 1), &[text("region", huge), text("zone", huge)]),
            with(server(1, 0, 1), &[text("region", huge)]),
        ]
    };

    let made = allocation_counter::measure(|| {
        scene.spans(0, "shop", shapes(&huge));
        scene.spans(0, &huge, shapes("small"));
    });

    assert!(made.bytes_current < BESIDE, "{made:?}");
    let points = scene.drained();
    assert_eq!(of(&points, "request_total"), ["request_total overflow: 4"]);
    assert_eq!(of(&points, "dropped_spans_total").len(), 2, "{points:?}");
}

#[test]
fn memory_stays_within_what_is_told_and_allowed() {
    let config = r#"{"max_memory": "1MiB", "aggregation_cardinality_limit": 0, "dimensions": ["user"],
        "store": {"max_items": 1000000, "max_memory": "512KiB"}, "calls_per_request": {"max_items": 1000},
        "exemplars": {"enabled": true}}"#;
    let bound = serde_json::from_str::<Config>(config).expect("well-formed").memory_bound();
    let bound = i64::try_from(bound).expect("small");
    // Long names, short ones, and pairs that come and go.
    for (length, meets) in [(0, false), (3000, false), (40, true)] {
        let mut scene = Scene::new(config);
        let (mut current, mut told) = (0, 0);
        for round in 0..60_u64 {
            let ids = 1 + round * 100..=100 + round * 100;
            let user = |id: u64| text("user", &format!("{id}{}", "x".repeat(length)));
            let made = allocation_counter::measure(|| {
                let clients = ids.clone().map(|id| with(client(1, id, 1), &[user(id)]));
                scene.spans(round * 50, "shop", clients.collect());
                let databases = ids
                    .clone()
                    .map(|id| with(client(2, id, 1), &[user(id), text("db.name", &id.to_string())]));
                scene.spans(round * 50, "shop", databases.collect());
                if meets {
                    scene.spans(round * 50, "cart", ids.map(|id| server(1, id, 1)).collect());
                }
            });
            current += made.bytes_current;
            told = reading(&scene.registry, MEMORY, &[]) as i64;
            assert!(current <= told + BESIDE, "{current} of {told} in round {round} of {length}");
            assert!(told <= bound, "{told} of {bound} in round {round} of {length}");
        }
        assert!(told > 1 << 20, "{told}: full");
    }
}

#[test]
fn long_names_find_room_that_short_ones_have_left() {
    let mut scene = Scene::new(r#"{"store": {"max_memory": "64KiB", "ttl": "1s"}, "dimensions": ["user"]}"#);
    let spans = |trace: u8, length: usize| {
        (1..=200).map(move |id| with(client(trace, id, 1), &[text("user", &"x".repeat(length))])).collect()
    };
    scene.spans(0, "shop", spans(1, 450));
    // All of them have left.
    scene.spans(2000, "shop", Vec::new());
    let dropped =
        |scene: &Scene| reading(&scene.registry, "edgewatch_connector_service_graph_dropped_spans", &[]);
    let before = dropped(&scene);
    scene.spans(2000, "shop", vec![with(client(2, 1, 1), &[text("user", &"x".repeat(4000))])]);

    assert!(before > 0.0, "it was full");
    assert_eq!(dropped(&scene), before);
}

fn hostile() -> impl Strategy<Value = Span> {
    let kind = select(vec![SERVER, CLIENT, PRODUCER, CONSUMER]);
    let name = (select(vec!["db.name", "peer.service", "region"]), select(vec!["a", "b", "c", "d"]));
    let head = (kind, 1..4_u8, 0..6_u64, 0..6_u64, 0..5_u64);
    (head, vec(name, 0..2), vec((1..4_u8, 1..6_u64), 0..3), any::<[bool; 2]>()).prop_map(
        |((kind, trace, id, parent, milliseconds), names, links, [fails, boasts])| {
            let attributes: Vec<_> = names.iter().map(|(name, value)| text(name, value)).collect();
            let span = linked(with(span(kind, trace, id, parent, milliseconds), &attributes), &links);
            let span = if fails { failed(span) } else { span };
            if boasts { boasting(span) } else { span }
        },
    )
}

/// What only grows of a point: its count, and those of its buckets.
fn counts(point: &Point) -> Vec<u64> {
    match &point.data {
        Number::Sum(sum) => vec![u64::try_from(*sum).expect("positive")],
        Number::Histogram(point) => [&[point.count], &*point.bucket_counts].concat(),
        Number::Exponential(point) => vec![point.count],
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn sums_only_grow_whatever_comes_until_they_begin_anew(
        rounds in vec((vec(hostile(), 0..12), select(vec!["shop", "cart"]), 0..200_000_u64), 1..24),
        exponential in any::<bool>(),
    ) {
        let histogram = if exponential { r#", "exponential_histogram_max_size": 4"# } else { "" };
        let mut scene = Scene::new(&format!(
            r#"{{"store": {{"max_items": 4}}, "aggregation_cardinality_limit": 3, "dimensions": ["region"],
                "calls_per_request": {{"max_items": 3}}, "series_expiration": "3m" {histogram}}}"#
        ));
        let mut last: BTreeMap<(String, String), Point> = BTreeMap::new();
        let mut at = 0;
        for (spans, service, milliseconds) in rounds {
            at += milliseconds;
            let spans = spans.into_iter().map(|span| Span {
                start_time_unix_nano: span.start_time_unix_nano + at * 1_000_000,
                end_time_unix_nano: span.end_time_unix_nano + at * 1_000_000,
                ..span
            });
            scene.spans(at, service, spans.collect());
            for point in scene.tick(at) {
                prop_assert!(point.start < point.time, "{:?}", point);
                let key = (point.metric.clone(), point.series.clone());
                if let Some(before) = last.insert(key, point.clone()) {
                    prop_assert!(point.time > before.time, "{before:?} then {point:?}");
                    if point.start == before.start {
                        let grown = counts(&before).iter().zip(counts(&point)).all(|(was, is)| *was <= is);
                        prop_assert!(grown, "{before:?} then {point:?}");
                    } else {
                        prop_assert!(point.start >= before.time, "{before:?} then {point:?}");
                    }
                }
            }
        }
    }
}
