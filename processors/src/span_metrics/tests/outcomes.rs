use super::{Scene, failed, short, span, with};
use crate::testing::{Value, pair, text};

/// Errors and faults of one span with this attribute.
fn outcome(name: &str, value: Value, status_is_error: bool) -> [u64; 2] {
    let mut scene = Scene::new(r#"{"histogram": {"disable": true}}"#);
    let span = with(span("a", 0, 1), &[pair(name, value)]);
    scene.spans(0, "shop", vec![if status_is_error { failed(span) } else { span }]);
    let points = scene.drained();
    [points[0].count(), points[1].count()]
}

#[test]
fn the_code_of_http_tells_whose_fault_it_is_whatever_the_status_of_the_span() {
    let number = |code| Value::IntValue(code);
    for name in ["http.response.status_code", "http.status_code"] {
        assert_eq!(outcome(name, number(200), false), [0, 0]);
        assert_eq!(outcome(name, number(404), false), [1, 0]);
        assert_eq!(outcome(name, number(404), true), [1, 0]);
        assert_eq!(outcome(name, number(503), false), [0, 1]);
        assert_eq!(outcome(name, Value::StringValue("503".to_owned()), false), [0, 1]);
        assert_eq!(outcome(name, number(600), false), [0, 0]);
        assert_eq!(outcome(name, number(200), true), [0, 1], "it says that it failed");
    }
}

#[test]
fn the_code_of_grpc_does_as_well() {
    for code in 0..=17 {
        let expected = match code {
            0 | 17 => [0, 0],
            2 | 4 | 12 | 13 | 14 | 15 => [0, 1],
            _ => [1, 0],
        };
        assert_eq!(outcome("rpc.grpc.status_code", Value::IntValue(code), false), expected, "{code}");
    }
    let named = |code: &str| outcome("rpc.response.status_code", Value::StringValue(code.to_owned()), false);
    assert_eq!(named("OK"), [0, 0]);
    assert_eq!(named("NOT_FOUND"), [1, 0]);
    assert_eq!(named("unavailable"), [0, 1]);
    assert_eq!(named("14"), [0, 1]);
}

#[test]
fn a_span_that_failed_without_a_code_is_a_fault() {
    let mut scene = Scene::new("{}");
    scene.spans(0, "shop", vec![failed(span("a", 0, 1)), span("a", 0, 1)]);
    assert_eq!(short(&scene.drained(), &["span.name"])[..2], ["errors a 0", "faults a 1"]);
}

#[test]
fn the_first_code_of_several_counts_and_http_comes_before_grpc() {
    let mut scene = Scene::new("{}");
    let attributes = [
        pair("rpc.grpc.status_code", Value::IntValue(14)),
        pair("http.response.status_code", Value::IntValue(404)),
        pair("http.response.status_code", Value::IntValue(500)),
        text("x", "y"),
    ];
    scene.spans(0, "shop", vec![with(span("a", 0, 1), &attributes)]);
    assert_eq!(short(&scene.drained(), &["span.name"])[..2], ["errors a 1", "faults a 0"]);
}
