use super::{CONSUMER, PRODUCER, Scene, client, failed, linked, of, server, short, span, with};
use crate::testing::{Value, pair, text};

#[test]
fn a_client_and_its_server_are_an_edge_whichever_comes_first() {
    let expected = [
        "request_total shop > cart: 1",
        "request_client shop > cart: 1 0.005",
        "request_server shop > cart: 1 0.003",
        "calls_per_request shop > cart: 1 1",
    ];
    for client_first in [true, false] {
        let mut scene = Scene::new("{}");
        let mut sides = [("shop", client(1, 7, 5)), ("cart", server(1, 7, 3))];
        if !client_first {
            sides.reverse();
        }
        for (service, span) in sides {
            scene.spans(0, service, vec![span]);
        }
        assert_eq!(short(&scene.drained()), expected);
    }
}

#[test]
fn sides_of_other_traces_or_spans_do_not_meet() {
    let mut scene = Scene::new(r#"{"virtual_node_peer_attributes": []}"#);
    scene.spans(0, "shop", vec![client(1, 7, 5)]);
    scene.spans(0, "cart", vec![server(2, 7, 3), server(1, 8, 3)]);

    let expected = ["unpaired_spans_total shop > -: 1", "unpaired_spans_total - > cart: 2"];
    assert_eq!(short(&scene.drained()), expected);
}

#[test]
fn a_call_has_failed_when_either_side_says_so() {
    let mut scene = Scene::new(r#"{"calls_per_request": {"enabled": false}}"#);
    scene.spans(0, "shop", vec![failed(client(1, 7, 5)), client(1, 8, 5), client(1, 9, 5)]);
    scene.spans(0, "cart", vec![server(1, 7, 3), failed(server(1, 8, 3)), server(1, 9, 3)]);

    let points = scene.drained();

    assert_eq!(
        of(&points, "request_total"),
        ["request_total shop > cart failed: 2", "request_total shop > cart: 1"]
    );
    assert_eq!(of(&points, "request_failed_total"), ["request_failed_total shop > cart failed: 2"]);
}

#[test]
fn a_message_has_as_many_edges_as_it_has_consumers() {
    for producer_at in 0..3 {
        let mut scene = Scene::new("{}");
        let mut sides = vec![("mail", span(CONSUMER, 1, 20, 7, 3)), ("stock", span(CONSUMER, 1, 21, 7, 4))];
        sides.insert(producer_at, ("shop", span(PRODUCER, 1, 7, 1, 1)));
        for (service, span) in sides {
            scene.spans(0, service, vec![span]);
        }
        let points = scene.drained();
        let expected = [
            "request_total shop > mail messaging_system: 1",
            "request_total shop > stock messaging_system: 1",
        ];
        assert_eq!(of(&points, "request_total"), expected);
        assert_eq!(of(&points, "unpaired_spans_total"), [""; 0]);
    }
}

#[test]
fn consumers_meet_the_producers_that_they_are_linked_to() {
    let mut scene = Scene::new("{}");
    scene.spans(0, "shop", vec![span(PRODUCER, 1, 7, 1, 1)]);
    scene.spans(0, "mail", vec![linked(span(CONSUMER, 9, 20, 5, 3), &[(1, 7), (2, 8)])]);
    scene.spans(0, "web", vec![span(PRODUCER, 2, 8, 1, 1)]);

    let expected =
        ["request_total shop > mail messaging_system: 1", "request_total web > mail messaging_system: 1"];
    assert_eq!(of(&scene.drained(), "request_total"), expected);
}

#[test]
fn a_consumer_with_links_to_others_meets_the_producer_that_is_its_parent() {
    for consumer_first in [true, false] {
        let mut scene = Scene::new("{}");
        let mut sides = [
            ("shop", span(PRODUCER, 1, 7, 1, 1)),
            // One link is to a span of no producer, one to the parent itself.
            ("mail", linked(span(CONSUMER, 1, 20, 7, 3), &[(3, 9)])),
            ("stock", linked(span(CONSUMER, 1, 21, 7, 3), &[(1, 7)])),
            // Its parent is the span that waited for messages.
            ("depot", linked(span(CONSUMER, 1, 23, 22, 3), &[(1, 7)])),
        ];
        if consumer_first {
            sides.reverse();
        }
        for (service, span) in sides {
            scene.spans(0, service, vec![span]);
        }
        let points = scene.drained();
        let mut seen = of(&points, "request_total");
        seen.sort();
        let expected = [
            "request_total shop > depot messaging_system: 1",
            "request_total shop > mail messaging_system: 1",
            "request_total shop > stock messaging_system: 1",
        ];
        assert_eq!(seen, expected);
        let expected = ["unpaired_spans_total - > mail messaging_system: 1"];
        assert_eq!(of(&points, "unpaired_spans_total"), expected);
    }
}

#[test]
fn sides_that_are_exported_five_seconds_apart_meet() {
    let mut scene = Scene::new("{}");
    scene.spans(0, "shop", (1..=2000).map(|id| client(1, id, 5)).collect());
    scene.spans(5000, "cart", (1..=2000).map(|id| server(1, id, 3)).collect());

    assert_eq!(of(&scene.drained(), "request_total"), ["request_total shop > cart: 2000"]);
}

#[test]
fn of_several_servers_of_one_call_the_first_counts() {
    for client_at in 0..3 {
        let mut scene = Scene::new("{}");
        let mut sides = vec![("a", span(2, 1, 20, 7, 3)), ("b", span(2, 1, 21, 7, 3))];
        sides.insert(client_at, ("shop", client(1, 7, 5)));
        for (service, span) in sides {
            scene.spans(0, service, vec![span]);
        }
        let points = scene.drained();
        assert_eq!(of(&points, "request_total"), ["request_total shop > a: 1"]);
        assert_eq!(of(&points, "unpaired_spans_total"), ["unpaired_spans_total - > b: 1"]);
    }
}

#[test]
fn dimensions_of_both_sides_tell_edges_apart() {
    let mut scene = Scene::new(r#"{"dimensions": ["region", "http.request.method"]}"#);
    let get = text("http.request.method", "GET");
    scene.spans_of(
        0,
        &[text("service.name", "shop"), text("region", "eu")],
        vec![with(client(1, 7, 5), &[get.clone(), text("region", "of the span")]), client(1, 8, 5)],
    );
    let cart = [text("service.name", "cart"), pair("region", Value::IntValue(4))];
    scene.spans_of(0, &cart, vec![server(1, 7, 3), with(server(1, 8, 3), &[get])]);

    let expected = [
        "request_total shop > cart client_region=eu client_http.request.method=GET server_region=4: 1",
        "request_total shop > cart client_region=eu server_region=4 server_http.request.method=GET: 1",
    ];
    assert_eq!(of(&scene.drained(), "request_total"), expected);
}

#[test]
fn spans_that_are_no_side_of_a_call_are_passed_over() {
    let mut scene = Scene::new("{}");
    let odd = |id: Vec<u8>| opentelemetry_proto::tonic::trace::v1::Span { trace_id: id, ..client(1, 7, 5) };
    scene.spans(0, "shop", vec![span(1, 1, 7, 1, 5), span(0, 1, 7, 1, 5), span(9, 1, 7, 1, 5)]);
    scene.spans(0, "shop", vec![odd(vec![]), odd(vec![0; 16]), odd(vec![1; 15])]);
    scene.spans_of(0, &[], vec![client(1, 7, 5)]);
    scene.spans(0, "", vec![client(1, 7, 5)]);

    assert_eq!(scene.drained(), []);
}
