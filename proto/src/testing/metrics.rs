use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint,
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar,
    number_data_point,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use super::common::{attributes, bytes, count, number, resource, scope, text};

pub(crate) fn metrics() -> BoxedStrategy<ExportMetricsServiceRequest> {
    let scope_metrics = (scope(), vec(metric(), 0..4), text())
        .prop_map(|(scope, metrics, schema_url)| ScopeMetrics { scope, metrics, schema_url });
    let resource_metrics =
        (resource(), vec(scope_metrics, 0..3), text()).prop_map(|(resource, scope_metrics, schema_url)| {
            ResourceMetrics { resource, scope_metrics, schema_url }
        });
    vec(resource_metrics, 0..3)
        .prop_map(|resource_metrics| ExportMetricsServiceRequest { resource_metrics })
        .boxed()
}

fn metric() -> BoxedStrategy<Metric> {
    (text(), text(), text(), attributes(), of(data()))
        .prop_map(|(name, description, unit, metadata, data)| Metric {
            name,
            description,
            unit,
            metadata,
            data,
        })
        .boxed()
}

fn data() -> BoxedStrategy<Data> {
    prop_oneof![
        vec(number_point(), 0..5).prop_map(|data_points| Data::Gauge(Gauge { data_points })),
        (vec(number_point(), 0..5), any::<i32>(), any::<bool>()).prop_map(
            |(data_points, aggregation_temporality, is_monotonic)| {
                Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic })
            }
        ),
        (vec(histogram_point(), 0..4), any::<i32>()).prop_map(|(data_points, aggregation_temporality)| {
            Data::Histogram(Histogram { data_points, aggregation_temporality })
        }),
        (vec(exponential_point(), 0..4), any::<i32>()).prop_map(|(data_points, aggregation_temporality)| {
            Data::ExponentialHistogram(ExponentialHistogram { data_points, aggregation_temporality })
        }),
        vec(summary_point(), 0..4).prop_map(|data_points| Data::Summary(Summary { data_points })),
    ]
    .boxed()
}

fn exemplars() -> BoxedStrategy<Vec<Exemplar>> {
    let value = of(prop_oneof![
        any::<f64>().prop_map(exemplar::Value::AsDouble),
        any::<i64>().prop_map(exemplar::Value::AsInt),
    ]);
    let exemplar = (attributes(), number(), bytes(), bytes(), value).prop_map(
        |(filtered_attributes, time_unix_nano, span_id, trace_id, value)| Exemplar {
            filtered_attributes,
            time_unix_nano,
            span_id,
            trace_id,
            value,
        },
    );
    vec(exemplar, 0..2).boxed()
}

fn number_point() -> BoxedStrategy<NumberDataPoint> {
    let value = of(prop_oneof![
        any::<f64>().prop_map(number_data_point::Value::AsDouble),
        any::<i64>().prop_map(number_data_point::Value::AsInt),
    ]);
    (attributes(), number(), number(), exemplars(), count(), value)
        .prop_map(|(attributes, start_time_unix_nano, time_unix_nano, exemplars, flags, value)| {
            NumberDataPoint { attributes, start_time_unix_nano, time_unix_nano, exemplars, flags, value }
        })
        .boxed()
}

fn histogram_point() -> BoxedStrategy<HistogramDataPoint> {
    let head = (attributes(), number(), number(), number(), of(any::<f64>()));
    let tail = (vec(number(), 0..20), vec(any::<f64>(), 0..20), exemplars(), count());
    (head, tail, of(any::<f64>()), of(any::<f64>()))
        .prop_map(|(head, tail, min, max)| HistogramDataPoint {
            attributes: head.0,
            start_time_unix_nano: head.1,
            time_unix_nano: head.2,
            count: head.3,
            sum: head.4,
            bucket_counts: tail.0,
            explicit_bounds: tail.1,
            exemplars: tail.2,
            flags: tail.3,
            min,
            max,
        })
        .boxed()
}

fn exponential_point() -> BoxedStrategy<ExponentialHistogramDataPoint> {
    let buckets = || {
        of((any::<i32>(), vec(number(), 0..20))
            .prop_map(|(offset, bucket_counts)| Buckets { offset, bucket_counts }))
    };
    let head = (attributes(), number(), number(), number(), of(any::<f64>()), any::<i32>(), number());
    let tail = (buckets(), buckets(), count(), exemplars(), of(any::<f64>()), of(any::<f64>()), any::<f64>());
    (head, tail)
        .prop_map(|(head, tail)| ExponentialHistogramDataPoint {
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
        .boxed()
}

fn summary_point() -> BoxedStrategy<SummaryDataPoint> {
    let quantile =
        (any::<f64>(), any::<f64>()).prop_map(|(quantile, value)| ValueAtQuantile { quantile, value });
    (attributes(), number(), number(), number(), any::<f64>(), vec(quantile, 0..3), count())
        .prop_map(|(attributes, start_time_unix_nano, time_unix_nano, count, sum, quantile_values, flags)| {
            SummaryDataPoint {
                attributes,
                start_time_unix_nano,
                time_unix_nano,
                count,
                sum,
                quantile_values,
                flags,
            }
        })
        .boxed()
}
