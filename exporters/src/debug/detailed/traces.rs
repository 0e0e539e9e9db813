use std::fmt::{self, Write};

use edgewatch_proto::view::{Event, ExportTraceServiceRequest, Link, Repeated, Span};

use super::common::{Hex, attributes, field, resource, scope, time};

pub(super) fn write(out: &mut impl Write, request: ExportTraceServiceRequest<'_>) -> fmt::Result {
    for (index, group) in request.resource_spans().enumerate() {
        writeln!(out, "ResourceSpans #{index}")?;
        resource(out, group.resource(), group.schema_url())?;
        for (index, group) in group.scope_spans().enumerate() {
            writeln!(out, "ScopeSpans #{index}")?;
            writeln!(out, "ScopeSpans SchemaURL: {}", group.schema_url())?;
            scope(out, group.scope())?;
            for (index, item) in group.spans().enumerate() {
                writeln!(out, "Span #{index}")?;
                span(out, item)?;
            }
        }
    }
    Ok(())
}

fn span(out: &mut impl Write, span: Span<'_>) -> fmt::Result {
    field(out, "Trace ID", Hex(span.trace_id()))?;
    field(out, "Parent ID", Hex(span.parent_span_id()))?;
    field(out, "ID", Hex(span.span_id()))?;
    field(out, "Name", span.name())?;
    field(out, "Kind", kind(span.kind()))?;
    if !span.trace_state().is_empty() {
        field(out, "TraceState", span.trace_state())?;
    }
    field(out, "Start time", time(span.start_time_unix_nano()))?;
    field(out, "End time", time(span.end_time_unix_nano()))?;
    let status = span.status().unwrap_or_default();
    field(out, "Status code", status_code(status.code()))?;
    field(out, "Status message", status.message())?;
    attributes(out, "Attributes", "", span.attributes())?;
    dropped(out, "DroppedAttributesCount", span.dropped_attributes_count())?;
    events(out, span.events())?;
    dropped(out, "DroppedEventsCount", span.dropped_events_count())?;
    links(out, span.links())?;
    dropped(out, "DroppedLinksCount", span.dropped_links_count())
}

/// A count of what the source dropped; nothing when it dropped nothing.
fn dropped(out: &mut impl Write, name: &str, count: u32) -> fmt::Result {
    if count == 0 { Ok(()) } else { field(out, name, count) }
}

fn events<'a>(out: &mut impl Write, events: Repeated<'a, Event<'a>>) -> fmt::Result {
    for (index, event) in events.enumerate() {
        if index == 0 {
            writeln!(out, "Events:")?;
        }
        writeln!(out, "SpanEvent #{index}")?;
        writeln!(out, "     -> Name: {}", event.name())?;
        writeln!(out, "     -> Timestamp: {}", time(event.time_unix_nano()))?;
        writeln!(out, "     -> DroppedAttributesCount: {}", event.dropped_attributes_count())?;
        attributes(out, "     -> Attributes:", "     ", event.attributes())?;
    }
    Ok(())
}

fn links<'a>(out: &mut impl Write, links: Repeated<'a, Link<'a>>) -> fmt::Result {
    for (index, link) in links.enumerate() {
        if index == 0 {
            writeln!(out, "Links:")?;
        }
        writeln!(out, "SpanLink #{index}")?;
        writeln!(out, "     -> Trace ID: {}", Hex(link.trace_id()))?;
        writeln!(out, "     -> ID: {}", Hex(link.span_id()))?;
        writeln!(out, "     -> TraceState: {}", link.trace_state())?;
        writeln!(out, "     -> DroppedAttributesCount: {}", link.dropped_attributes_count())?;
        attributes(out, "     -> Attributes:", "     ", link.attributes())?;
    }
    Ok(())
}

fn kind(number: i32) -> &'static str {
    match number {
        0 => "Unspecified",
        1 => "Internal",
        2 => "Server",
        3 => "Client",
        4 => "Producer",
        5 => "Consumer",
        _ => "",
    }
}

fn status_code(number: i32) -> &'static str {
    match number {
        0 => "Unset",
        1 => "Ok",
        2 => "Error",
        _ => "",
    }
}
