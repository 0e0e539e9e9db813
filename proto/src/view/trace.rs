//! Spans.

use super::message::{field_type, field_value, fill_field, read_field, view};
use super::{InstrumentationScope, KeyValue, Resource};

view! {
    /// The spans of one resource.
    ResourceSpans {
        /// The resource, if known.
        resource: message Resource = 1,
        /// Its spans by scope.
        scope_spans: repeated ScopeSpans = 2,
        /// Schema of the resource.
        schema_url: str = 3,
    }
}

view! {
    /// The spans of one scope.
    ScopeSpans {
        /// The scope, if known.
        scope: message InstrumentationScope = 1,
        /// The spans.
        spans: repeated Span = 2,
        /// Schema of the scope and the spans.
        schema_url: str = 3,
    }
}

view! {
    /// One operation within a trace.
    Span, fields SpanFields {
        /// The trace that the span belongs to; 16 bytes.
        trace_id: bytes = 1,
        /// The span's own id; 8 bytes.
        span_id: bytes = 2,
        /// The `tracestate` of W3C Trace Context.
        trace_state: str = 3,
        /// The id of the parent; empty for a root span.
        parent_span_id: bytes = 4,
        /// W3C trace flags and whether the context is remote.
        flags: fixed32 = 16,
        /// What the span is about.
        name: str = 5,
        /// The `SpanKind`: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
        kind: int32 = 6,
        /// Start, in nanoseconds since 1970.
        start_time_unix_nano: fixed64 = 7,
        /// End, in nanoseconds since 1970.
        end_time_unix_nano: fixed64 = 8,
        /// Attributes of the span.
        attributes: repeated KeyValue = 9,
        /// Attributes that were dropped because of limits.
        dropped_attributes_count: uint32 = 10,
        /// What happened in the meantime.
        events: repeated Event = 11,
        /// Events that were dropped because of limits.
        dropped_events_count: uint32 = 12,
        /// Other spans that this one refers to.
        links: repeated Link = 13,
        /// Links that were dropped because of limits.
        dropped_links_count: uint32 = 14,
        /// How the operation ended, if stated.
        status: message Status = 15,
    }
}

view! {
    /// Something that happened during a span.
    Event {
        /// When, in nanoseconds since 1970.
        time_unix_nano: fixed64 = 1,
        /// What.
        name: str = 2,
        /// Attributes of the event.
        attributes: repeated KeyValue = 3,
        /// Attributes that were dropped because of limits.
        dropped_attributes_count: uint32 = 4,
    }
}

view! {
    /// A reference to another span.
    Link {
        /// The trace of the other span; 16 bytes.
        trace_id: bytes = 1,
        /// The other span; 8 bytes.
        span_id: bytes = 2,
        /// The `tracestate` of the link.
        trace_state: str = 3,
        /// Attributes of the link.
        attributes: repeated KeyValue = 4,
        /// Attributes that were dropped because of limits.
        dropped_attributes_count: uint32 = 5,
        /// W3C trace flags and whether the context is remote.
        flags: fixed32 = 6,
    }
}

view! {
    /// How an operation ended.
    Status {
        /// For people, in case of an error.
        message: str = 2,
        /// The `StatusCode`: 0 unset, 1 ok, 2 error.
        code: int32 = 3,
    }
}
