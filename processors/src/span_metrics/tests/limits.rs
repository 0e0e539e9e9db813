use edgewatch_core::factory::ComponentConfig as _;
use edgewatch_core::processor::Processor as _;
use edgewatch_core::testing::reading;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::Event;

use super::{Scene, named, short, span, with};
use crate::aggregation::{Key, encoded_text, mix};
use crate::span_metrics::config::Config;
use crate::testing::{resource, text, traces};

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
    scene.connector.drain(&mut scene.out);

    let batches = scene.out.take();

    assert!(batches.len() > 1);
    assert!(batches.iter().all(|batch| batch.bytes() < 2 << 20));
    assert_eq!(batches.iter().map(edgewatch_core::batch::Batch::items).sum::<usize>(), 20_000);
}

#[test]
fn a_resource_that_is_evicted_twice_in_a_batch_tells_two_points_that_follow_one_another() {
    let config = r#"{"resource_metrics_cache_size": 1, "outcomes": false, "histogram": {"disable": true}}"#;
    let mut scene = Scene::new(config);
    for service in ["one", "two", "one", "two", "one"] {
        scene.spans(1, service, vec![span("a", 1, 0)]);
    }

    let mut points = scene.taken();
    points.extend(scene.drained());

    let of_one: Vec<_> = points.iter().filter(|point| point.attributes["service.name"] == "one").collect();
    assert_eq!(of_one.iter().map(|point| point.count()).collect::<Vec<_>>(), [1, 1, 1]);
    let follow = of_one.windows(2).all(|pair| pair[0].time <= pair[1].start);
    assert!(follow, "{:?}", of_one.iter().map(|point| (point.start, point.time)).collect::<Vec<_>>());
}

type Name = fn(u64) -> String;

#[test]
fn what_is_accounted_for_is_what_the_allocator_gives() {
    let bodies: [(&str, Name); 2] = [
        ("", |number| format!("GET /user/{number}")),
        (r#", "histogram": {"exponential": {"max_size": 160}}, "exemplars": {"enabled": true}"#, |number| {
            format!("{number} {}", "long name ".repeat(20))
        }),
    ];
    for (config, name) in bodies {
        let config = format!(r#"{{"max_memory": "4MiB", "aggregation_cardinality_limit": 0{config}}}"#);
        let mut scene = Scene::new(&config);
        let batches: Vec<_> = (0..40)
            .map(|round| {
                let services = text("service.name", &format!("service {}", round % 20));
                let spans = (0..500).map(|number| span(&name(round * 500 + number), 0, number));
                traces(resource(&[services, text("host.name", "web")]), spans.collect())
            })
            .collect();

        let made = allocation_counter::measure(|| {
            for batch in batches {
                scene.connector.process(batch, scene.start, &mut scene.out).expect("takes all");
                scene.out.take();
            }
        });

        let used = reading(&scene.registry, "edgewatch_connector_span_metrics_memory", &[]);
        assert!(used > 3_900_000.0, "it is full: {used}");
        assert!(made.bytes_current as f64 <= used, "{} of {used}", made.bytes_current);
        // What leaves is not counted: the eighth of the resources that was evicted, as metrics.
        assert!(made.bytes_max < 8 << 20, "{}", made.bytes_max);
    }
}

#[test]
fn spans_beyond_the_limit_are_counted_without_an_allocation() {
    let mut scene = Scene::new(r#"{"aggregation_cardinality_limit": 1}"#);
    (0..20).for_each(|_| scene.spans(0, "shop", users(0..200)));
    let now = scene.start;
    let batch = traces(resource(&[text("service.name", "shop")]), users(10..200));

    let made = allocation_counter::measure(|| {
        scene.connector.process(batch, now, &mut scene.out).expect("takes all");
    });

    assert_eq!(made.count_total, 0);
}

#[test]
fn huge_attributes_are_not_read_anew_for_each_span() {
    let config = r#"{"dimensions": [{"name": "huge"}], "events": {"enabled": true, "dimensions": [{"name": "large"}]}}"#;
    let mut scene = Scene::new(config);
    let huge = "x".repeat(4 << 20);
    let events = vec![Event::default(); 20_000];
    let one = Span { events, ..with(span("a", 0, 1), &[text("large", &huge)]) };
    let spans = std::iter::once(one).chain(vec![Span::default(); 20_000]).collect();
    let begin = std::time::Instant::now();
    scene.spans_of(0, &[text("service.name", "shop"), text("huge", &huge)], spans);

    // All of them together would be 160 GiB.
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
    assert!(scene.connector.key.capacity() < 64 << 10);
}

/// Names whose series would all be found under one hash, for who knows how it is made.
fn colliding(count: usize) -> Vec<String> {
    const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut key = Key::default();
    // The attribute is a text of so many bytes that names begin at a whole word.
    key.value(Some(&encoded_text("shop12")));
    let prefix = key.len() + 4;
    assert_eq!(prefix % 8, 0);
    key.value(Some(&[b'x'; 16]));
    let length = key.len() + 1;
    let (words, _) = key.bytes()[..prefix].as_chunks::<8>();
    let before = words.iter().fold(SEED ^ length as u64, |state, word| mix(state, u64::from_le_bytes(*word)));
    let mut names = Vec::new();
    for number in 0_u64.. {
        if names.len() == count {
            break;
        }
        let first = format!("{number:08x}");
        let state = mix(before, u64::from_le_bytes(first.as_bytes().try_into().expect("eight")));
        if state.to_le_bytes().is_ascii() {
            names.push(format!("{first}{}", String::from_utf8(state.to_le_bytes().to_vec()).expect("ascii")));
        }
    }
    names
}

#[test]
fn names_made_to_collide_are_counted_together() {
    let mut scene = Scene::new(
        r#"{"outcomes": false, "histogram": {"disable": true}, "exclude_dimensions": ["status.code"]}"#,
    );
    let names = colliding(50);
    scene.spans(0, "shop12", names.iter().map(|name| span(name, 0, 1)).collect());

    let points = scene.tick(60);

    assert_eq!(points.len(), 9, "eight and the rest");
    assert_eq!(points.iter().map(super::Point::count).sum::<u64>(), 50);
}
