use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_proto::deal::Dealer;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use proptest::prelude::*;
use prost::Message;

use super::super::key::{Router, RoutingKey};
use super::super::ring::Ring;

const MEMBERS: [&str; 5] = ["a:1", "b:1", "c:1", "d:1", "e:1"];

fn value(text: &str) -> Option<AnyValue> {
    Some(AnyValue { value: Some(any_value::Value::StringValue(text.to_owned())) })
}

fn attribute(key: &str, text: &str) -> KeyValue {
    KeyValue { key: key.to_owned(), value: value(text), ..KeyValue::default() }
}

fn resource(attributes: &[(&str, &str)]) -> Option<Resource> {
    let attributes = attributes.iter().map(|(key, text)| attribute(key, text)).collect();
    Some(Resource { attributes, ..Resource::default() })
}

/// What each member gets of `requests`; `open` says which have room.
fn deal(
    signal: Signal,
    requests: &[Vec<u8>],
    key: RoutingKey,
    attributes: &[&str],
    open: [bool; 5],
) -> (Vec<Vec<u8>>, usize) {
    let ring = Ring::new(MEMBERS);
    let attributes: Vec<String> = attributes.iter().map(|&name| name.to_owned()).collect();
    let mut router = Router { key, attributes: &attributes, ring: &ring, open: &open, stood_in: 0 };
    let mut dealer = Dealer::new(signal, MEMBERS.len());
    for request in requests {
        dealer.deal(&Bytes::copy_from_slice(request), &mut router).expect("small");
    }
    (dealer.finish().into_iter().map(|part| part.segments.concat()).collect(), router.stood_in)
}

fn spans(part: &[u8]) -> Vec<(String, Span)> {
    let request = ExportTraceServiceRequest::decode(part).expect("well-formed");
    let mut found = Vec::new();
    for resource in request.resource_spans {
        let service = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        let service = service.into_iter().find(|attribute| attribute.key == "service.name");
        let service = match service.and_then(|service| service.value).and_then(|value| value.value) {
            Some(any_value::Value::StringValue(name)) => name,
            _ => String::new(),
        };
        for scope in resource.scope_spans {
            found.extend(scope.spans.into_iter().map(|span| (service.clone(), span)));
        }
    }
    found
}

/// Attributes of a resource and its spans.
type Produced<'a> = (Vec<(&'a str, &'a str)>, Vec<Span>);

fn traces(resources: Vec<Produced<'_>>) -> Vec<u8> {
    let resource_spans = resources.into_iter().map(|(attributes, spans)| ResourceSpans {
        resource: resource(&attributes),
        scope_spans: vec![ScopeSpans { spans, ..ScopeSpans::default() }],
        ..ResourceSpans::default()
    });
    ExportTraceServiceRequest { resource_spans: resource_spans.collect() }.encode_to_vec()
}

fn span(trace: u8, name: &str) -> Span {
    Span { trace_id: vec![trace; 16], name: name.to_owned(), ..Span::default() }
}

/// The number of the member that has a span with this property; all of them have to be at the same.
fn place(parts: &[Vec<u8>], has: impl Fn(&(String, Span)) -> bool) -> usize {
    let places: Vec<usize> = parts
        .iter()
        .enumerate()
        .filter(|(_, part)| spans(part).iter().any(&has))
        .map(|(index, _)| index)
        .collect();
    assert_eq!(places.len(), 1, "{places:?}");
    places[0]
}

proptest! {
    #[test]
    fn the_spans_of_a_trace_are_together_wherever_they_come_from(
        requests in proptest::collection::vec(proptest::collection::vec((any::<u8>(), 0..4u8), 1..30), 1..5)
    ) {
        let encoded: Vec<Vec<u8>> = requests.iter().map(|found| {
            let by_service = |service: u8| found.iter().filter(move |(_, of)| *of == service).map(|(trace, _)| span(*trace, "s")).collect();
            let names = ["a", "b", "c", "d"];
            traces((0..4).map(|number| (vec![("service.name", names[usize::from(number)])], by_service(number))).collect())
        }).collect();

        let (parts, _) = deal(Signal::Traces, &encoded, RoutingKey::TraceId, &[], [true; 5]);

        let total: usize = requests.iter().map(Vec::len).sum();
        prop_assert_eq!(parts.iter().map(|part| spans(part).len()).sum::<usize>(), total);
        for (trace, _) in requests.concat() {
            place(&parts, |(_, span)| span.trace_id == [trace; 16]);
        }
    }
}

#[test]
fn services_go_as_a_whole_and_one_without_a_name_goes_somewhere() {
    let named = |name| (vec![("host.name", "h"), ("service.name", name)], vec![span(1, name), span(2, name)]);
    let request =
        traces(vec![named("cart"), named("checkout"), (vec![], vec![span(3, "none")]), named("cart")]);
    let (parts, _) = deal(Signal::Traces, &[request], RoutingKey::Service, &[], [true; 5]);
    place(&parts, |(service, _)| service == "cart");
    place(&parts, |(service, _)| service == "checkout");
    place(&parts, |(_, span)| span.name == "none");
}

#[test]
fn the_order_of_attributes_does_not_tell_resources_apart() {
    let names: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    for name in &names {
        let one = traces(vec![(vec![("a", name), ("b", "x")], vec![span(1, "one")])]);
        let two = traces(vec![(vec![("b", "x"), ("a", name)], vec![span(2, "two")])]);
        let (parts, _) = deal(Signal::Traces, &[one, two], RoutingKey::Resource, &[], [true; 5]);
        assert_eq!(
            place(&parts, |(_, span)| span.name == "one"),
            place(&parts, |(_, span)| span.name == "two")
        );
    }
}

#[test]
fn attributes_are_found_in_the_resource_or_the_item() {
    let with =
        |trace, tenant: &str| Span { attributes: vec![attribute("tenant", tenant)], ..span(trace, tenant) };
    let (mut everywhere, tenants) = (Vec::new(), ["a", "b", "c", "d", "e", "f", "g", "h"]);
    for tenant in tenants {
        everywhere.push(traces(vec![
            (vec![("tenant", tenant)], vec![span(1, tenant), span(2, tenant)]),
            (vec![], vec![with(3, tenant)]),
        ]));
    }
    let (parts, _) = deal(Signal::Traces, &everywhere, RoutingKey::Attributes, &["tenant"], [true; 5]);
    let places: std::collections::BTreeSet<usize> =
        tenants.iter().map(|tenant| place(&parts, |(_, span)| span.name == *tenant)).collect();
    assert!(places.len() > 1, "{places:?}");
}

#[test]
fn a_member_without_room_is_stood_in_for_and_keeps_its_keys_when_nobody_has_room() {
    let request = traces(vec![(vec![], (0..100).map(|trace| span(trace, "s")).collect())]);
    let (all, stood_in) =
        deal(Signal::Traces, std::slice::from_ref(&request), RoutingKey::TraceId, &[], [true; 5]);
    assert_eq!(stood_in, 0);
    let full = [true, false, true, true, true];
    let (some, stood_in) =
        deal(Signal::Traces, std::slice::from_ref(&request), RoutingKey::TraceId, &[], full);
    assert_eq!(stood_in, spans(&all[1]).len());
    assert_eq!(spans(&some[1]).len(), 0);
    for kept in [0, 2, 3, 4] {
        let (before, after) = (spans(&all[kept]), spans(&some[kept]));
        assert!(before.iter().all(|span| after.contains(span)), "{kept}");
    }
    let (none, stood_in) = deal(Signal::Traces, &[request], RoutingKey::TraceId, &[], [false; 5]);
    assert_eq!((none, stood_in), (all, 0));
}

#[test]
fn metrics_of_one_name_are_together() {
    let gauge = |name: &str, points: usize| Metric {
        name: name.to_owned(),
        data: Some(metric::Data::Gauge(Gauge { data_points: vec![NumberDataPoint::default(); points] })),
        ..Metric::default()
    };
    let request = || {
        let metrics = (0..20).map(|number| gauge(&format!("m{number}"), number)).collect();
        let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
        let resource_metrics = vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }];
        ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
    };
    let (parts, _) = deal(Signal::Metrics, &[request(), request()], RoutingKey::Metric, &[], [true; 5]);
    let names = parts.iter().map(|part| {
        let request = ExportMetricsServiceRequest::decode(part.as_slice()).expect("well-formed");
        let metrics = request.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
        metrics.flat_map(|scope| scope.metrics).map(|metric| metric.name).collect::<Vec<_>>()
    });
    let mut seen = std::collections::BTreeSet::new();
    for mut names in names {
        names.sort();
        names.dedup();
        assert!(names.into_iter().all(|name| seen.insert(name)), "in two places");
    }
    assert_eq!(seen.len(), 20);
}
