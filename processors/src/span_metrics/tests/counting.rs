use std::collections::BTreeMap;

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::Event;

use super::{BEGIN, Number, SECOND, Scene, failed, named, short, span, with};
use crate::testing::{Value, pair, text};

#[test]
fn counts_calls_and_durations_by_service_operation_kind_and_status() {
    let mut scene = Scene::new("{}");
    scene.spans(0, "shop", vec![span("GET /", 0, 3), span("GET /", 0, 7), failed(span("GET /", 0, 20))]);
    scene.spans(1, "cart", vec![Span { kind: 3, ..span("SELECT", 1, 1) }]);
    assert_eq!(scene.taken(), []);

    let points = scene.tick(60);

    let names = ["service.name", "span.name", "span.kind", "status.code"];
    let expected = [
        "errors shop GET / SPAN_KIND_SERVER 0",
        "faults shop GET / SPAN_KIND_SERVER 1",
        "calls shop GET / SPAN_KIND_SERVER STATUS_CODE_UNSET 2",
        "calls shop GET / SPAN_KIND_SERVER STATUS_CODE_ERROR 1",
        "duration shop GET / SPAN_KIND_SERVER STATUS_CODE_UNSET 2",
        "duration shop GET / SPAN_KIND_SERVER STATUS_CODE_ERROR 1",
        "errors cart SELECT SPAN_KIND_CLIENT 0",
        "faults cart SELECT SPAN_KIND_CLIENT 0",
        "calls cart SELECT SPAN_KIND_CLIENT STATUS_CODE_UNSET 1",
        "duration cart SELECT SPAN_KIND_CLIENT STATUS_CODE_UNSET 1",
    ];
    assert_eq!(short(&points, &names), expected);
    let duration = named(&points, "duration")[0];
    let Number::Histogram(histogram) = &duration.data else { panic!("explicit by default: {duration:?}") };
    assert_eq!((duration.unit.as_str(), histogram.sum, histogram.max), ("ms", Some(10.0), Some(7.0)));
    assert_eq!(histogram.explicit_bounds.len(), 16);
    assert_eq!(histogram.bucket_counts[..5], [0, 1, 0, 1, 0]);
    assert_eq!(duration.resource, BTreeMap::from([("service.name".to_owned(), "shop".to_owned())]));
}

#[test]
fn series_carry_the_agents_id_which_is_the_same_after_a_restart() {
    let id = |config: &str| {
        let mut scene = Scene::new(config);
        scene.spans(0, "shop", vec![span("GET /", 0, 3)]);
        scene.drained()[0].attributes.get("collector.instance.id").cloned()
    };

    let first = id("{}").expect("has one");
    assert_eq!(first.len(), 36);
    assert_eq!(id("{}"), Some(first));
    assert_eq!(id(r#"{"exclude_dimensions": ["collector.instance.id"]}"#), None);
}

#[test]
fn dimensions_come_from_the_span_then_its_resource_then_the_default() {
    let config = r#"{
        "dimensions": [{"name": "region"}, {"name": "method", "default": "GET"}, {"name": "absent"}],
        "exclude_dimensions": ["service.name", "span.kind", "status.code", "collector.instance.id"],
        "histogram": {"disable": true}, "outcomes": false
    }"#;
    let mut scene = Scene::new(config);
    let spans = vec![
        span("a", 0, 1),
        with(span("a", 0, 1), &[text("region", "own"), text("method", "POST")]),
        with(span("a", 0, 1), &[pair("region", Value::IntValue(5))]),
    ];
    scene.spans_of(0, &[text("service.name", "shop"), text("region", "eu")], spans);

    let points = scene.drained();

    let attributes: Vec<_> = points.iter().map(|point| point.attributes.clone()).collect();
    let expected = [["eu", "GET"], ["own", "POST"], ["Some(IntValue(5))", "GET"]].map(|[region, method]| {
        [("span.name", "a"), ("region", region), ("method", method)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    });
    assert_eq!(attributes, expected);
}

#[test]
fn calls_and_histogram_may_have_dimensions_of_their_own() {
    let config =
        r#"{"calls_dimensions": [{"name": "user"}], "histogram": {"dimensions": [{"name": "size"}]}}"#;
    let mut scene = Scene::new(config);
    let spans = [("ann", "s"), ("bob", "s"), ("ann", "l")]
        .map(|(user, size)| with(span("a", 0, 1), &[text("user", user), text("size", size)]));
    scene.spans(0, "shop", spans.into());

    let points = scene.drained();

    let expected = ["errors  0", "faults  0", "calls ann 2", "calls bob 1", "duration s 2", "duration l 1"];
    assert_eq!(short(&points, &["user", "size"]), expected);
}

#[test]
fn dimensions_of_all_metrics_are_looked_for_in_events_before_the_resource() {
    let config = r#"{"events": {"enabled": true, "dimensions": [{"name": "exception.type"}]}, "outcomes": false,
        "dimensions": [{"name": "region"}], "histogram": {"disable": true}}"#;
    let mut scene = Scene::new(config);
    let of = |region: &str| Event { attributes: vec![text("region", region)], ..Event::default() };
    let spans = vec![
        Span { events: vec![of("east"), Event::default(), of("east")], ..span("a", 0, 1) },
        Span { events: vec![of("east")], ..with(span("b", 0, 1), &[text("region", "own")]) },
    ];
    scene.spans_of(0, &[text("service.name", "shop"), text("region", "all")], spans);

    let points = scene.tick(60);

    let expected = ["calls a all 1", "calls b own 1", "events a east 2", "events a all 1", "events b own 1"];
    assert_eq!(short(&points, &["span.name", "region"]), expected);
}

#[test]
fn events_are_counted_by_their_attributes() {
    let config =
        r#"{"events": {"enabled": true, "dimensions": [{"name": "exception.type"}]}, "outcomes": false}"#;
    let mut scene = Scene::new(config);
    let event = |kind: &str| Event { attributes: vec![text("exception.type", kind)], ..Event::default() };
    let events = vec![event("Timeout"), event("Refused"), event("Timeout"), Event::default()];
    scene.spans(0, "shop", vec![Span { events, ..span("a", 0, 1) }]);

    let points = scene.drained();

    let expected = ["calls a 1", "duration a 1", "events a Timeout 2", "events a Refused 1", "events a 1"];
    assert_eq!(short(&points, &["span.name", "exception.type"]), expected);
}

#[test]
fn scopes_that_are_included_tell_series_apart() {
    let config = r#"{"include_instrumentation_scope": ["library"], "outcomes": false, "histogram": {"disable": true}}"#;
    let mut scene = Scene::new(config);
    scene.spans(0, "shop", vec![span("a", 0, 1)]);
    let points = scene.drained();
    let names = ["span.instrumentation.scope.name", "span.instrumentation.scope.version"];
    assert_eq!(short(&points, &names), ["calls library 1.2 1"]);
}

#[test]
fn spans_that_stand_for_others_count_for_them() {
    let mut scene =
        Scene::new(r#"{"enable_metrics_sampling_method": true, "exclude_dimensions": ["status.code"]}"#);
    let sampled = |state: &str| Span { trace_state: state.to_owned(), ..failed(span("a", 0, 2)) };
    let states = ["", "other=1", "ot=th:8", "a=b,ot=rv:ff;th:c", "ot=th:none"];
    scene.spans(0, "shop", states.map(sampled).into());

    let points = scene.drained();

    let expected = [
        "errors counted 0",
        "errors extrapolated 0",
        "faults counted 3",
        "faults extrapolated 6",
        "calls counted 3",
        "calls extrapolated 6",
        "duration counted 3",
        "duration extrapolated 6",
    ];
    assert_eq!(short(&points, &["sampling.method"]), expected);
}

#[test]
fn shares_that_are_no_whole_numbers_are_right_together() {
    // One of three is kept.
    let counts =
        (0..3000_u64).map(|id| crate::aggregation::adjusted_count("ot=th:aaaaaaaaaaaaab", &id.to_le_bytes()));
    let sum: u64 = counts.map(|count| count.expect("has a threshold")).sum();
    assert!((8999..=9001).contains(&sum), "{sum}");
    // Two of three are kept: one or two for each.
    let counts =
        (0..3000_u64).map(|id| crate::aggregation::adjusted_count("ot=th:55555555555555", &id.to_le_bytes()));
    let sum: u64 = counts.map(|count| count.expect("has a threshold")).sum();
    assert!((4400..=4600).contains(&sum), "{sum}");
}

#[test]
fn exemplars_show_spans_since_the_last_point() {
    let mut scene = Scene::new(r#"{"exemplars": {"enabled": true, "max_per_data_point": 2}}"#);
    let spans = (1..=5).map(|number| span("a", 0, number)).chain([failed(span("a", 0, 9))]);
    let nowhere = Span { trace_id: vec![0; 16], ..span("b", 0, 1) };
    scene.spans(0, "shop", spans.chain([nowhere]).collect());

    let points = scene.tick(60);

    let shown =
        points.iter().map(|point| (point.short(&["span.name", "status.code"]), point.exemplars.len()));
    let shown: Vec<_> = shown.collect();
    let expected = [
        ("errors a 0", 0),
        ("errors b 0", 0),
        ("faults a 1", 1),
        ("faults b 0", 0),
        ("calls a STATUS_CODE_UNSET 5", 2),
        ("calls a STATUS_CODE_ERROR 1", 1),
        ("calls b STATUS_CODE_UNSET 1", 0),
        ("duration a STATUS_CODE_UNSET 5", 2),
        ("duration a STATUS_CODE_ERROR 1", 1),
        ("duration b STATUS_CODE_UNSET 1", 0),
    ];
    assert_eq!(shown, expected.map(|(point, shown)| (point.to_owned(), shown)));
    let fault = &named(&points, "faults")[0].exemplars[0];
    assert_eq!((fault.time_unix_nano, fault.trace_id.as_slice()), (BEGIN + 9_000_000, &[1; 16][..]));
    assert_eq!(fault.span_id, (BEGIN + 9_000_000).to_le_bytes());
    assert!(scene.tick(120).iter().all(|point| point.exemplars.is_empty()));
}

#[test]
fn a_span_that_ends_before_it_starts_took_no_time_and_is_counted() {
    let mut scene = Scene::new("{}");
    scene.spans(0, "shop", vec![Span { start_time_unix_nano: BEGIN + SECOND, ..span("a", 0, 1) }]);

    let points = scene.drained();

    let Number::Histogram(histogram) = &named(&points, "duration")[0].data else { panic!("{points:?}") };
    assert_eq!((histogram.count, histogram.sum), (1, Some(0.0)));
    let name = "edgewatch_connector_span_metrics_negative_durations";
    assert_eq!(edgewatch_core::testing::reading(&scene.registry, name, &[]), 1.0);
}

#[test]
fn resources_are_the_same_in_whatever_order_their_attributes_stand() {
    let mut scene = Scene::new(r#"{"outcomes": false, "histogram": {"disable": true}}"#);
    let (name, host, pid) = (text("service.name", "shop"), text("host.name", "h"), text("pid", "1"));
    scene.spans_of(0, &[name.clone(), host.clone()], vec![span("a", 0, 1)]);
    scene.spans_of(0, &[host.clone(), name.clone()], vec![span("a", 0, 1)]);
    scene.spans_of(0, &[host, name, pid], vec![span("a", 0, 1)]);
    assert_eq!(short(&scene.drained(), &["span.name"]), ["calls a 2", "calls a 1"]);
}

#[test]
fn chosen_attributes_tell_resources_apart_and_all_of_the_first_are_shown() {
    let config = r#"{"resource_metrics_key_attributes": ["service.name"], "outcomes": false, "histogram": {"disable": true}}"#;
    let mut scene = Scene::new(config);
    for pid in ["1", "2"] {
        scene.spans_of(0, &[text("service.name", "shop"), text("pid", pid)], vec![span("a", 0, 1)]);
    }
    let points = scene.drained();
    assert_eq!(short(&points, &["span.name"]), ["calls a 2"]);
    assert_eq!(points[0].resource.get("pid").map(String::as_str), Some("1"));

    let mut scene = Scene::new(
        r#"{"add_resource_attributes": false, "outcomes": false, "histogram": {"disable": true}}"#,
    );
    scene.spans(0, "shop", vec![span("a", 0, 1)]);
    scene.spans_of(0, &[], vec![span("a", 0, 1)]);
    let points = scene.drained();
    assert_eq!(short(&points, &["service.name"]), ["calls shop 1", "calls unknown_service 1"]);
    assert_eq!(points[0].resource, BTreeMap::new());
}
