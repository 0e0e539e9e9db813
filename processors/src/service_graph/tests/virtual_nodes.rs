use super::{CONSUMER, PRODUCER, Scene, client, failed, of, server, short, span, with};
use crate::testing::text;

#[test]
fn a_database_needs_no_other_side() {
    let mut scene = Scene::new("{}");
    scene.spans(
        0,
        "shop",
        vec![
            with(client(1, 7, 5), &[text("db.name", "orders"), text("db.namespace", "other")]),
            failed(with(client(1, 8, 2), &[text("db.namespace", "stock")])),
        ],
    );

    let expected = [
        "request_total shop > orders database: 1",
        "request_total shop > stock database failed: 1",
        "request_failed_total shop > stock database failed: 1",
        "request_client shop > orders database: 1 0.005",
        "request_client shop > stock database failed: 1 0.002",
        "request_server shop > orders database: 1 0.005",
        "request_server shop > stock database failed: 1 0.002",
        "calls_per_request shop > orders database: 1 1",
        "calls_per_request shop > stock database: 1 1",
    ];
    assert_eq!(short(&scene.drained()), expected);
}

#[test]
fn who_calls_from_outside_is_the_user() {
    let mut scene = Scene::new(r#"{"virtual_node_extra_label": true}"#);
    scene.spans(0, "shop", vec![server(1, 0, 5), span(CONSUMER, 1, 9, 0, 3)]);

    let expected = [
        "request_total user > shop virtual_node virtual_node=client: 2",
        "request_server user > shop virtual_node virtual_node=client: 2 0.008",
    ];
    assert_eq!(short(&scene.drained()), expected);
}

#[test]
fn who_does_not_answer_in_time_has_the_name_that_the_client_knows() {
    let mut scene = Scene::new(r#"{"store": {"ttl": "2s"}, "dimensions": ["region"]}"#);
    let region = text("region", "eu");
    scene.spans(
        0,
        "shop",
        vec![
            with(
                client(1, 7, 5),
                &[region.clone(), text("db.system", "redis"), text("peer.service", "cache")],
            ),
            with(client(1, 8, 5), &[region.clone(), text("db.system.name", "redis")]),
            with(span(PRODUCER, 1, 9, 1, 5), &[region, text("messaging.system", "kafka")]),
            client(1, 10, 5),
        ],
    );
    scene.spans(1999, "pay", vec![server(1, 10, 3)]);
    scene.spans(2000, "pay", vec![server(1, 7, 3)]);
    scene.tick(4000);

    let points = scene.tick(60_000);

    let expected = [
        "request_total shop > pay: 1",
        "request_total shop > cache virtual_node client_region=eu: 1",
        "request_total shop > redis virtual_node client_region=eu: 1",
        "request_total shop > kafka virtual_node client_region=eu: 1",
    ];
    assert_eq!(of(&points, "request_total"), expected);
    // No one knows how long the server took.
    assert_eq!(of(&points, "request_server"), ["request_server shop > pay: 1 0.003"]);
    assert_eq!(of(&points, "unpaired_spans_total"), ["unpaired_spans_total - > pay: 1"]);
}

#[test]
fn a_client_that_names_no_one_calls_an_unknown_service() {
    let mut scene = Scene::new(r#"{"virtual_node_extra_label": true}"#);
    scene.spans(0, "shop", vec![client(1, 7, 5)]);

    let expected = ["request_total shop > unknown virtual_node virtual_node=server: 1"];
    assert_eq!(of(&scene.drained(), "request_total"), expected);
}

#[test]
fn without_peer_attributes_there_are_no_virtual_nodes() {
    let mut scene = Scene::new(r#"{"virtual_node_peer_attributes": []}"#);
    scene.spans(0, "shop", vec![server(1, 0, 5), with(client(1, 7, 5), &[text("peer.service", "cart")])]);

    let expected = ["unpaired_spans_total - > shop: 1", "unpaired_spans_total shop > -: 1"];
    assert_eq!(short(&scene.drained()), expected);
}
