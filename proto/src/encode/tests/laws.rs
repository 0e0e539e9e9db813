//! Whatever prost can hold and the writers can say, both write as the same bytes.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar as ProstExemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint,
    exemplar, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{Span as ProstSpan, Status};
use proptest::prelude::*;
use prost::Message;

use crate::encode::{
    self, Attributes, Exemplar, ExponentialBuckets, ExponentialPoint, ExponentialPoints, HistogramPoint,
    HistogramPoints, LogsWriter, MetricScope, Number, Points, Record, Span, SpanKind, SpanStatus,
    Temporality, Times, Value,
};
use crate::testing;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn log_requests_are_written_as_prost_writes_them(mut request in testing::logs()) {
        keep_what_log_writers_can_say(&mut request);
        let mut buf = b"before".to_vec();

        let items = encode::logs(&mut buf, |writer| {
            for resource in &request.resource_logs {
                writer.resource(&resource.schema_url, |to| write_resource(resource.resource.as_ref(), to), |writer| {
                    for scope in &resource.scope_logs {
                        let known = scope.scope.clone().unwrap_or_default();
                        writer.scope_with(
                            &known.name,
                            &known.version,
                            &scope.schema_url,
                            |to| write_attributes(&known.attributes, to),
                            |writer| scope.log_records.iter().for_each(|record| writer.record(|to| write_record(record, to))),
                        );
                    }
                });
            }
        });

        let expected: usize =
            request.resource_logs.iter().flat_map(|r| &r.scope_logs).map(|s| s.log_records.len()).sum();
        prop_assert_eq!(items, expected);
        prop_assert_eq!(&buf[..6], b"before");
        prop_assert_eq!(&buf[6..], request.encode_to_vec());
    }

    #[test]
    fn a_log_request_that_stays_open_ends_as_prost_writes_it(mut request in testing::logs()) {
        keep_what_log_writers_can_say(&mut request);
        for resource in &request.resource_logs {
            for scope in &resource.scope_logs {
                let known = scope.scope.clone().unwrap_or_default();
                let mut writer =
                    LogsWriter::new(|to| write_resource(resource.resource.as_ref(), to), &known.name, &known.version);
                for _ in 0..2 {
                    scope.log_records.iter().for_each(|record| writer.record(|to| write_record(record, to)));
                    prop_assert_eq!(writer.records(), scope.log_records.len());
                    let bound = writer.bytes();
                    let written = writer.finish();
                    prop_assert!(writer.is_empty() && writer.bytes() == 0 && written.len() <= bound);

                    let mut alone = resource.clone();
                    alone.schema_url.clear();
                    let mut scope = scope.clone();
                    scope.schema_url.clear();
                    scope.scope.get_or_insert_default().attributes.clear();
                    alone.scope_logs = vec![scope];
                    prop_assert_eq!(written, ExportLogsServiceRequest { resource_logs: vec![alone] }.encode_to_vec());
                }
            }
        }
    }

    #[test]
    fn metric_requests_are_written_as_prost_writes_them(mut request in testing::metrics()) {
        keep_what_metric_writers_can_say(&mut request);
        let mut buf = Vec::new();

        let items = encode::metrics(&mut buf, |writer| {
            for resource in &request.resource_metrics {
                writer.resource(&resource.schema_url, |to| write_resource(resource.resource.as_ref(), to), |writer| {
                    for scope in &resource.scope_metrics {
                        let known = scope.scope.clone().unwrap_or_default();
                        writer.scope_with(
                            &known.name,
                            &known.version,
                            &scope.schema_url,
                            |to| write_attributes(&known.attributes, to),
                            |writer| scope.metrics.iter().for_each(|metric| write_metric(metric, writer)),
                        );
                    }
                });
            }
        });

        prop_assert_eq!(&buf, &request.encode_to_vec());
        let all = request.resource_metrics.iter().flat_map(|r| &r.scope_metrics).flat_map(|s| &s.metrics);
        prop_assert_eq!(items, all.map(points_of).sum::<usize>());
    }

    #[test]
    fn trace_requests_are_written_as_prost_writes_them(mut request in testing::traces()) {
        keep_what_trace_writers_can_say(&mut request);
        let mut buf = Vec::new();

        let items = encode::traces(&mut buf, |writer| {
            for resource in &request.resource_spans {
                writer.resource(&resource.schema_url, |to| write_resource(resource.resource.as_ref(), to), |writer| {
                    for scope in &resource.scope_spans {
                        let known = scope.scope.clone().unwrap_or_default();
                        writer.scope_with(
                            &known.name,
                            &known.version,
                            &scope.schema_url,
                            |to| write_attributes(&known.attributes, to),
                            |writer| scope.spans.iter().for_each(|span| writer.span(|to| write_span(span, to))),
                        );
                    }
                });
            }
        });

        prop_assert_eq!(&buf, &request.encode_to_vec());
        let expected: usize =
            request.resource_spans.iter().flat_map(|r| &r.scope_spans).map(|s| s.spans.len()).sum();
        prop_assert_eq!(items, expected);
    }
}

fn keep_what_log_writers_can_say(request: &mut ExportLogsServiceRequest) {
    for resource in &mut request.resource_logs {
        known_resource(&mut resource.resource);
        for scope in &mut resource.scope_logs {
            known_scope(&mut scope.scope);
            for record in &mut scope.log_records {
                record.attributes.iter_mut().for_each(given);
                record.body.iter_mut().for_each(given_within);
                record.severity_number = record.severity_number.rem_euclid(25);
                id(&mut record.trace_id, 16);
                id(&mut record.span_id, 8);
            }
        }
        resource.scope_logs.retain(|scope| !scope.log_records.is_empty());
    }
    request.resource_logs.retain(|resource| !resource.scope_logs.is_empty());
}

fn keep_what_trace_writers_can_say(request: &mut ExportTraceServiceRequest) {
    for resource in &mut request.resource_spans {
        known_resource(&mut resource.resource);
        for scope in &mut resource.scope_spans {
            known_scope(&mut scope.scope);
            for span in &mut scope.spans {
                span.attributes.iter_mut().for_each(given);
                span.trace_id.resize(16, 7);
                span.span_id.resize(8, 7);
                id(&mut span.parent_span_id, 8);
                span.kind = span.kind.rem_euclid(6);
                (span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count) =
                    (0, 0, 0);
                for event in &mut span.events {
                    event.attributes.iter_mut().for_each(given);
                    event.dropped_attributes_count = 0;
                }
                for link in &mut span.links {
                    link.attributes.iter_mut().for_each(given);
                    (link.dropped_attributes_count, link.flags) = (0, 0);
                    link.trace_state.clear();
                    link.trace_id.resize(16, 7);
                    link.span_id.resize(8, 7);
                }
                if let Some(status) = &mut span.status {
                    status.code = 1 + status.code.rem_euclid(2);
                    if status.code == 1 {
                        status.message.clear();
                    }
                }
            }
        }
        resource.scope_spans.retain(|scope| !scope.spans.is_empty());
    }
    request.resource_spans.retain(|resource| !resource.scope_spans.is_empty());
}

fn keep_what_metric_writers_can_say(request: &mut ExportMetricsServiceRequest) {
    for resource in &mut request.resource_metrics {
        known_resource(&mut resource.resource);
        for scope in &mut resource.scope_metrics {
            known_scope(&mut scope.scope);
            scope.metrics.iter_mut().for_each(known_metric);
            scope.metrics.retain(|metric| points_of(metric) > 0);
        }
        resource.scope_metrics.retain(|scope| !scope.metrics.is_empty());
    }
    request.resource_metrics.retain(|resource| !resource.scope_metrics.is_empty());
}

fn known_metric(metric: &mut Metric) {
    metric.metadata.clear();
    match &mut metric.data {
        Some(Data::Gauge(gauge)) => gauge.data_points.iter_mut().for_each(known_number),
        Some(Data::Sum(sum)) => {
            sum.aggregation_temporality = 1 + sum.aggregation_temporality.rem_euclid(2);
            sum.data_points.iter_mut().for_each(known_number);
        }
        Some(Data::Histogram(histogram)) => {
            histogram.aggregation_temporality = 1 + histogram.aggregation_temporality.rem_euclid(2);
            for point in &mut histogram.data_points {
                point.attributes.iter_mut().for_each(given);
                point.exemplars.iter_mut().for_each(known_exemplar);
                point.flags = 0;
            }
        }
        Some(Data::ExponentialHistogram(histogram)) => {
            histogram.aggregation_temporality = 1 + histogram.aggregation_temporality.rem_euclid(2);
            for point in &mut histogram.data_points {
                point.attributes.iter_mut().for_each(given);
                point.exemplars.iter_mut().for_each(known_exemplar);
                point.flags = 0;
                for buckets in [&mut point.positive, &mut point.negative] {
                    if *buckets == Some(Buckets::default()) {
                        *buckets = None;
                    }
                }
            }
        }
        Some(Data::Summary(_)) | None => metric.data = None,
    }
}

/// What is written of an exemplar: a floating-point value, and ids.
fn known_exemplar(exemplar: &mut ProstExemplar) {
    exemplar.filtered_attributes.clear();
    exemplar.span_id.resize(8, 7);
    exemplar.trace_id.resize(16, 7);
    if !matches!(exemplar.value, Some(exemplar::Value::AsDouble(_))) {
        exemplar.value = Some(exemplar::Value::AsDouble(0.5));
    }
}

fn known_number(point: &mut NumberDataPoint) {
    point.attributes.iter_mut().for_each(given);
    point.exemplars.iter_mut().for_each(known_exemplar);
    point.flags = 0;
    point.value.get_or_insert(number_data_point::Value::AsInt(0));
}

fn known_resource(resource: &mut Option<Resource>) {
    let resource = resource.get_or_insert_default();
    resource.dropped_attributes_count = 0;
    resource.entity_refs.clear();
    resource.attributes.iter_mut().for_each(given);
}

fn known_scope(scope: &mut Option<InstrumentationScope>) {
    let scope = scope.get_or_insert_default();
    scope.dropped_attributes_count = 0;
    scope.attributes.iter_mut().for_each(given);
}

/// Ids have their length or are not there.
fn id(id: &mut Vec<u8>, length: usize) {
    if !id.is_empty() {
        id.resize(length, 7);
    }
}

/// Writers always write a value, be it the empty one.
fn given(pair: &mut KeyValue) {
    pair.key_strindex = 0;
    given_within(pair.value.get_or_insert_default());
}

fn given_within(value: &mut AnyValue) {
    match &mut value.value {
        Some(Any::ArrayValue(array)) => array.values.iter_mut().for_each(given_within),
        Some(Any::KvlistValue(map)) => map.values.iter_mut().for_each(given),
        Some(Any::StringValueStrindex(_)) => value.value = None,
        _ => {}
    }
}

fn points_of(metric: &Metric) -> usize {
    match &metric.data {
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Summary(_)) | None => 0,
    }
}

fn write_resource(resource: Option<&Resource>, to: &mut Attributes<'_>) {
    write_attributes(&resource.expect("made known").attributes, to);
}

fn write_attributes(attributes: &[KeyValue], to: &mut Attributes<'_>) {
    for KeyValue { key, value, .. } in attributes {
        match value.as_ref().and_then(|value| value.value.as_ref()) {
            Some(Any::StringValue(value)) => to.string(key, value),
            Some(Any::BoolValue(value)) => to.bool(key, *value),
            Some(Any::IntValue(value)) => to.int(key, *value),
            Some(Any::DoubleValue(value)) => to.double(key, *value),
            Some(Any::BytesValue(value)) => to.bytes(key, value),
            Some(Any::ArrayValue(array)) => to.array(key, |to| {
                array.values.iter().for_each(|value| to.value(|to| write_value(value, to)));
            }),
            Some(Any::KvlistValue(map)) => to.map(key, |to| write_attributes(&map.values, to)),
            Some(Any::StringValueStrindex(_)) | None => to.value(key, |_| {}),
        }
    }
}

fn write_value(value: &AnyValue, to: Value<'_>) {
    match &value.value {
        Some(Any::StringValue(value)) => to.string(value),
        Some(Any::BoolValue(value)) => to.bool(*value),
        Some(Any::IntValue(value)) => to.int(*value),
        Some(Any::DoubleValue(value)) => to.double(*value),
        Some(Any::BytesValue(value)) => to.bytes(value),
        Some(Any::ArrayValue(array)) => to.array(|to| {
            array.values.iter().for_each(|value| match &value.value {
                Some(Any::StringValue(value)) => to.string(value),
                Some(Any::IntValue(value)) => to.int(*value),
                Some(Any::DoubleValue(value)) => to.double(*value),
                Some(Any::BoolValue(value)) => to.bool(*value),
                _ => to.value(|to| write_value(value, to)),
            });
        }),
        Some(Any::KvlistValue(map)) => to.map(|to| write_attributes(&map.values, to)),
        Some(Any::StringValueStrindex(_)) | None => {}
    }
}

fn write_record(record: &LogRecord, to: &mut Record<'_>) {
    to.time(record.time_unix_nano);
    to.severity(record.severity_number as u8, &record.severity_text);
    if let Some(body) = &record.body {
        to.body_value(|to| write_value(body, to));
    }
    write_attributes(&record.attributes, &mut to.attributes());
    to.dropped_attributes(record.dropped_attributes_count);
    to.flags(record.flags);
    if !record.trace_id.is_empty() {
        to.trace_id(&record.trace_id.as_slice().try_into().expect("16 bytes"));
    }
    if !record.span_id.is_empty() {
        to.span_id(&record.span_id.as_slice().try_into().expect("8 bytes"));
    }
    to.observed_time(record.observed_time_unix_nano);
    to.event_name(&record.event_name);
}

fn write_metric(metric: &Metric, to: &mut MetricScope<'_>) {
    let Metric { name, description, unit, .. } = metric;
    match metric.data.as_ref().expect("made known") {
        Data::Gauge(gauge) => {
            to.gauge(name, unit, description, |to| write_points(&gauge.data_points, to));
        }
        Data::Sum(sum) => {
            let temporality = temporality(sum.aggregation_temporality);
            to.sum(name, unit, description, temporality, sum.is_monotonic, |to| {
                write_points(&sum.data_points, to)
            });
        }
        Data::Histogram(histogram) => {
            let temporality = temporality(histogram.aggregation_temporality);
            to.histogram(name, unit, description, temporality, |to| {
                histogram.data_points.iter().for_each(|point| write_histogram(point, to));
            });
        }
        Data::ExponentialHistogram(histogram) => {
            let temporality = temporality(histogram.aggregation_temporality);
            to.exponential_histogram(name, unit, description, temporality, |to| {
                histogram.data_points.iter().for_each(|point| write_exponential(point, to));
            });
        }
        Data::Summary(_) => unreachable!("not kept"),
    }
}

fn write_points(points: &[NumberDataPoint], to: &mut Points<'_>) {
    for point in points {
        let times = Times::since(point.start_time_unix_nano, point.time_unix_nano);
        let value = match point.value.as_ref().expect("made known") {
            number_data_point::Value::AsDouble(value) => Number::Double(*value),
            number_data_point::Value::AsInt(value) => Number::Int(*value),
        };
        if point.exemplars.is_empty() {
            to.number(times, value, |to| write_attributes(&point.attributes, to));
        } else {
            let exemplars = exemplars(&point.exemplars);
            to.number_with(times, value, exemplars, |to| write_attributes(&point.attributes, to));
        }
    }
}

fn write_histogram(point: &HistogramDataPoint, to: &mut HistogramPoints<'_>) {
    let times = Times::since(point.start_time_unix_nano, point.time_unix_nano);
    let value = HistogramPoint {
        count: point.count,
        sum: point.sum,
        min: point.min,
        max: point.max,
        bounds: &point.explicit_bounds,
        buckets: &point.bucket_counts,
    };
    to.point_with(times, &value, exemplars(&point.exemplars), |to| write_attributes(&point.attributes, to));
}

fn write_exponential(point: &ExponentialHistogramDataPoint, to: &mut ExponentialPoints<'_>) {
    let times = Times::since(point.start_time_unix_nano, point.time_unix_nano);
    let value = ExponentialPoint {
        count: point.count,
        sum: point.sum,
        min: point.min,
        max: point.max,
        scale: point.scale,
        zero_count: point.zero_count,
        zero_threshold: point.zero_threshold,
        positive: buckets(point.positive.as_ref()),
        negative: buckets(point.negative.as_ref()),
    };
    to.point(times, &value, exemplars(&point.exemplars), |to| write_attributes(&point.attributes, to));
}

fn buckets(buckets: Option<&Buckets>) -> ExponentialBuckets<'_> {
    buckets.map_or_else(ExponentialBuckets::default, |buckets| ExponentialBuckets {
        offset: buckets.offset,
        counts: &buckets.bucket_counts,
    })
}

fn exemplars(exemplars: &[ProstExemplar]) -> impl Iterator<Item = Exemplar> {
    exemplars.iter().map(|exemplar| Exemplar {
        time: exemplar.time_unix_nano,
        value: match exemplar.value {
            Some(exemplar::Value::AsDouble(value)) => value,
            Some(exemplar::Value::AsInt(_)) | None => unreachable!("made known"),
        },
        trace_id: exemplar.trace_id.as_slice().try_into().expect("16 bytes"),
        span_id: exemplar.span_id.as_slice().try_into().expect("8 bytes"),
    })
}

fn temporality(number: i32) -> Temporality {
    if number == 1 { Temporality::Delta } else { Temporality::Cumulative }
}

fn write_span(span: &ProstSpan, to: &mut Span<'_>) {
    to.ids(
        &span.trace_id.as_slice().try_into().expect("16 bytes"),
        &span.span_id.as_slice().try_into().expect("8 bytes"),
    );
    to.trace_state(&span.trace_state);
    if !span.parent_span_id.is_empty() {
        to.parent(&span.parent_span_id.as_slice().try_into().expect("8 bytes"));
    }
    to.name(&span.name);
    match span.kind {
        1 => to.kind(SpanKind::Internal),
        2 => to.kind(SpanKind::Server),
        3 => to.kind(SpanKind::Client),
        4 => to.kind(SpanKind::Producer),
        5 => to.kind(SpanKind::Consumer),
        _ => {}
    }
    to.times(span.start_time_unix_nano, span.end_time_unix_nano);
    write_attributes(&span.attributes, &mut to.attributes());
    for event in &span.events {
        to.event(event.time_unix_nano, &event.name, |to| write_attributes(&event.attributes, to));
    }
    for link in &span.links {
        to.link(
            &link.trace_id.as_slice().try_into().expect("16 bytes"),
            &link.span_id.as_slice().try_into().expect("8 bytes"),
            |to| write_attributes(&link.attributes, to),
        );
    }
    match &span.status {
        Some(Status { code: 1, .. }) => to.status(SpanStatus::Ok),
        Some(Status { message, .. }) => to.status(SpanStatus::Error(message)),
        None => {}
    }
    to.flags(span.flags);
}
