use opentelemetry_proto::tonic::collector::{
    logs as logs_service, metrics as metrics_service, trace as trace_service,
};
use opentelemetry_proto::tonic::common::v1 as common;
use opentelemetry_proto::tonic::logs::v1 as logs;
use opentelemetry_proto::tonic::metrics::v1 as metrics;
use opentelemetry_proto::tonic::resource::v1 as resource_v1;
use opentelemetry_proto::tonic::trace::v1 as trace;

use crate::Signal;
use crate::testing::Decoded;
use crate::view::*;

/// Reads everything through views.
pub(super) fn request(signal: Signal, bytes: &[u8]) -> Decoded {
    match signal {
        Signal::Traces => Decoded::Traces(trace_service::v1::ExportTraceServiceRequest {
            resource_spans: ExportTraceServiceRequest::new(bytes)
                .resource_spans()
                .map(resource_spans)
                .collect(),
        }),
        Signal::Metrics => Decoded::Metrics(metrics_service::v1::ExportMetricsServiceRequest {
            resource_metrics: ExportMetricsServiceRequest::new(bytes)
                .resource_metrics()
                .map(resource_metrics)
                .collect(),
        }),
        Signal::Logs => Decoded::Logs(logs_service::v1::ExportLogsServiceRequest {
            resource_logs: ExportLogsServiceRequest::new(bytes).resource_logs().map(resource_logs).collect(),
        }),
    }
}

fn resource_spans(view: ResourceSpans<'_>) -> trace::ResourceSpans {
    trace::ResourceSpans {
        resource: view.resource().map(resource),
        scope_spans: view
            .scope_spans()
            .map(|view| trace::ScopeSpans {
                scope: view.scope().map(scope),
                // Both ways of reading, in turns.
                spans: view
                    .spans()
                    .enumerate()
                    .map(
                        |(index, span)| {
                            if index % 2 == 0 { span_of_fields(span.fields()) } else { span_of(span) }
                        },
                    )
                    .collect(),
                schema_url: view.schema_url().to_owned(),
            })
            .collect(),
        schema_url: view.schema_url().to_owned(),
    }
}

fn span_of(view: Span<'_>) -> trace::Span {
    trace::Span {
        trace_id: view.trace_id().to_vec(),
        span_id: view.span_id().to_vec(),
        trace_state: view.trace_state().to_owned(),
        parent_span_id: view.parent_span_id().to_vec(),
        flags: view.flags(),
        name: view.name().to_owned(),
        kind: view.kind(),
        start_time_unix_nano: view.start_time_unix_nano(),
        end_time_unix_nano: view.end_time_unix_nano(),
        attributes: attributes(view.attributes()),
        dropped_attributes_count: view.dropped_attributes_count(),
        events: view.events().map(event).collect(),
        dropped_events_count: view.dropped_events_count(),
        links: view.links().map(link).collect(),
        dropped_links_count: view.dropped_links_count(),
        status: view.status().map(status),
    }
}

fn span_of_fields(fields: SpanFields<'_>) -> trace::Span {
    trace::Span {
        trace_id: fields.trace_id.to_vec(),
        span_id: fields.span_id.to_vec(),
        trace_state: fields.trace_state.to_owned(),
        parent_span_id: fields.parent_span_id.to_vec(),
        flags: fields.flags,
        name: fields.name.to_owned(),
        kind: fields.kind,
        start_time_unix_nano: fields.start_time_unix_nano,
        end_time_unix_nano: fields.end_time_unix_nano,
        attributes: attributes(fields.attributes),
        dropped_attributes_count: fields.dropped_attributes_count,
        events: fields.events.map(event).collect(),
        dropped_events_count: fields.dropped_events_count,
        links: fields.links.map(link).collect(),
        dropped_links_count: fields.dropped_links_count,
        status: fields.status.map(status),
    }
}

fn status(view: Status<'_>) -> trace::Status {
    trace::Status { message: view.message().to_owned(), code: view.code() }
}

fn event(view: Event<'_>) -> trace::span::Event {
    trace::span::Event {
        time_unix_nano: view.time_unix_nano(),
        name: view.name().to_owned(),
        attributes: attributes(view.attributes()),
        dropped_attributes_count: view.dropped_attributes_count(),
    }
}

fn link(view: Link<'_>) -> trace::span::Link {
    trace::span::Link {
        trace_id: view.trace_id().to_vec(),
        span_id: view.span_id().to_vec(),
        trace_state: view.trace_state().to_owned(),
        attributes: attributes(view.attributes()),
        dropped_attributes_count: view.dropped_attributes_count(),
        flags: view.flags(),
    }
}

fn resource_logs(view: ResourceLogs<'_>) -> logs::ResourceLogs {
    logs::ResourceLogs {
        resource: view.resource().map(resource),
        scope_logs: view
            .scope_logs()
            .map(|view| logs::ScopeLogs {
                scope: view.scope().map(scope),
                log_records: view
                    .log_records()
                    .enumerate()
                    .map(
                        |(index, view)| {
                            if index % 2 == 0 { record_of_fields(view.fields()) } else { record(view) }
                        },
                    )
                    .collect(),
                schema_url: view.schema_url().to_owned(),
            })
            .collect(),
        schema_url: view.schema_url().to_owned(),
    }
}

fn record(view: LogRecord<'_>) -> logs::LogRecord {
    logs::LogRecord {
        time_unix_nano: view.time_unix_nano(),
        observed_time_unix_nano: view.observed_time_unix_nano(),
        severity_number: view.severity_number(),
        severity_text: view.severity_text().to_owned(),
        body: view.body().map(any_value),
        attributes: attributes(view.attributes()),
        dropped_attributes_count: view.dropped_attributes_count(),
        flags: view.flags(),
        trace_id: view.trace_id().to_vec(),
        span_id: view.span_id().to_vec(),
        event_name: view.event_name().to_owned(),
    }
}

fn record_of_fields(fields: LogRecordFields<'_>) -> logs::LogRecord {
    logs::LogRecord {
        time_unix_nano: fields.time_unix_nano,
        observed_time_unix_nano: fields.observed_time_unix_nano,
        severity_number: fields.severity_number,
        severity_text: fields.severity_text.to_owned(),
        body: fields.body.map(any_value),
        attributes: attributes(fields.attributes),
        dropped_attributes_count: fields.dropped_attributes_count,
        flags: fields.flags,
        trace_id: fields.trace_id.to_vec(),
        span_id: fields.span_id.to_vec(),
        event_name: fields.event_name.to_owned(),
    }
}

fn resource_metrics(view: ResourceMetrics<'_>) -> metrics::ResourceMetrics {
    metrics::ResourceMetrics {
        resource: view.resource().map(resource),
        scope_metrics: view
            .scope_metrics()
            .map(|view| metrics::ScopeMetrics {
                scope: view.scope().map(scope),
                metrics: view.metrics().map(metric).collect(),
                schema_url: view.schema_url().to_owned(),
            })
            .collect(),
        schema_url: view.schema_url().to_owned(),
    }
}

fn metric(view: Metric<'_>) -> metrics::Metric {
    use metrics::metric::Data as Reference;
    let data = match view.data() {
        Data::Empty => None,
        Data::Gauge(data) => Some(Reference::Gauge(metrics::Gauge {
            data_points: data.data_points().map(number_point).collect(),
        })),
        Data::Sum(data) => Some(Reference::Sum(metrics::Sum {
            data_points: data.data_points().map(number_point).collect(),
            aggregation_temporality: data.aggregation_temporality(),
            is_monotonic: data.is_monotonic(),
        })),
        Data::Histogram(data) => Some(Reference::Histogram(metrics::Histogram {
            data_points: data.data_points().map(histogram_point).collect(),
            aggregation_temporality: data.aggregation_temporality(),
        })),
        Data::ExponentialHistogram(data) => {
            Some(Reference::ExponentialHistogram(metrics::ExponentialHistogram {
                data_points: data.data_points().map(exponential_point).collect(),
                aggregation_temporality: data.aggregation_temporality(),
            }))
        }
        Data::Summary(data) => Some(Reference::Summary(metrics::Summary {
            data_points: data.data_points().map(summary_point).collect(),
        })),
    };
    for point in view.data().points() {
        let times = (point.start_time_unix_nano(), point.time_unix_nano());
        assert!(!point.as_bytes().is_empty() || times == (0, 0) && point.flags() == 0);
        assert_eq!(point.attributes().count(), point.attributes().map(key_value).count());
    }
    metrics::Metric {
        name: view.name().to_owned(),
        description: view.description().to_owned(),
        unit: view.unit().to_owned(),
        metadata: attributes(view.metadata()),
        data,
    }
}

fn number_point(view: NumberDataPoint<'_>) -> metrics::NumberDataPoint {
    use metrics::number_data_point::Value as Reference;
    let fields = view.fields();
    assert_eq!((fields.time_unix_nano, fields.flags), (view.time_unix_nano(), view.flags()));
    metrics::NumberDataPoint {
        attributes: attributes(fields.attributes),
        start_time_unix_nano: fields.start_time_unix_nano,
        time_unix_nano: fields.time_unix_nano,
        exemplars: fields.exemplars.map(exemplar).collect(),
        flags: fields.flags,
        value: view.value().map(|value| match value {
            NumberValue::Int(value) => Reference::AsInt(value),
            NumberValue::Double(value) => Reference::AsDouble(value),
        }),
    }
}

fn histogram_point(view: HistogramDataPoint<'_>) -> metrics::HistogramDataPoint {
    metrics::HistogramDataPoint {
        attributes: attributes(view.attributes()),
        start_time_unix_nano: view.start_time_unix_nano(),
        time_unix_nano: view.time_unix_nano(),
        count: view.count(),
        sum: view.sum(),
        bucket_counts: view.bucket_counts().collect(),
        explicit_bounds: view.explicit_bounds().collect(),
        exemplars: view.exemplars().map(exemplar).collect(),
        flags: view.flags(),
        min: view.min(),
        max: view.max(),
    }
}

fn exponential_point(view: ExponentialHistogramDataPoint<'_>) -> metrics::ExponentialHistogramDataPoint {
    metrics::ExponentialHistogramDataPoint {
        attributes: attributes(view.attributes()),
        start_time_unix_nano: view.start_time_unix_nano(),
        time_unix_nano: view.time_unix_nano(),
        count: view.count(),
        sum: view.sum(),
        scale: view.scale(),
        zero_count: view.zero_count(),
        positive: view.positive().map(buckets),
        negative: view.negative().map(buckets),
        flags: view.flags(),
        exemplars: view.exemplars().map(exemplar).collect(),
        min: view.min(),
        max: view.max(),
        zero_threshold: view.zero_threshold(),
    }
}

fn buckets(view: Buckets<'_>) -> metrics::exponential_histogram_data_point::Buckets {
    metrics::exponential_histogram_data_point::Buckets {
        offset: view.offset(),
        bucket_counts: view.bucket_counts().collect(),
    }
}

fn summary_point(view: SummaryDataPoint<'_>) -> metrics::SummaryDataPoint {
    metrics::SummaryDataPoint {
        attributes: attributes(view.attributes()),
        start_time_unix_nano: view.start_time_unix_nano(),
        time_unix_nano: view.time_unix_nano(),
        count: view.count(),
        sum: view.sum(),
        quantile_values: view
            .quantile_values()
            .map(|view| metrics::summary_data_point::ValueAtQuantile {
                quantile: view.quantile(),
                value: view.value(),
            })
            .collect(),
        flags: view.flags(),
    }
}

fn exemplar(view: Exemplar<'_>) -> metrics::Exemplar {
    use metrics::exemplar::Value as Reference;
    metrics::Exemplar {
        filtered_attributes: attributes(view.filtered_attributes()),
        time_unix_nano: view.time_unix_nano(),
        span_id: view.span_id().to_vec(),
        trace_id: view.trace_id().to_vec(),
        value: view.value().map(|value| match value {
            NumberValue::Int(value) => Reference::AsInt(value),
            NumberValue::Double(value) => Reference::AsDouble(value),
        }),
    }
}

fn resource(view: Resource<'_>) -> resource_v1::Resource {
    resource_v1::Resource {
        attributes: attributes(view.attributes()),
        dropped_attributes_count: view.dropped_attributes_count(),
        entity_refs: view
            .entity_refs()
            .map(|view| common::EntityRef {
                schema_url: view.schema_url().to_owned(),
                r#type: view.kind().to_owned(),
                id_keys: view.id_keys().map(str::to_owned).collect(),
                description_keys: view.description_keys().map(str::to_owned).collect(),
            })
            .collect(),
    }
}

fn scope(view: InstrumentationScope<'_>) -> common::InstrumentationScope {
    common::InstrumentationScope {
        name: view.name().to_owned(),
        version: view.version().to_owned(),
        attributes: attributes(view.attributes()),
        dropped_attributes_count: view.dropped_attributes_count(),
    }
}

fn attributes<'a>(views: impl Iterator<Item = KeyValue<'a>>) -> Vec<common::KeyValue> {
    views.map(key_value).collect()
}

fn key_value(view: KeyValue<'_>) -> common::KeyValue {
    common::KeyValue {
        key: view.key().to_owned(),
        value: view.has_value().then(|| any_value(view.value())),
        key_strindex: view.key_strindex(),
    }
}

fn any_value(view: AnyValue<'_>) -> common::AnyValue {
    use common::any_value::Value as Reference;
    let value = match view.value() {
        Value::Empty => None,
        Value::String(text) => Some(Reference::StringValue(text.to_owned())),
        Value::Bool(truth) => Some(Reference::BoolValue(truth)),
        Value::Int(number) => Some(Reference::IntValue(number)),
        Value::Double(number) => Some(Reference::DoubleValue(number)),
        Value::Array(list) => {
            Some(Reference::ArrayValue(common::ArrayValue { values: list.values().map(any_value).collect() }))
        }
        Value::KeyValueList(list) => {
            Some(Reference::KvlistValue(common::KeyValueList { values: attributes(list.values()) }))
        }
        Value::Bytes(bytes) => Some(Reference::BytesValue(bytes.to_vec())),
        Value::StringIndex(index) => Some(Reference::StringValueStrindex(index)),
    };
    common::AnyValue { value }
}
