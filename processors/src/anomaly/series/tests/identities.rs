use std::collections::BTreeMap;

use proptest::prelude::*;

use super::encoding::{Part, odd};
use super::generated::{attributes, requests};
use super::*;

/// A series, spelled out: what its key is a hash of.
fn spelled(request: &ExportMetricsServiceRequest) -> Vec<String> {
    let mut series = Vec::new();
    for group in &request.resource_metrics {
        let resource = all(group.resource.as_ref().map_or(&[], |resource| &resource.attributes));
        for group in &group.scope_metrics {
            let scope = group.scope.clone().unwrap_or_default();
            let scope = (scope.name, scope.version, all(&scope.attributes));
            for metric in &group.metrics {
                let (kind, points): (_, Vec<&[KeyValue]>) = match &metric.data {
                    None => ("none", vec![]),
                    Some(Data::Gauge(data)) => {
                        ("gauge", data.data_points.iter().map(|point| &*point.attributes).collect())
                    }
                    Some(Data::Sum(data)) => (
                        if data.is_monotonic { "counter" } else { "sum" },
                        data.data_points.iter().map(|point| &*point.attributes).collect(),
                    ),
                    Some(Data::Histogram(data)) => {
                        ("histogram", data.data_points.iter().map(|point| &*point.attributes).collect())
                    }
                    Some(Data::ExponentialHistogram(data)) => {
                        ("exponential", data.data_points.iter().map(|point| &*point.attributes).collect())
                    }
                    Some(Data::Summary(data)) => {
                        ("summary", data.data_points.iter().map(|point| &*point.attributes).collect())
                    }
                };
                let metric = (&resource, &scope, &metric.name, &metric.unit, kind);
                series
                    .extend(points.into_iter().map(|attributes| format!("{metric:?} {:?}", all(attributes))));
            }
        }
    }
    series
}

/// Attributes in one order.
fn all(attributes: &[KeyValue]) -> Vec<String> {
    let mut all: Vec<String> = attributes
        .iter()
        .map(|attribute| {
            let value = attribute.value.as_ref().and_then(|value| value.value.as_ref());
            format!("{:?}: {}", attribute.key, content(value))
        })
        .collect();
    all.sort();
    all
}

fn content(value: Option<&any_value::Value>) -> String {
    match value {
        Some(any_value::Value::ArrayValue(list)) => {
            format!("{:?}", list.values.iter().map(|value| content(value.value.as_ref())).collect::<Vec<_>>())
        }
        Some(any_value::Value::KvlistValue(map)) => format!("map {:?}", all(&map.values)),
        Some(any_value::Value::DoubleValue(value)) => format!("float {:x}", value.to_bits()),
        other => format!("{other:?}"),
    }
}

fn shuffled(attributes: &mut [KeyValue], turn: usize) {
    for attribute in attributes.iter_mut() {
        if let Some(any_value::Value::KvlistValue(map)) =
            attribute.value.as_mut().and_then(|value| value.value.as_mut())
        {
            shuffled(&mut map.values, turn);
        }
    }
    if !attributes.is_empty() {
        let turn = turn % attributes.len();
        attributes.rotate_left(turn);
    }
}

fn point_attributes(metric: &mut Metric) -> Vec<&mut Vec<KeyValue>> {
    match &mut metric.data {
        None => vec![],
        Some(Data::Gauge(data)) => data.data_points.iter_mut().map(|point| &mut point.attributes).collect(),
        Some(Data::Sum(data)) => data.data_points.iter_mut().map(|point| &mut point.attributes).collect(),
        Some(Data::Histogram(data)) => {
            data.data_points.iter_mut().map(|point| &mut point.attributes).collect()
        }
        Some(Data::ExponentialHistogram(data)) => {
            data.data_points.iter_mut().map(|point| &mut point.attributes).collect()
        }
        Some(Data::Summary(data)) => data.data_points.iter_mut().map(|point| &mut point.attributes).collect(),
    }
}

proptest! {
    #[test]
    fn keys_are_equal_where_series_are_and_only_there(one in requests(), other in requests()) {
        let mut series = BTreeMap::new();
        let mut names = BTreeMap::new();
        for request in [&one, &other] {
            let (keys, spelled) = (keys(&request.encode_to_vec()), spelled(request));
            prop_assert_eq!(keys.len(), spelled.len());
            for (key, spelled) in keys.into_iter().zip(spelled) {
                prop_assert_eq!(series.entry(key).or_insert_with(|| spelled.clone()), &spelled);
                prop_assert_eq!(*names.entry(spelled).or_insert(key), key);
            }
        }
    }

    #[test]
    fn keys_depend_neither_on_the_order_of_attributes_nor_on_the_encoding(request in requests(), turn in 0_usize..3) {
        let mut other = request.clone();
        for group in &mut other.resource_metrics {
            group.resource.iter_mut().for_each(|resource| shuffled(&mut resource.attributes, turn));
            for group in &mut group.scope_metrics {
                group.scope.iter_mut().for_each(|scope| shuffled(&mut scope.attributes, turn));
                for metric in &mut group.metrics {
                    metric.description.push('x');
                    point_attributes(metric).into_iter().for_each(|attributes| shuffled(attributes, turn));
                }
            }
        }
        let (request, other) = (request.encode_to_vec(), other.encode_to_vec());
        prop_assert_eq!(keys(&other), keys(&request));
        prop_assert_eq!(keys(&odd(Part::Request, &other)), keys(&request));
    }

    #[test]
    fn a_resource_has_its_own_key(one in attributes(), other in attributes()) {
        let key = |attributes: &[KeyValue]| {
            let mut request = gauge(number(0.0, 1.0, Value::AsInt(1)));
            let resource = Resource { attributes: attributes.to_vec(), ..Resource::default() };
            request.resource_metrics[0].resource = Some(resource);
            let mut key = 0;
            walk(&request.encode_to_vec(), &mut |found| key = found.resource_key);
            key
        };
        prop_assert_eq!(key(&one) == key(&other), all(&one) == all(&other));
    }
}

#[test]
fn attributes_of_a_kind_do_not_cancel_out() {
    let with = |attributes: &[(&str, &str)]| {
        let attributes = attributes.iter().map(|(key, value)| text(key, value)).collect();
        keys(&gauge(NumberDataPoint { attributes, ..number(0.0, 1.0, Value::AsInt(1)) }).encode_to_vec())
    };
    let a = ("a", "1");
    assert_ne!(with(&[a, a]), with(&[]));
    assert_ne!(with(&[a, a]), with(&[a]));
    assert_ne!(with(&[a, a, a]), with(&[a]));
}

#[test]
fn keys_are_those_that_states_were_stored_under() {
    let attributes = vec![text("host.name", "a"), attribute("n", any_value::Value::IntValue(7))];
    let request = gauge(NumberDataPoint { attributes, ..number(0.0, 1.0, Value::AsInt(1)) });
    // When this changes, all that was learned is lost: let it be on purpose.
    assert_eq!(keys(&request.encode_to_vec()), [15_527_258_356_853_195_534]);
}

#[test]
fn values_nested_deeper_than_anyone_nests_have_a_key() {
    let mut value = any_value::Value::BoolValue(true);
    for _ in 0..300 {
        value = any_value::Value::ArrayValue(ArrayValue { values: vec![AnyValue { value: Some(value) }] });
    }
    let request =
        gauge(NumberDataPoint { attributes: vec![attribute("a", value)], ..NumberDataPoint::default() });
    assert_eq!(keys(&request.encode_to_vec()).len(), 1);
}

#[test]
fn a_point_without_a_recorded_value_is_found() {
    let request = gauge(NumberDataPoint { flags: 1, value: None, ..number(0.0, 1.0, Value::AsInt(1)) });
    assert_eq!(keys(&request.encode_to_vec()).len(), 1);
    assert_eq!(read(&mut Past::default(), [request]), [vec![]]);
}
