//! Views read anything without a panic, and items see as many attributes in one pass as in several.

#![no_main]

use edgewatch_fuzz::signal;
use edgewatch_proto::Signal;
use edgewatch_proto::view::*;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((signal, _number, request)) = signal(input) else {
        return;
    };
    for group in Request::new(request).resources() {
        group.resource().map(resource);
        for scope in group.scopes() {
            scope.scope().map(instrumentation_scope);
        }
    }
    match signal {
        Signal::Traces => ExportTraceServiceRequest::new(request)
            .resource_spans()
            .flat_map(ResourceSpans::scope_spans)
            .flat_map(ScopeSpans::spans)
            .for_each(span),
        Signal::Metrics => ExportMetricsServiceRequest::new(request)
            .resource_metrics()
            .flat_map(ResourceMetrics::scope_metrics)
            .flat_map(ScopeMetrics::metrics)
            .for_each(metric),
        Signal::Logs => ExportLogsServiceRequest::new(request)
            .resource_logs()
            .flat_map(ResourceLogs::scope_logs)
            .flat_map(ScopeLogs::log_records)
            .for_each(record),
    }
});

fn resource(view: Resource<'_>) {
    attributes(view.attributes());
    for entity in view.entity_refs() {
        let _ = (
            entity.kind(),
            entity.schema_url(),
            entity.id_keys().count(),
            entity.description_keys().count(),
        );
    }
}

fn instrumentation_scope(view: InstrumentationScope<'_>) {
    let _ = (view.name(), view.version(), view.dropped_attributes_count());
    attributes(view.attributes());
}

fn span(view: Span<'_>) {
    let fields = view.fields();
    assert_eq!(fields.name, view.name());
    assert_eq!(fields.flags, view.flags());
    assert_eq!(fields.status, view.status());
    assert_eq!(fields.events.count(), view.events().count());
    assert_eq!(attributes(fields.attributes), attributes(view.attributes()));
    for event in view.events() {
        let _ = (event.name(), event.time_unix_nano());
        attributes(event.attributes());
    }
    for link in view.links() {
        let _ = (link.trace_id(), link.trace_state(), link.flags());
        attributes(link.attributes());
    }
}

fn record(view: LogRecord<'_>) {
    let fields = view.fields();
    assert_eq!(fields.severity_text, view.severity_text());
    assert_eq!(fields.body, view.body());
    assert_eq!(attributes(fields.attributes), attributes(view.attributes()));
    view.body().map(|body| any_value(body, 0));
}

fn metric(view: Metric<'_>) {
    let _ = (view.name(), view.unit(), view.description());
    attributes(view.metadata());
    for point in view.data().points() {
        attributes(point.attributes());
        match point {
            Point::Number(point) => {
                let _ = point.value();
                point.exemplars().for_each(exemplar);
            }
            Point::Histogram(point) => {
                let _ = (
                    point.sum(),
                    point.bucket_counts().count(),
                    point.explicit_bounds().count(),
                );
                point.exemplars().for_each(exemplar);
            }
            Point::ExponentialHistogram(point) => {
                let _ = (point.scale(), point.zero_threshold());
                for buckets in [point.positive(), point.negative()].into_iter().flatten() {
                    let _ = (buckets.offset(), buckets.bucket_counts().count());
                }
                point.exemplars().for_each(exemplar);
            }
            Point::Summary(point) => point.quantile_values().for_each(|value| {
                let _ = (value.quantile(), value.value());
            }),
        }
    }
}

fn exemplar(view: Exemplar<'_>) {
    let _ = view.value();
    attributes(view.filtered_attributes());
}

fn attributes<'a>(views: impl Iterator<Item = KeyValue<'a>>) -> usize {
    views
        .map(|attribute| {
            assert!(attribute.key().is_empty() || attribute.key().as_bytes() == attribute.key_bytes());
            any_value(attribute.value(), 0);
        })
        .count()
}

fn any_value(view: AnyValue<'_>, depth: u32) {
    // Foreign bytes have no limit to their nesting before a scan; views themselves do not descend.
    if depth > 100 {
        return;
    }
    match view.value() {
        Value::Array(list) => list.values().for_each(|value| any_value(value, depth + 1)),
        Value::KeyValueList(list) => list
            .values()
            .for_each(|entry| any_value(entry.value(), depth + 1)),
        Value::Empty
        | Value::String(_)
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Double(_)
        | Value::Bytes(_)
        | Value::StringIndex(_) => {}
    }
}
