use std::time::Duration;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::processor::Processor as _;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

use super::{BEGIN, Point, SECOND, Scene, named, short, span};
use crate::testing::{resource, text};

const DELTA: &str = r#"{"aggregation_temporality": "AGGREGATION_TEMPORALITY_DELTA", "outcomes": false}"#;

/// When points count from and to, in seconds after the beginning; what is lost of a second is not shown.
fn window(point: &Point) -> [u64; 2] {
    [point.start, point.time].map(|time| (time + 500_000_000 - BEGIN) / SECOND)
}

#[test]
fn cumulative_series_count_from_where_they_began() {
    let mut scene = Scene::new(r#"{"outcomes": false}"#);
    scene.spans(0, "shop", vec![span("a", 10, 0)]);
    let first = scene.tick(60);
    scene.spans(90, "shop", vec![span("a", 100, 0), span("b", 100, 0)]);
    let second = scene.tick(120);
    let third = scene.tick(180);

    assert_eq!(short(&second, &["span.name"]), ["calls a 2", "calls b 1", "duration a 2", "duration b 1"]);
    let windows = [first, second, third]
        .map(|points| -> Vec<[u64; 2]> { named(&points, "calls").into_iter().map(window).collect() });
    assert_eq!(windows, [vec![[10, 70]], vec![[10, 130], [70, 130]], vec![[10, 190], [70, 190]]]);
}

#[test]
fn every_point_counts_over_some_time() {
    let mut scene = Scene::new("{}");
    scene.spans(0, "shop", vec![span("a", 10, 0)]);
    let at_once = scene.drained();
    assert!(at_once.iter().all(|point| point.start < point.time), "{at_once:?}");
    let again = scene.drained();
    assert!(again.iter().all(|point| at_once[0].time < point.time), "{again:?}");
}

#[test]
fn windows_of_delta_series_follow_one_another_even_after_silence() {
    let mut scene = Scene::new(DELTA);
    let mut windows = Vec::new();
    for minute in 0..6 {
        if minute != 3 {
            scene.spans(60 * minute + 5, "shop", vec![span("a", 60 * minute + 5, 0)]);
        }
        let points = scene.tick(60 * minute + 66);
        let calls = named(&points, "calls");
        assert!(calls.iter().all(|point| point.delta && point.count() == 1));
        windows.extend(calls.into_iter().map(|point| (point.start, point.time)));
    }

    assert_eq!(windows.len(), 5);
    assert!(windows.windows(2).all(|pair| pair[0].1 == pair[1].0), "{windows:?}");
}

#[test]
fn is_due_after_each_interval_as_long_as_there_are_series() {
    let mut scene = Scene::new(r#"{"metrics_flush_interval": "10s", "series_expiration": "30s"}"#);
    let due = |scene: &Scene| scene.connector.deadline().map(|due| due.duration_since(scene.start).as_secs());
    assert_eq!(due(&scene), None);

    scene.spans(5, "shop", vec![span("a", 0, 0)]);
    assert_eq!(due(&scene), Some(15));
    assert_eq!(scene.tick(14), []);
    assert_eq!(scene.tick(15).len(), 4);
    assert_eq!(due(&scene), Some(25));
    assert_eq!(scene.tick(31).len(), 4);
    assert_eq!(due(&scene), Some(35));
    assert_eq!(scene.tick(35).len(), 4, "for the last time");
    assert_eq!(due(&scene), None);
}

#[test]
fn without_an_interval_metrics_follow_each_batch() {
    let mut scene =
        Scene::new(r#"{"metrics_flush_interval": "0s", "outcomes": false, "histogram": {"disable": true}}"#);
    scene.spans(0, "shop", vec![span("a", 0, 0)]);
    assert_eq!(short(&scene.taken(), &["span.name"]), ["calls a 1"]);
    scene.spans(1, "shop", vec![span("a", 1, 0)]);
    assert_eq!(short(&scene.taken(), &["span.name"]), ["calls a 2"]);
    assert_eq!(scene.connector.deadline(), None);
}

#[test]
fn a_series_that_comes_back_begins_anew_after_where_it_ended() {
    let mut scene =
        Scene::new(r#"{"series_expiration": "90s", "outcomes": false, "histogram": {"disable": true}}"#);
    scene.spans(0, "shop", vec![span("a", 0, 0), span("b", 0, 0)]);
    scene.tick(60);
    scene.spans(70, "shop", vec![span("b", 70, 0)]);
    let last = scene.tick(120);
    assert_eq!(short(&last, &["span.name"]), ["calls a 1", "calls b 2"]);

    scene.spans(130, "shop", vec![span("a", 130, 0)]);
    let back = scene.tick(180);

    assert_eq!(short(&back, &["span.name"]), ["calls b 2", "calls a 1"]);
    assert_eq!(back[1].start, last[0].time);
    let name = "edgewatch_connector_span_metrics_expired_series";
    assert_eq!(edgewatch_core::testing::reading(&scene.registry, name, &[]), 2.0);
}

#[test]
fn a_silent_resource_is_forgotten_when_asked_for() {
    let mut scene =
        Scene::new(r#"{"metrics_expiration": "90s", "outcomes": false, "histogram": {"disable": true}}"#);
    scene.spans(0, "shop", vec![span("a", 0, 0)]);
    scene.spans(70, "cart", vec![span("a", 70, 0)]);
    assert_eq!(short(&scene.tick(100), &["service.name"]), ["calls shop 1", "calls cart 1"]);
    assert_eq!(short(&scene.tick(150), &["service.name"]), ["calls cart 1"]);
}

#[test]
fn data_that_is_replayed_has_the_times_that_it_had_and_comes_out_the_same() {
    let replay = |later: u64| {
        let mut scene = Scene::new("{}");
        scene.spans(later, "shop", vec![span("a", 10, 7), span("b", 11, 3)]);
        scene.spans(later + 20, "cart", vec![span("c", 30, 5)]);
        scene.tick(later + 60)
    };
    assert_eq!(replay(0), replay(100_000));
}

#[test]
fn time_that_goes_back_far_is_followed() {
    let mut scene = Scene::new(r#"{"outcomes": false, "histogram": {"disable": true}}"#);
    for _ in 0..15 {
        scene.spans(0, "shop", vec![span("a", 10_000_000, 0)]);
    }
    let wrong = scene.tick(60);
    for _ in 0..15 {
        scene.spans(70, "shop", vec![span("a", 70, 0)]);
    }
    let right = scene.tick(120);

    assert!(wrong[0].time > BEGIN + 10_000_000 * SECOND);
    assert_eq!(window(&right[0])[1], 120);
    assert!(right[0].start < right[0].time);
}

#[test]
fn series_that_a_wrong_clock_began_have_one_start_once_it_is_right() {
    let mut scene = Scene::new(r#"{"outcomes": false, "histogram": {"disable": true}}"#);
    for _ in 0..15 {
        scene.spans(0, "shop", vec![span("a", 10_000_000, 0)]);
    }
    scene.tick(60);
    let mut windows = Vec::new();
    for minute in 1..5 {
        for _ in 0..15 {
            scene.spans(60 * minute, "shop", vec![span("a", 60 * minute, 0)]);
        }
        let points = scene.tick(60 * minute + 60);
        assert_eq!(points[0].count(), 15 * (minute + 1));
        windows.push(window(&points[0]));
    }

    assert_eq!(windows, [[60, 120], [60, 180], [60, 240], [60, 300]]);
}

#[test]
fn a_process_with_a_wrong_clock_in_every_batch_does_not_set_the_time() {
    let mut scene = Scene::new(r#"{"outcomes": false, "histogram": {"disable": true}}"#);
    let never = Span { end_time_unix_nano: u64::MAX, ..span("never", 0, 0) };
    for second in 0..60 {
        let of = |service: &str, spans: Vec<Span>| ResourceSpans {
            resource: resource(&[text("service.name", service)]),
            scope_spans: vec![ScopeSpans { spans, ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        };
        let resource_spans = vec![
            of("shop", vec![span("a", second, 0), never.clone()]),
            of("cart", vec![span("a", second, 0)]),
            of("astray", vec![span("a", 10_000_000 + second, 0)]),
        ];
        let request = ExportTraceServiceRequest { resource_spans };
        let batch = Batch::new(Signal::Traces, Bytes::from(request.encode_to_vec()), 4, Ack::none());
        let now = scene.start + Duration::from_secs(second);
        scene.connector.process(batch, now, &mut scene.out).expect("takes all");
    }

    let points = scene.tick(60);

    assert!(
        points.iter().all(|point| window(point)[1] == 60),
        "{:?}",
        points.iter().map(window).collect::<Vec<_>>()
    );
}

#[test]
fn points_come_at_every_interval_although_no_spans_do() {
    let mut scene = Scene::new(r#"{"outcomes": false, "histogram": {"disable": true}}"#);
    scene.spans(0, "shop", vec![span("a", 0, 0)]);
    let windows: Vec<[u64; 2]> = (1..4).map(|minute| window(&scene.tick(60 * minute)[0])).collect();
    // The agent slept, and is late.
    let late = window(&scene.tick(1000)[0]);

    assert_eq!(windows, [[0, 60], [0, 120], [0, 180]]);
    assert_eq!(late, [0, 1000]);
    assert_eq!(scene.connector.deadline(), Some(scene.start + Duration::from_secs(1060)));
}
