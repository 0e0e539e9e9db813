use std::time::Duration;

use edgewatch_core::processor::Processor as _;
use edgewatch_core::testing::reading;

use super::{BEGIN, Scene, client, of, server, short};

fn call(scene: &mut Scene, at: u64, server_name: &str) {
    scene.spans(at, "shop", vec![client(1, 7, 5)]);
    scene.spans(at, server_name, vec![server(1, 7, 5)]);
}

#[test]
fn points_count_from_the_first_call_until_the_time_of_the_data() {
    let mut scene = Scene::new(r#"{"calls_per_request": {"enabled": false}}"#);
    call(&mut scene, 0, "cart");
    let first = scene.tick(60_000);
    call(&mut scene, 60_000, "stock");
    let second = scene.tick(120_000);

    let millisecond = 1_000_000;
    let begin = BEGIN + 5 * millisecond - 1;
    assert_eq!((first[0].start, first[0].time), (begin, begin + 1 + 60_000 * millisecond));
    assert_eq!(second[0].start, begin);
    assert_eq!(of(&second, "request_total")[1], "request_total shop > stock: 1");
    assert_eq!(second[1].start, first[0].time);
}

#[test]
fn times_lie_in_the_past_by_the_offset() {
    let plain = |config| {
        let mut scene = Scene::new(config);
        call(&mut scene, 0, "cart");
        let points = scene.tick(60_000);
        (points[0].start, points[0].time)
    };
    let (start, time) = plain("{}");
    let second = 1_000_000_000;
    assert_eq!(plain(r#"{"metrics_timestamp_offset": "3s"}"#), (start - 3 * second, time - 3 * second));
}

#[test]
fn without_an_interval_metrics_come_with_each_batch() {
    let mut scene = Scene::new(r#"{"metrics_flush_interval": "0s"}"#);
    scene.spans(0, "shop", vec![client(1, 7, 5)]);
    assert_eq!(scene.taken(), []);
    scene.spans(0, "cart", vec![server(1, 7, 5)]);
    assert_eq!(short(&scene.taken())[0], "request_total shop > cart: 1");
}

#[test]
fn without_an_interval_what_ends_in_silence_is_sent_too() {
    let config =
        r#"{"metrics_flush_interval": "0s", "store": {"ttl": "2s"}, "calls_per_request": {"window": "6s"}}"#;
    let mut scene = Scene::new(config);
    scene.spans(0, "shop", vec![client(1, 7, 5)]);
    let mut sent = Vec::new();
    while let Some(due) = scene.connector.deadline() {
        scene.connector.tick(due, &mut scene.out);
        sent.push((due - scene.start, short(&scene.taken())));
    }

    let call = [
        "request_total shop > unknown virtual_node: 1",
        "request_client shop > unknown virtual_node: 1 0.005",
    ];
    let all = [call[0], call[1], "calls_per_request shop > unknown virtual_node: 1 1"];
    let expected = [(2, &call[..]), (8, &all[..])];
    let expected = expected.map(|(second, points)| {
        (Duration::from_secs(second), points.iter().map(|point| (*point).to_owned()).collect::<Vec<_>>())
    });
    assert_eq!(sent, expected);
}

#[test]
fn silent_edges_are_forgotten_and_begin_anew() {
    let mut scene = Scene::new(r#"{"series_expiration": "5m", "calls_per_request": {"enabled": false}}"#);
    call(&mut scene, 0, "cart");
    for minute in 1..=5 {
        assert_eq!(scene.tick(minute * 60_000).len(), 3, "minute {minute}");
    }
    assert_eq!(reading(&scene.registry, "edgewatch_connector_service_graph_expired_series", &[]), 1.0);
    assert_eq!(scene.tick(360_000), []);
    assert_eq!(scene.connector.deadline(), None);
    call(&mut scene, 400_000, "cart");
    assert_eq!(of(&scene.drained(), "request_total"), ["request_total shop > cart: 1"]);
}

#[test]
fn it_wakes_up_when_something_ends_but_not_too_often() {
    let mut scene = Scene::new(r#"{"store": {"ttl": "1s"}, "store_expiration_loop": "5s"}"#);
    let after = |scene: &Scene, seconds| Some(scene.start + Duration::from_secs(seconds));
    assert_eq!(scene.connector.deadline(), None);
    scene.spans(0, "shop", vec![client(1, 7, 5)]);
    assert_eq!(scene.connector.deadline(), after(&scene, 5));
    scene.tick(5000);
    // The calls of its request are counted still.
    assert_eq!(scene.connector.deadline(), after(&scene, 15));
    scene.tick(15_000);
    assert_eq!(scene.connector.deadline(), after(&scene, 60));
}
