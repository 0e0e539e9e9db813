//! Any request there can be, as prost types.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint,
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar,
    number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Short strings of all kinds, and now and then one whose length takes two or three bytes.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-z.]{0,12}",
        4 => any::<String>(),
        1 => (100_usize..400).prop_map(|length| "x".repeat(length)),
        1 => Just("\u{1f600}\"\\\u{8}\u{0}\u{7f}\u{2028}/".to_owned()),
        1 => Just("long ".repeat(4_000)),
    ]
}

/// Doubles, the odd ones among them; NaN only in the one form that JSON can carry.
pub(crate) fn double() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => any::<f64>().prop_map(|value| if value.is_nan() { f64::NAN } else { value }),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(0.0),
        1 => Just(-0.0),
        1 => Just(f64::MIN_POSITIVE / 8.0),
    ]
}

/// Numbers of all sizes.
fn word() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..200_u64, any::<u64>(), Just(u64::MAX)]
}

fn count() -> impl Strategy<Value = u32> {
    prop_oneof![3 => Just(0), 1 => any::<u32>()]
}

fn some_bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

fn id(length: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![1 => Just(Vec::new()), 3 => vec(any::<u8>(), length)]
}

/// Any value, nested a few levels.
pub(crate) fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        text().prop_map(Value::StringValue),
        any::<bool>().prop_map(Value::BoolValue),
        any::<i64>().prop_map(Value::IntValue),
        double().prop_map(Value::DoubleValue),
        some_bytes().prop_map(Value::BytesValue),
    ];
    let leaf = option::weighted(0.9, leaf).prop_map(|value| AnyValue { value });
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|values| Value::ArrayValue(ArrayValue { values })),
            vec((text(), option::weighted(0.9, inner)), 0..4).prop_map(|pairs| {
                let values = pairs.into_iter().map(|(key, value)| KeyValue {
                    key,
                    value,
                    key_strindex: 0,
                });
                Value::KvlistValue(KeyValueList {
                    values: values.collect(),
                })
            }),
        ]
        .prop_map(|value| AnyValue { value: Some(value) })
    })
}

/// Any attributes.
pub(crate) fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let pair = (text(), option::weighted(0.9, any_value()));
    vec(
        pair.prop_map(|(key, value)| KeyValue {
            key,
            value,
            key_strindex: 0,
        }),
        0..4,
    )
}

fn entity() -> impl Strategy<Value = EntityRef> {
    (text(), text(), vec(text(), 0..3), vec(text(), 0..3)).prop_map(
        |(schema_url, r#type, id_keys, description_keys)| EntityRef {
            schema_url,
            r#type,
            id_keys,
            description_keys,
        },
    )
}

fn resource() -> impl Strategy<Value = Option<Resource>> {
    let resource = (attributes(), count(), vec(entity(), 0..2)).prop_map(
        |(attributes, dropped_attributes_count, entity_refs)| Resource {
            attributes,
            dropped_attributes_count,
            entity_refs,
        },
    );
    option::weighted(0.9, resource)
}

fn scope() -> impl Strategy<Value = Option<InstrumentationScope>> {
    let scope = (text(), text(), attributes(), count()).prop_map(
        |(name, version, attributes, dropped_attributes_count)| InstrumentationScope {
            name,
            version,
            attributes,
            dropped_attributes_count,
        },
    );
    option::weighted(0.9, scope)
}

fn log_record() -> impl Strategy<Value = LogRecord> {
    let times = (
        word(),
        word(),
        0..25_i32,
        text(),
        option::of(any_value()),
        attributes(),
    );
    let rest = (count(), count(), id(16), id(8), text());
    (times, rest).prop_map(
        |(
            (time_unix_nano, observed_time_unix_nano, severity_number, severity_text, body, attributes),
            (dropped_attributes_count, flags, trace_id, span_id, event_name),
        )| LogRecord {
            time_unix_nano,
            observed_time_unix_nano,
            severity_number,
            severity_text,
            body,
            attributes,
            dropped_attributes_count,
            flags,
            trace_id,
            span_id,
            event_name,
        },
    )
}

/// Any request of log records.
pub(crate) fn logs() -> impl Strategy<Value = ExportLogsServiceRequest> {
    let scopes =
        (scope(), vec(log_record(), 0..4), text()).prop_map(|(scope, log_records, schema_url)| ScopeLogs {
            scope,
            log_records,
            schema_url,
        });
    let resources =
        (resource(), vec(scopes, 0..3), text()).prop_map(|(resource, scope_logs, schema_url)| ResourceLogs {
            resource,
            scope_logs,
            schema_url,
        });
    vec(resources, 0..3).prop_map(|resource_logs| ExportLogsServiceRequest { resource_logs })
}

fn event() -> impl Strategy<Value = Event> {
    (word(), text(), attributes(), count()).prop_map(
        |(time_unix_nano, name, attributes, dropped_attributes_count)| Event {
            time_unix_nano,
            name,
            attributes,
            dropped_attributes_count,
        },
    )
}

fn link() -> impl Strategy<Value = Link> {
    (id(16), id(8), text(), attributes(), count(), count()).prop_map(
        |(trace_id, span_id, trace_state, attributes, dropped_attributes_count, flags)| Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            dropped_attributes_count,
            flags,
        },
    )
}

fn span() -> impl Strategy<Value = Span> {
    let status = (text(), 0..3_i32).prop_map(|(message, code)| Status { message, code });
    let head = (
        id(16),
        id(8),
        text(),
        id(8),
        count(),
        text(),
        0..6_i32,
        word(),
        word(),
    );
    let tail = (
        attributes(),
        count(),
        vec(event(), 0..3),
        count(),
        vec(link(), 0..3),
        count(),
        option::of(status),
    );
    (head, tail).prop_map(|(head, tail)| Span {
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
}

/// Any request of spans.
pub(crate) fn traces() -> impl Strategy<Value = ExportTraceServiceRequest> {
    let scopes = (scope(), vec(span(), 0..4), text()).prop_map(|(scope, spans, schema_url)| ScopeSpans {
        scope,
        spans,
        schema_url,
    });
    let resources =
        (resource(), vec(scopes, 0..3), text()).prop_map(|(resource, scope_spans, schema_url)| {
            ResourceSpans {
                resource,
                scope_spans,
                schema_url,
            }
        });
    vec(resources, 0..3).prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans })
}

fn exemplar() -> impl Strategy<Value = Exemplar> {
    let value = prop_oneof![
        double().prop_map(exemplar::Value::AsDouble),
        any::<i64>().prop_map(exemplar::Value::AsInt)
    ];
    (attributes(), word(), option::weighted(0.9, value), id(8), id(16)).prop_map(
        |(filtered_attributes, time_unix_nano, value, span_id, trace_id)| Exemplar {
            filtered_attributes,
            time_unix_nano,
            value,
            span_id,
            trace_id,
        },
    )
}

fn number_point() -> impl Strategy<Value = NumberDataPoint> {
    let value = prop_oneof![
        double().prop_map(number_data_point::Value::AsDouble),
        any::<i64>().prop_map(number_data_point::Value::AsInt)
    ];
    (
        attributes(),
        word(),
        word(),
        vec(exemplar(), 0..2),
        count(),
        option::weighted(0.9, value),
    )
        .prop_map(
            |(attributes, start_time_unix_nano, time_unix_nano, exemplars, flags, value)| NumberDataPoint {
                attributes,
                start_time_unix_nano,
                time_unix_nano,
                exemplars,
                flags,
                value,
            },
        )
}

fn histogram_point() -> impl Strategy<Value = HistogramDataPoint> {
    let head = (
        attributes(),
        word(),
        word(),
        word(),
        option::of(double()),
        vec(word(), 0..5),
    );
    let tail = (
        vec(double(), 0..5),
        vec(exemplar(), 0..2),
        count(),
        option::of(double()),
        option::of(double()),
    );
    (head, tail).prop_map(|(head, tail)| HistogramDataPoint {
        attributes: head.0,
        start_time_unix_nano: head.1,
        time_unix_nano: head.2,
        count: head.3,
        sum: head.4,
        bucket_counts: head.5,
        explicit_bounds: tail.0,
        exemplars: tail.1,
        flags: tail.2,
        min: tail.3,
        max: tail.4,
    })
}

fn exponential_point() -> impl Strategy<Value = ExponentialHistogramDataPoint> {
    let buckets = || {
        let buckets = (any::<i32>(), vec(word(), 0..5)).prop_map(|(offset, bucket_counts)| Buckets {
            offset,
            bucket_counts,
        });
        option::of(buckets)
    };
    let head = (
        attributes(),
        word(),
        word(),
        word(),
        option::of(double()),
        any::<i32>(),
        word(),
    );
    let tail = (
        buckets(),
        buckets(),
        count(),
        vec(exemplar(), 0..2),
        option::of(double()),
        option::of(double()),
        double(),
    );
    (head, tail).prop_map(|(head, tail)| ExponentialHistogramDataPoint {
        attributes: head.0,
        start_time_unix_nano: head.1,
        time_unix_nano: head.2,
        count: head.3,
        sum: head.4,
        scale: head.5,
        zero_count: head.6,
        positive: tail.0,
        negative: tail.1,
        flags: tail.2,
        exemplars: tail.3,
        min: tail.4,
        max: tail.5,
        zero_threshold: tail.6,
    })
}

fn summary_point() -> impl Strategy<Value = SummaryDataPoint> {
    let quantile = (double(), double()).prop_map(|(quantile, value)| ValueAtQuantile { quantile, value });
    (
        attributes(),
        word(),
        word(),
        word(),
        double(),
        vec(quantile, 0..3),
        count(),
    )
        .prop_map(
            |(attributes, start_time_unix_nano, time_unix_nano, count, sum, quantile_values, flags)| {
                SummaryDataPoint {
                    attributes,
                    start_time_unix_nano,
                    time_unix_nano,
                    count,
                    sum,
                    quantile_values,
                    flags,
                }
            },
        )
}

fn data() -> impl Strategy<Value = Data> {
    let temporality = || 0..3_i32;
    prop_oneof![
        vec(number_point(), 0..4).prop_map(|data_points| Data::Gauge(Gauge { data_points })),
        (vec(number_point(), 0..4), temporality(), any::<bool>()).prop_map(
            |(data_points, aggregation_temporality, is_monotonic)| Data::Sum(Sum {
                data_points,
                aggregation_temporality,
                is_monotonic
            })
        ),
        (vec(histogram_point(), 0..3), temporality()).prop_map(|(data_points, aggregation_temporality)| {
            Data::Histogram(Histogram {
                data_points,
                aggregation_temporality,
            })
        }),
        (vec(exponential_point(), 0..3), temporality()).prop_map(|(data_points, aggregation_temporality)| {
            Data::ExponentialHistogram(ExponentialHistogram {
                data_points,
                aggregation_temporality,
            })
        }),
        vec(summary_point(), 0..3).prop_map(|data_points| Data::Summary(Summary { data_points })),
    ]
}

fn metric() -> impl Strategy<Value = Metric> {
    (
        text(),
        text(),
        text(),
        attributes(),
        option::weighted(0.9, data()),
    )
        .prop_map(|(name, description, unit, metadata, data)| Metric {
            name,
            description,
            unit,
            metadata,
            data,
        })
}

/// Any request of metrics.
pub(crate) fn metrics() -> impl Strategy<Value = ExportMetricsServiceRequest> {
    let scopes =
        (scope(), vec(metric(), 0..4), text()).prop_map(|(scope, metrics, schema_url)| ScopeMetrics {
            scope,
            metrics,
            schema_url,
        });
    let resources =
        (resource(), vec(scopes, 0..3), text()).prop_map(|(resource, scope_metrics, schema_url)| {
            ResourceMetrics {
                resource,
                scope_metrics,
                schema_url,
            }
        });
    vec(resources, 0..3).prop_map(|resource_metrics| ExportMetricsServiceRequest { resource_metrics })
}
