//! Requests of few different names and values, so that series meet again.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use super::building::*;

fn word() -> BoxedStrategy<String> {
    prop_oneof![Just(String::new()), Just("a".to_owned()), Just("b".to_owned()), Just("a".repeat(300))]
        .boxed()
}

fn value() -> BoxedStrategy<any_value::Value> {
    let leaf = prop_oneof![
        word().prop_map(any_value::Value::StringValue),
        any::<bool>().prop_map(any_value::Value::BoolValue),
        (-1_i64..2).prop_map(any_value::Value::IntValue),
        prop_oneof![Just(0.0), Just(-0.0), Just(1.0), Just(f64::NAN)].prop_map(any_value::Value::DoubleValue),
        word().prop_map(|word| any_value::Value::BytesValue(word.into_bytes())),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        let value = of(inner).prop_map(|value| AnyValue { value });
        let entry = (word(), of(value.clone())).prop_map(|(key, value)| KeyValue {
            key,
            value,
            ..KeyValue::default()
        });
        prop_oneof![
            vec(value, 0..3).prop_map(|values| any_value::Value::ArrayValue(ArrayValue { values })),
            vec(entry, 0..3).prop_map(|values| any_value::Value::KvlistValue(KeyValueList { values })),
        ]
    })
    .boxed()
}

pub(super) fn attributes() -> BoxedStrategy<Vec<KeyValue>> {
    let entry = (word(), of(of(value()).prop_map(|value| AnyValue { value })))
        .prop_map(|(key, value)| KeyValue { key, value, ..KeyValue::default() });
    vec(entry, 0..3).boxed()
}

fn data() -> BoxedStrategy<Data> {
    let points = || vec((attributes(), any::<u64>(), any::<f64>()), 1..3);
    let temporality = 0..3;
    prop_oneof![
        points().prop_map(|points| Data::Gauge(Gauge {
            data_points: points.into_iter().map(number_point).collect()
        })),
        (points(), any::<bool>(), temporality.clone()).prop_map(
            |(points, is_monotonic, aggregation_temporality)| {
                let data_points = points.into_iter().map(number_point).collect();
                Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic })
            }
        ),
        (points(), temporality.clone()).prop_map(|(points, aggregation_temporality)| {
            let points = points.into_iter().map(|(attributes, count, _)| HistogramDataPoint {
                attributes,
                count,
                ..HistogramDataPoint::default()
            });
            Data::Histogram(Histogram { data_points: points.collect(), aggregation_temporality })
        }),
        (points(), temporality).prop_map(|(points, aggregation_temporality)| {
            let points = points.into_iter().map(|(attributes, count, _)| ExponentialHistogramDataPoint {
                attributes,
                count,
                ..ExponentialHistogramDataPoint::default()
            });
            Data::ExponentialHistogram(ExponentialHistogram {
                data_points: points.collect(),
                aggregation_temporality,
            })
        }),
        points().prop_map(|points| {
            let points = points.into_iter().map(|(attributes, count, sum)| SummaryDataPoint {
                attributes,
                count,
                sum,
                ..SummaryDataPoint::default()
            });
            Data::Summary(Summary { data_points: points.collect() })
        }),
    ]
    .boxed()
}

fn number_point((attributes, time_unix_nano, value): (Vec<KeyValue>, u64, f64)) -> NumberDataPoint {
    NumberDataPoint {
        attributes,
        time_unix_nano,
        value: Some(Value::AsDouble(value)),
        ..NumberDataPoint::default()
    }
}

pub(super) fn requests() -> BoxedStrategy<ExportMetricsServiceRequest> {
    let metric = (word(), word(), word(), of(data())).prop_map(|(name, unit, description, data)| Metric {
        name,
        unit,
        description,
        data,
        ..Metric::default()
    });
    let scope = (word(), word(), attributes()).prop_map(|(name, version, attributes)| InstrumentationScope {
        name,
        version,
        attributes,
        ..InstrumentationScope::default()
    });
    let scope_metrics = (of(scope), vec(metric, 0..4)).prop_map(|(scope, metrics)| ScopeMetrics {
        scope,
        metrics,
        ..ScopeMetrics::default()
    });
    let resource = attributes().prop_map(|attributes| Resource { attributes, ..Resource::default() });
    let group = (of(resource), vec(scope_metrics, 0..3)).prop_map(|(resource, scope_metrics)| {
        ResourceMetrics { resource, scope_metrics, ..ResourceMetrics::default() }
    });
    vec(group, 0..3).prop_map(|resource_metrics| ExportMetricsServiceRequest { resource_metrics }).boxed()
}
