use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::collection::vec;
use proptest::prelude::*;

use super::common::{attributes, bytes, count, number, resource, scope, text};

pub(crate) fn traces() -> BoxedStrategy<ExportTraceServiceRequest> {
    let scope_spans = (scope(), vec(span(), 0..4), text())
        .prop_map(|(scope, spans, schema_url)| ScopeSpans { scope, spans, schema_url });
    let resource_spans = (resource(), vec(scope_spans, 0..3), text())
        .prop_map(|(resource, scope_spans, schema_url)| ResourceSpans { resource, scope_spans, schema_url });
    vec(resource_spans, 0..4).prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans }).boxed()
}

fn span() -> BoxedStrategy<Span> {
    let event = (number(), text(), attributes(), count()).prop_map(
        |(time_unix_nano, name, attributes, dropped_attributes_count)| Event {
            time_unix_nano,
            name,
            attributes,
            dropped_attributes_count,
        },
    );
    let link = (bytes(), bytes(), text(), attributes(), count(), count()).prop_map(
        |(trace_id, span_id, trace_state, attributes, dropped_attributes_count, flags)| Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            dropped_attributes_count,
            flags,
        },
    );
    let status =
        proptest::option::of((text(), any::<i32>()).prop_map(|(message, code)| Status { message, code }));
    let head = (bytes(), bytes(), text(), bytes(), count(), text(), any::<i32>(), number(), number());
    let tail = (attributes(), count(), vec(event, 0..2), count(), vec(link, 0..2), count(), status);
    (head, tail)
        .prop_map(|(head, tail)| Span {
            trace_id: head.0,
            span_id: head.1,
            trace_state: head.2,
            parent_span_id: head.3,
            flags: head.4,
            name: head.5,
            kind: head.6,
            start_time_unix_nano: head.7,
            end_time_unix_nano: head.8,
            attributes: tail.0,
            dropped_attributes_count: tail.1,
            events: tail.2,
            dropped_events_count: tail.3,
            links: tail.4,
            dropped_links_count: tail.5,
            status: tail.6,
        })
        .boxed()
}
