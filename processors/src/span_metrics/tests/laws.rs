//! Whatever spans come, in whatever batches: the sums are those that a slow program gets that decodes everything first.

use std::collections::BTreeMap;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::processor::Processor as _;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use prost::Message as _;

use super::{BEGIN, Number, Point, Scene, by_name};
use crate::testing::{Value, pair, text};

/// Bounds in milliseconds.
const BOUNDS: [u64; 3] = [1, 5, 20];

/// What a series has counted. Durations are whole eighths of milliseconds, so that their sums are exact.
#[derive(Clone, Debug, Default, PartialEq)]
struct Total {
    count: u64,
    milliseconds: f64,
    /// Of histograms with bounds that are given.
    buckets: Vec<u64>,
    /// Of exponential ones.
    zeros: u64,
}

/// Resource, metric and attributes.
type Identity = (BTreeMap<String, String>, String, BTreeMap<String, String>);
type Totals = BTreeMap<Identity, Total>;

#[derive(Clone, Copy, Debug)]
struct Options {
    exponential: bool,
    delta: bool,
    own_dimensions: bool,
    events: bool,
}

impl Options {
    fn config(self) -> String {
        let histogram = if self.exponential {
            r#""exponential": {"max_size": 4}"#
        } else {
            r#""explicit": {"buckets": ["1ms", "5ms", "20ms"]}"#
        };
        let temporality = if self.delta { "DELTA" } else { "CUMULATIVE" };
        let own = if self.own_dimensions { r#""calls_dimensions": [{"name": "user"}],"# } else { "" };
        let events = self.events;
        format!(
            r#"{{
                "histogram": {{{histogram}}}, {own}
                "dimensions": [{{"name": "region"}}, {{"name": "http.response.status_code", "default": "none"}}],
                "events": {{"enabled": {events}, "dimensions": [{{"name": "kind", "default": "any"}}]}},
                "exclude_dimensions": ["collector.instance.id"],
                "aggregation_temporality": "AGGREGATION_TEMPORALITY_{temporality}"
            }}"#
        )
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn totals_are_those_of_a_slow_program(
        all in vec(resource_spans(), 0..12),
        cuts in vec(any::<Index>(), 0..4),
        ticks in vec(any::<bool>(), 12),
        options in (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
            |(exponential, delta, own_dimensions, events)| Options { exponential, delta, own_dimensions, events }
        ),
    ) {
        let mut scene = Scene::new(&options.config());
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(all.len() + 1)).collect();
        cuts.extend([0, all.len()]);
        cuts.sort_unstable();
        let mut points = Vec::new();
        for ((round, cut), tick) in cuts.windows(2).enumerate().zip(ticks) {
            let request = ExportTraceServiceRequest { resource_spans: all[cut[0]..cut[1]].to_vec() };
            let batch = Batch::new(Signal::Traces, Bytes::from(request.encode_to_vec()), 1, Ack::none());
            let now = scene.start + std::time::Duration::from_secs(60 * round as u64);
            scene.connector.process(batch, now, &mut scene.out).expect("takes all");
            if tick {
                points.push(scene.tick(60 * round as u64 + 60));
            }
        }
        points.push(scene.drained());

        let seen = if options.delta { sum(&points) } else { sum(&points[points.len() - 1..]) };
        prop_assert_eq!(seen, reference(&all, options));
    }
}

/// All points of a series together.
fn sum(points: &[Vec<Point>]) -> Totals {
    let mut totals = Totals::new();
    for point in points.iter().flatten() {
        let identity = (point.resource.clone(), point.metric.clone(), point.attributes.clone());
        let total = totals.entry(identity).or_default();
        total.count += point.count();
        let (sum, buckets, zeros) = match &point.data {
            Number::Sum(_) => (0.0, vec![], 0),
            Number::Histogram(point) => (point.sum.expect("known"), point.bucket_counts.clone(), 0),
            Number::Exponential(point) => {
                let positive = point.positive.clone().unwrap_or_default();
                assert_eq!(positive.bucket_counts.iter().sum::<u64>() + point.zero_count, point.count);
                assert!(positive.bucket_counts.len() <= 4);
                (point.sum.expect("known"), vec![], point.zero_count)
            }
        };
        total.milliseconds += sum;
        total.zeros += zeros;
        total.buckets.resize(total.buckets.len().max(buckets.len()), 0);
        total.buckets.iter_mut().zip(buckets).for_each(|(all, bucket)| *all += bucket);
    }
    totals
}

fn reference(all: &[ResourceSpans], options: Options) -> Totals {
    let mut totals = Totals::new();
    for resource_spans in all {
        let resource = resource_spans.resource.clone().unwrap_or_default().attributes;
        for span in resource_spans.scope_spans.iter().flat_map(|scope| &scope.spans) {
            count(&mut totals, &resource, span, options);
        }
    }
    totals
}

fn count(totals: &mut Totals, resource: &[KeyValue], span: &Span, options: Options) {
    let find = |lists: &[&[KeyValue]], name: &str| {
        let found = lists.iter().find_map(|list| list.iter().find(|pair| pair.key == name));
        found.map(|pair| by_name(std::slice::from_ref(pair)).remove(name).expect("there"))
    };
    let lists = [span.attributes.as_slice(), resource];
    let service = find(&[resource], "service.name").unwrap_or_else(|| "unknown_service".to_owned());
    let kinds = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
    let kind = usize::try_from(span.kind).ok().and_then(|kind| kinds.get(kind)).unwrap_or(&kinds[0]);
    let mut common = BTreeMap::from([
        ("service.name".to_owned(), service),
        ("span.name".to_owned(), span.name.clone()),
        ("span.kind".to_owned(), format!("SPAN_KIND_{kind}")),
    ]);
    common.extend(find(&lists, "region").map(|value| ("region".to_owned(), value)));
    let code = find(&lists, "http.response.status_code");
    common.insert("http.response.status_code".to_owned(), code.unwrap_or_else(|| "none".to_owned()));
    let status = span.status.as_ref().map_or(0, |status| status.code);
    let mut with_status = common.clone();
    let name = ["UNSET", "OK", "ERROR"].get(usize::try_from(status).unwrap_or(0)).copied().unwrap_or("UNSET");
    with_status.insert("status.code".to_owned(), format!("STATUS_CODE_{name}"));

    let times = if span.trace_state == "ot=th:c" { 4 } else { 1 };
    let resource = by_name(resource);
    let mut add = |metric: &str, attributes: &BTreeMap<String, String>, more: Total| {
        let identity = (resource.clone(), format!("traces.span.metrics.{metric}"), attributes.clone());
        let total = totals.entry(identity).or_default();
        total.count += more.count;
        total.milliseconds += more.milliseconds;
        total.zeros += more.zeros;
        total.buckets.resize(total.buckets.len().max(more.buckets.len()), 0);
        total.buckets.iter_mut().zip(more.buckets).for_each(|(all, bucket)| *all += bucket);
    };
    let counted = |count| Total { count, ..Total::default() };

    let code = span.attributes.iter().find(|pair| pair.key == "http.response.status_code");
    let code = code.and_then(|pair| {
        let value = pair.value.as_ref()?.value.as_ref()?;
        if let Value::IntValue(code) = value {
            return Some(code / 100);
        }
        let Value::StringValue(text) = value else { return None };
        text.parse::<i64>().ok().map(|code| code / 100)
    });
    let fault = code == Some(5) || (code != Some(4) && status == 2);
    add("errors", &common, counted(if code == Some(4) { times } else { 0 }));
    add("faults", &common, counted(if fault { times } else { 0 }));

    let mut calls = with_status.clone();
    if options.own_dimensions {
        calls.extend(find(&lists, "user").map(|value| ("user".to_owned(), value)));
    }
    add("calls", &calls, counted(times));

    let nanoseconds = span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano);
    let mut duration = counted(times);
    duration.milliseconds = nanoseconds as f64 * times as f64 / 1e6;
    if options.exponential {
        duration.zeros = if nanoseconds == 0 { times } else { 0 };
    } else {
        duration.buckets = vec![0; BOUNDS.len() + 1];
        let bucket = BOUNDS.iter().take_while(|bound| nanoseconds > *bound * 1_000_000).count();
        duration.buckets[bucket] = times;
    }
    add("duration", &with_status, duration);

    for event in span.events.iter().filter(|_| options.events) {
        let mut attributes = with_status.clone();
        let lists = [span.attributes.as_slice(), event.attributes.as_slice(), lists[1]];
        attributes.insert("kind".to_owned(), find(&lists, "kind").unwrap_or_else(|| "any".to_owned()));
        add("events", &attributes, counted(times));
    }
}

fn resource_spans() -> impl Strategy<Value = ResourceSpans> {
    let attributes = (
        option::weighted(0.9, select(vec!["shop", "cart"]).prop_map(|name| text("service.name", name))),
        option::of(select(vec!["eu", "us"]).prop_map(|region| text("region", region))),
        any::<bool>(),
    );
    let attributes = attributes.prop_map(|(service, region, turned)| {
        let mut attributes: Vec<KeyValue> = service.into_iter().chain(region).collect();
        if turned {
            attributes.reverse();
        }
        attributes
    });
    (attributes, vec(vec(span(), 0..5), 0..3)).prop_map(|(attributes, scopes)| {
        let scope_spans =
            scopes.into_iter().map(|spans| ScopeSpans { spans, ..ScopeSpans::default() }).collect();
        let resource = Some(Resource { attributes, ..Resource::default() });
        ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }
    })
}

fn span() -> impl Strategy<Value = Span> {
    let head = (
        select(vec!["GET /", "POST /", ""]),
        -1..8_i32,
        select(vec!["", "x=y", "ot=th:c"]),
        option::of(-1..5_i32),
    );
    let times = (0..4000_u64, prop_oneof![Just(0), 1..400_i64, select(vec![8_i64, 40, 160]), -9..0_i64]);
    let event = option::of(select(vec!["a", "b"]).prop_map(|kind| text("kind", kind)));
    let event = event.prop_map(|kind| Event { attributes: kind.into_iter().collect(), ..Event::default() });
    (head, times, attributes(), vec(event, 0..3)).prop_map(
        |((name, kind, state, status), (begin, eighths), attributes, events)| {
            let begin = BEGIN + begin * 125_000;
            Span {
                name: name.to_owned(),
                kind,
                trace_state: state.to_owned(),
                start_time_unix_nano: begin,
                end_time_unix_nano: begin.saturating_add_signed(eighths * 125_000),
                attributes,
                events,
                status: status.map(|code| Status { code, ..Status::default() }),
                ..Span::default()
            }
        },
    )
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let region = prop_oneof![
        select(vec!["eu", "asia", ""]).prop_map(|region| text("region", region)),
        (0..2_i64).prop_map(|region| pair("region", Value::IntValue(region))),
    ];
    let code = prop_oneof![
        select(vec![200_i64, 404, 500])
            .prop_map(|code| pair("http.response.status_code", Value::IntValue(code))),
        select(vec!["201", "429", "odd"]).prop_map(|code| text("http.response.status_code", code)),
    ];
    let user = select(vec!["ann", "bob"]).prop_map(|user| text("user", user));
    let other = select(vec!["http.route.status.codes.is", "user.x"]).prop_map(|name| text(name, "other"));
    vec(prop_oneof![region, code, user, other], 0..5)
}
