use edgewatch_core::factory::ComponentConfig as _;
use edgewatch_core::testing::reading;

use super::stores::CALL;
use super::{CONSUMER, PRODUCER, Scene, client, of, server, short, span, with};
use crate::service_graph::config::Config;
use crate::service_graph::store::{Meet, Side, Store};
use crate::testing::text;

const DROPPED: &str = "edgewatch_connector_service_graph_dropped_spans";
const OVERFLOWED: &str = "edgewatch_connector_service_graph_overflowed_calls";
const UNCOUNTED: &str = "edgewatch_connector_service_graph_uncounted_calls";
const MEMORY: &str = "edgewatch_connector_service_graph_memory";

#[test]
fn calls_of_edges_beyond_the_limit_are_counted_together() {
    let mut scene = Scene::new(r#"{"aggregation_cardinality_limit": 2}"#);
    for round in 0..2 {
        let spans =
            (1..=4).map(|id| with(client(1, id + 10 * round, 5), &[text("db.name", &format!("shard {id}"))]));
        scene.spans(0, "shop", spans.collect());
    }

    let expected = [
        "request_total shop > shard 1 database: 2",
        "request_total shop > shard 2 database: 2",
        "request_total overflow: 4",
        "request_client shop > shard 1 database: 2 0.01",
        "request_client shop > shard 2 database: 2 0.01",
        "request_client overflow: 4 0.02",
        "request_server shop > shard 1 database: 2 0.01",
        "request_server shop > shard 2 database: 2 0.01",
        "request_server overflow: 4 0.02",
        // Calls to different services together would look like many calls to one.
        "calls_per_request shop > shard 1 database: 1 2",
        "calls_per_request shop > shard 2 database: 1 2",
    ];
    assert_eq!(short(&scene.drained()), expected);
    assert_eq!(reading(&scene.registry, OVERFLOWED, &[]), 4.0);
    assert_eq!(reading(&scene.registry, UNCOUNTED, &[]), 4.0);
}

#[test]
fn spans_that_find_no_room_to_wait_are_dropped_and_counted() {
    let mut scene = Scene::new(r#"{"store": {"max_items": 2}}"#);
    scene.spans(0, "shop", (1..=3).map(|id| client(1, id, 5)).collect());
    scene.spans(0, "cart", (1..=3).map(|id| server(1, id, 5)).collect());
    scene.spans(0, "cart", vec![server(1, 4, 5), server(1, 5, 5), span(CONSUMER, 1, 99, 6, 5)]);

    let points = scene.drained();

    assert_eq!(of(&points, "request_total"), ["request_total shop > cart: 2"]);
    let expected = [
        "dropped_spans_total shop > -: 1",
        "dropped_spans_total - > cart: 1",
        "dropped_spans_total - > cart messaging_system: 1",
    ];
    assert_eq!(of(&points, "dropped_spans_total"), expected);
    assert_eq!(of(&points, "unpaired_spans_total"), ["unpaired_spans_total - > cart: 2"]);
    assert_eq!(reading(&scene.registry, DROPPED, &[]), 3.0);
}

#[test]
fn a_producer_that_has_met_a_consumer_is_not_lost_when_it_cannot_wait_for_others() {
    let mut scene = Scene::new(r#"{"store": {"max_items": 1}, "virtual_node_peer_attributes": []}"#);
    scene.spans(0, "mail", vec![span(CONSUMER, 1, 20, 7, 3)]);
    scene.spans(0, "shop", vec![span(PRODUCER, 1, 7, 1, 1)]);
    scene.spans(0, "shop", vec![span(PRODUCER, 1, 8, 1, 1)]);

    let points = scene.drained();

    assert_eq!(of(&points, "request_total"), ["request_total shop > mail messaging_system: 1"]);
    assert_eq!(of(&points, "dropped_spans_total"), ["dropped_spans_total shop > - messaging_system: 1"]);
    assert_eq!(of(&points, "unpaired_spans_total"), [""; 0]);
}

#[test]
fn memory_has_a_bound_whatever_comes() {
    let config = r#"{"max_memory": "1MiB", "aggregation_cardinality_limit": 0, "dimensions": ["user"],
        "store": {"max_items": 100000, "max_memory": "256KiB"}, "calls_per_request": {"max_items": 100},
        "exemplars": {"enabled": true}}"#;
    let bound = serde_json::from_str::<Config>(config).expect("well-formed").memory_bound();
    let mut scene = Scene::new(config);
    for round in 0..40_u64 {
        let user = |id: u64| text("user", &"x".repeat(usize::try_from(id * 37 % 3000).expect("small")));
        let number = |id: u64| text("db.name", &format!("{round} {id}"));
        let ids = 1 + round * 100..=100 + round * 100;
        scene.spans(round * 100, "shop", ids.clone().map(|id| with(client(1, id, 1), &[user(id)])).collect());
        scene.spans(
            round * 100,
            "shop",
            ids.map(|id| with(client(2, id, 1), &[user(id), number(id)])).collect(),
        );
        let memory = reading(&scene.registry, MEMORY, &[]);
        assert!(memory <= bound as f64, "{memory} of {bound} in round {round}");
    }
    assert!(reading(&scene.registry, DROPPED, &[]) > 0.0);
    assert!(reading(&scene.registry, OVERFLOWED, &[]) > 0.0);
}

#[test]
fn the_store_finds_the_oldest_and_forgets_what_left() {
    let mut store = Store::new(100, 1 << 20);
    let meet = |number: u8| Meet { trace_id: [1; 16], span_id: [number; 8] };
    let now = std::time::Instant::now();
    for number in [1, 2, 1, 3, 1] {
        assert!(store.add(CALL, meet(number), false, &[number; 600], now));
    }
    let full = store.used();
    let mut taken = Vec::new();
    for number in [1, 1, 3, 1, 1, 2] {
        let found = store.find(Side::Client, &meet(number));
        taken.push(found);
        found.into_iter().for_each(|index| store.remove(index));
    }
    assert_eq!(taken, [Some(0), Some(2), Some(3), Some(4), None, Some(1)]);
    assert_eq!((store.len(), store.oldest()), (0, None));
    assert_eq!(store.used(), full - 5 * 600);
    // Slots are used again.
    for number in 0..5 {
        assert!(store.add(CALL, meet(number), false, &[number; 600], now));
    }
    assert_eq!(store.used(), full);
    assert_eq!(store.find(Side::Server, &meet(1)), None);
}
