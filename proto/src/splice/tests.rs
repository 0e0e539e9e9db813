//! Edits are compared with the same edits of the decoded request.

use bytes::Bytes;
use opentelemetry_proto::tonic::common::v1::{AnyValue as ProstValue, ArrayValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data};
use opentelemetry_proto::tonic::resource::v1::Resource as ProstResource;
use proptest::prelude::*;

use super::*;
use crate::Signal;
use crate::testing::{Decoded, any_encoded, damage};
use crate::wire::{Fields, put_bytes, put_varint_field};

/// Edits that stay within bounds.
fn resources(
    signal: Signal,
    request: &Bytes,
    edit: &mut impl FnMut(Option<crate::view::Resource<'_>>, &mut Attributes<'_>),
) -> Option<Bytes> {
    super::resources(signal, request, edit).expect("within bounds")
}

/// Edits that stay within bounds.
fn items(
    signal: Signal,
    request: &Bytes,
    edit: &mut impl FnMut(&Located<'_>, &mut Attributes<'_>),
) -> Option<Bytes> {
    super::items(signal, request, edit).expect("within bounds")
}

#[test]
fn an_edit_that_would_blow_a_request_up_is_given_up() {
    // A million empty resources in two bytes each, a hundred bytes for each of them.
    let request = Bytes::from([0x0a, 0].repeat(1_000_000));
    let edited = super::resources(Signal::Logs, &request, &mut |_resource, attributes| {
        attributes.upsert("key", "x".repeat(100).as_str());
    });
    assert_eq!(edited, Err(Outgrown));

    let edited =
        super::items(Signal::Logs, &wrapped(&[]).repeat(200_000).into(), &mut |_item, attributes| {
            attributes.upsert("key", "x".repeat(200).as_str());
        });
    assert_eq!(edited, Err(Outgrown));
}

/// One step of an edit.
#[derive(Clone, Debug)]
enum Step {
    Set(Write, String, New),
    Copy(Write, String, String),
    Remove(String),
    RetainShort,
}

/// A value to be written.
#[derive(Clone, Debug)]
enum New {
    Text(String),
    Bool(bool),
    Int(i64),
    Double(f64),
    Bytes(Vec<u8>),
    Array(Vec<i64>, String),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let write = || prop_oneof![Just(Write::Insert), Just(Write::Update), Just(Write::Upsert)];
    let new = prop_oneof![
        prop_oneof!["[a-z]{0,4}", "[a-z]{100,200}"].prop_map(New::Text),
        any::<bool>().prop_map(New::Bool),
        any::<i64>().prop_map(New::Int),
        any::<f64>().prop_map(New::Double),
        proptest::collection::vec(any::<u8>(), 0..200).prop_map(New::Bytes),
        (proptest::collection::vec(any::<i64>(), 0..20), ".{0,3}")
            .prop_map(|(list, text)| New::Array(list, text)),
    ];
    let step = prop_oneof![
        3 => (write(), "[a-d]", new).prop_map(|(write, key, value)| Step::Set(write, key, value)),
        1 => (write(), "[a-d]", "[a-d]").prop_map(|(write, key, from)| Step::Copy(write, key, from)),
        1 => "[a-d]".prop_map(Step::Remove),
        1 => Just(Step::RetainShort),
    ];
    proptest::collection::vec(step, 0..5)
}

fn splice(steps: &[Step], attributes: &mut Attributes<'_>) {
    for step in steps {
        match step {
            Step::Set(write, key, New::Text(text)) => {
                attributes.set(*write, key, text.as_str());
            }
            Step::Set(write, key, New::Bool(truth)) => {
                attributes.set(*write, key, *truth);
            }
            Step::Set(write, key, New::Int(number)) => {
                attributes.set(*write, key, *number);
            }
            Step::Set(write, key, New::Double(number)) => {
                attributes.set(*write, key, *number);
            }
            Step::Set(write, key, New::Bytes(bytes)) => {
                attributes.set(*write, key, AttributeValue::Bytes(bytes));
            }
            Step::Set(write, key, New::Array(numbers, text)) => {
                let mut list: Vec<_> = numbers.iter().map(|&number| AttributeValue::Int(number)).collect();
                list.push(AttributeValue::String(text));
                attributes.set(*write, key, AttributeValue::Array(&list));
            }
            Step::Copy(write, key, from) => {
                attributes.copy(*write, key, from);
            }
            Step::Remove(key) => {
                attributes.remove(key);
            }
            Step::RetainShort => attributes.retain(|attribute| attribute.key().len() <= 1),
        }
    }
}

/// The same on the decoded list.
fn reference(steps: &[Step], attributes: &mut Vec<KeyValue>) {
    for step in steps {
        match step {
            Step::Set(write, key, new) => {
                let value = match new {
                    New::Text(text) => any_value::Value::StringValue(text.clone()),
                    New::Bool(truth) => any_value::Value::BoolValue(*truth),
                    New::Int(number) => any_value::Value::IntValue(*number),
                    New::Double(number) => any_value::Value::DoubleValue(*number),
                    New::Bytes(bytes) => any_value::Value::BytesValue(bytes.clone()),
                    New::Array(numbers, text) => {
                        let numbers = numbers.iter().map(|&number| any_value::Value::IntValue(number));
                        let text = any_value::Value::StringValue(text.clone());
                        let values =
                            numbers.chain([text]).map(|value| ProstValue { value: Some(value) }).collect();
                        any_value::Value::ArrayValue(ArrayValue { values })
                    }
                };
                set(*write, key, ProstValue { value: Some(value) }, attributes);
            }
            Step::Copy(write, key, from) => {
                if let Some(found) = attributes.iter().find(|attribute| attribute.key == *from) {
                    set(*write, key, found.value.clone().unwrap_or_default(), attributes);
                }
            }
            Step::Remove(key) => attributes.retain(|attribute| attribute.key != *key),
            Step::RetainShort => attributes.retain(|attribute| attribute.key.len() <= 1),
        }
    }
}

fn set(write: Write, key: &str, value: ProstValue, attributes: &mut Vec<KeyValue>) {
    let found = attributes.iter().position(|attribute| attribute.key == key);
    let new = KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() };
    match (found, write) {
        (Some(index), Write::Update | Write::Upsert) => {
            attributes[index] = new;
            let mut at = 0;
            attributes.retain(|attribute| {
                at += 1;
                attribute.key != key || at <= index + 1
            });
        }
        (None, Write::Insert | Write::Upsert) => attributes.push(new),
        (Some(_), Write::Insert) | (None, Write::Update) => {}
    }
}

fn edit_resources(request: &mut Decoded, steps: &[Step]) {
    let edit = |resource: &mut Option<ProstResource>| {
        let was_missing = resource.is_none();
        let mut edited = resource.take().unwrap_or_default();
        reference(steps, &mut edited.attributes);
        *resource = (!was_missing || !edited.attributes.is_empty()).then_some(edited);
    };
    match request {
        Decoded::Traces(request) => {
            request.resource_spans.iter_mut().for_each(|group| edit(&mut group.resource))
        }
        Decoded::Metrics(request) => {
            request.resource_metrics.iter_mut().for_each(|group| edit(&mut group.resource))
        }
        Decoded::Logs(request) => {
            request.resource_logs.iter_mut().for_each(|group| edit(&mut group.resource))
        }
    }
}

fn edit_items(request: &mut Decoded, steps: &[Step]) {
    match request {
        Decoded::Traces(request) => {
            for span in request
                .resource_spans
                .iter_mut()
                .flat_map(|group| &mut group.scope_spans)
                .flat_map(|scope| &mut scope.spans)
            {
                reference(steps, &mut span.attributes);
            }
        }
        Decoded::Logs(request) => {
            for record in request
                .resource_logs
                .iter_mut()
                .flat_map(|group| &mut group.scope_logs)
                .flat_map(|scope| &mut scope.log_records)
            {
                reference(steps, &mut record.attributes);
            }
        }
        Decoded::Metrics(request) => {
            for metric in request
                .resource_metrics
                .iter_mut()
                .flat_map(|group| &mut group.scope_metrics)
                .flat_map(|scope| &mut scope.metrics)
            {
                match &mut metric.data {
                    None => {}
                    Some(Data::Gauge(data)) => {
                        data.data_points.iter_mut().for_each(|point| reference(steps, &mut point.attributes))
                    }
                    Some(Data::Sum(data)) => {
                        data.data_points.iter_mut().for_each(|point| reference(steps, &mut point.attributes))
                    }
                    Some(Data::Histogram(data)) => {
                        data.data_points.iter_mut().for_each(|point| reference(steps, &mut point.attributes))
                    }
                    Some(Data::ExponentialHistogram(data)) => {
                        data.data_points.iter_mut().for_each(|point| reference(steps, &mut point.attributes))
                    }
                    Some(Data::Summary(data)) => {
                        data.data_points.iter_mut().for_each(|point| reference(steps, &mut point.attributes))
                    }
                }
            }
        }
    }
}

/// Removes every item that the pattern, repeated, says so; then what became empty.
fn remove_items(request: &mut Decoded, keep: &mut impl FnMut() -> bool) {
    fn prune<T, C>(
        groups: &mut Vec<T>,
        children: impl Fn(&mut T) -> &mut Vec<C>,
        mut shrink: impl FnMut(&mut Vec<C>),
    ) {
        groups.retain_mut(|group| {
            let list = children(group);
            let before = list.len();
            shrink(list);
            before == 0 || !list.is_empty()
        });
    }
    match request {
        Decoded::Traces(request) => prune(
            &mut request.resource_spans,
            |group| &mut group.scope_spans,
            |scopes| {
                prune(scopes, |scope| &mut scope.spans, |spans| spans.retain(|_span| keep()));
            },
        ),
        Decoded::Logs(request) => prune(
            &mut request.resource_logs,
            |group| &mut group.scope_logs,
            |scopes| {
                prune(scopes, |scope| &mut scope.log_records, |records| records.retain(|_record| keep()));
            },
        ),
        Decoded::Metrics(request) => prune(
            &mut request.resource_metrics,
            |group| &mut group.scope_metrics,
            |scopes| {
                prune(
                    scopes,
                    |scope| &mut scope.metrics,
                    |metrics| metrics.retain_mut(|metric| keep_metric(metric, keep)),
                );
            },
        ),
    }
}

fn keep_metric(metric: &mut Metric, keep: &mut impl FnMut() -> bool) -> bool {
    fn retain<P>(points: &mut Vec<P>, keep: &mut impl FnMut() -> bool) -> bool {
        let before = points.len();
        points.retain(|_point| keep());
        before == 0 || !points.is_empty()
    }
    match &mut metric.data {
        None => true,
        Some(Data::Gauge(data)) => retain(&mut data.data_points, keep),
        Some(Data::Sum(data)) => retain(&mut data.data_points, keep),
        Some(Data::Histogram(data)) => retain(&mut data.data_points, keep),
        Some(Data::ExponentialHistogram(data)) => retain(&mut data.data_points, keep),
        Some(Data::Summary(data)) => retain(&mut data.data_points, keep),
    }
}

/// Answers with the pattern, over and over.
fn cycle(pattern: &[bool]) -> impl FnMut() -> bool + use<'_> {
    let mut answers = pattern.iter().cycle();
    move || answers.next().copied().unwrap_or(true)
}

/// The fields of a request that no schema knows, in order.
fn unknown_at_the_top(request: &[u8]) -> Vec<&[u8]> {
    Fields::new(request).filter(|field| field.number != 1).map(|field| field.raw).collect()
}

proptest! {
    #[test]
    fn editing_resources_equals_editing_the_decoded((signal, request) in any_encoded(), steps in steps()) {
        let mut expected = Decoded::decode(signal, &request).expect("well-formed request");
        edit_resources(&mut expected, &steps);

        let edited = resources(signal, &request, &mut |_resource, attributes| splice(&steps, attributes));

        let edited = edited.unwrap_or(request.clone());
        prop_assert_eq!(Decoded::decode(signal, &edited).expect("well-formed edit"), expected);
        prop_assert_eq!(unknown_at_the_top(&edited), unknown_at_the_top(&request));
    }

    #[test]
    fn editing_items_equals_editing_the_decoded((signal, request) in any_encoded(), steps in steps()) {
        let mut expected = Decoded::decode(signal, &request).expect("well-formed request");
        edit_items(&mut expected, &steps);

        let mut seen = 0;
        let edited = items(signal, &request, &mut |_item, attributes| {
            seen += 1;
            splice(&steps, attributes);
        });

        prop_assert_eq!(seen, expected.items());
        let edited = edited.unwrap_or(request.clone());
        prop_assert_eq!(Decoded::decode(signal, &edited).expect("well-formed edit"), expected);
        prop_assert_eq!(unknown_at_the_top(&edited), unknown_at_the_top(&request));
    }

    #[test]
    fn edits_that_are_undone_give_back_the_same_bytes((signal, request) in any_encoded()) {
        let there = items(signal, &request, &mut |_item, attributes| attributes.upsert("not there yet", "x"));
        if let Some(there) = there {
            prop_assert_ne!(&there, &request);
            let back = items(signal, &there, &mut |_item, attributes| {
                attributes.remove("not there yet");
            });
            prop_assert_eq!(back, Some(request));
        }
    }

    #[test]
    fn edits_that_change_nothing_are_no_edits((signal, request) in any_encoded()) {
        let rewrite = |attributes: &mut Attributes<'_>| {
            attributes.insert("passing", true);
            attributes.remove("passing");
            attributes.update("not there", 1i64);
            attributes.retain(|_attribute| true);
        };
        prop_assert_eq!(resources(signal, &request, &mut |_resource, attributes| rewrite(attributes)), None);
        prop_assert_eq!(items(signal, &request, &mut |_item, attributes| rewrite(attributes)), None);
        prop_assert_eq!(retain(signal, &request, &mut |_item: &Located<'_>| true).request, None);
    }

    #[test]
    fn removing_items_equals_removing_the_decoded((signal, request) in any_encoded(), pattern in proptest::collection::vec(any::<bool>(), 1..9)) {
        let mut expected = Decoded::decode(signal, &request).expect("well-formed request");
        let before = expected.items();
        remove_items(&mut expected, &mut cycle(&pattern));

        let mut keep = cycle(&pattern);
        let retained = retain(signal, &request, &mut |_item: &Located<'_>| keep());

        prop_assert_eq!((retained.kept, retained.removed), (expected.items(), before - expected.items()));
        prop_assert_eq!(retained.request.is_some(), retained.removed > 0);
        let left = retained.request.unwrap_or(request.clone());
        prop_assert_eq!(Decoded::decode(signal, &left).expect("well-formed rest"), expected);
        prop_assert_eq!(unknown_at_the_top(&left), unknown_at_the_top(&request));
    }

    #[test]
    fn survive_damage((signal, request) in any_encoded(), damages in damage(), steps in steps(), pattern in proptest::collection::vec(any::<bool>(), 1..9)) {
        let mut request = request.to_vec();
        damages.iter().for_each(|damage| damage.apply(&mut request));
        let request = Bytes::from(request);
        let well_formed = crate::scan::scan(signal, &request).is_ok();
        let mut keep = cycle(&pattern);
        for edited in [
            resources(signal, &request, &mut |_resource, attributes| splice(&steps, attributes)),
            items(signal, &request, &mut |_item, attributes| splice(&steps, attributes)),
            retain(signal, &request, &mut |_item: &Located<'_>| keep()).request,
        ].into_iter().flatten() {
            prop_assert!(!well_formed || crate::scan::scan(signal, &edited).is_ok());
        }
    }
}

#[test]
fn a_missing_resource_is_given_attributes() {
    let request = Bytes::from_static(&[0x0a, 0x00]);

    let edited = resources(Signal::Logs, &request, &mut |resource, attributes| {
        assert_eq!(resource, None);
        attributes.insert("a", "b");
    });

    let mut expected = Decoded::decode(Signal::Logs, &request).expect("well-formed request");
    let step = Step::Set(Write::Insert, "a".to_owned(), New::Text("b".to_owned()));
    edit_resources(&mut expected, &[step]);
    assert_eq!(Decoded::decode(Signal::Logs, &edited.expect("a change")), Ok(expected));
}

#[test]
fn a_resource_in_two_parts_is_edited_as_one() {
    let part = |key: &str| {
        let mut key_value = Vec::new();
        put_bytes(&mut key_value, 1, key.as_bytes());
        let mut resource = Vec::new();
        put_bytes(&mut resource, 1, &key_value);
        let mut field = Vec::new();
        put_bytes(&mut field, 1, &resource);
        field
    };
    let mut request = Vec::new();
    put_bytes(&mut request, 1, &[part("a"), part("b")].concat());
    let request = Bytes::from(request);
    let steps = [
        Step::Remove("a".to_owned()),
        Step::Set(Write::Update, "b".to_owned(), New::Int(1)),
        Step::Set(Write::Insert, "c".to_owned(), New::Int(2)),
    ];
    let mut expected = Decoded::decode(Signal::Traces, &request).expect("well-formed request");
    edit_resources(&mut expected, &steps);

    let edited = resources(Signal::Traces, &request, &mut |_resource, attributes| splice(&steps, attributes));

    assert_eq!(Decoded::decode(Signal::Traces, &edited.expect("a change")), Ok(expected));
}

#[test]
fn a_key_that_occurs_twice_is_left_once_even_after_a_removal_before_it() {
    let span: Vec<u8> = ["gone", "k", "other", "k"]
        .iter()
        .flat_map(|key| {
            let (mut key_value, mut field) = (Vec::new(), Vec::new());
            put_bytes(&mut key_value, 1, key.as_bytes());
            put_bytes(&mut field, 9, &key_value);
            field
        })
        .collect();

    items(Signal::Traces, &wrapped(&span), &mut |_item, attributes| {
        attributes.remove("gone");
        attributes.update("k", 1i64);
        attributes.copy(Write::Insert, "copy", "k");

        let left: Vec<_> =
            attributes.iter().map(|attribute| (attribute.key(), attribute.value().as_int())).collect();
        assert_eq!(left, [("k", Some(1)), ("other", None), ("copy", Some(1))]);
    });
}

#[test]
fn unknown_fields_around_a_change_keep_their_places() {
    let mut key_value = Vec::new();
    put_bytes(&mut key_value, 1, b"a");
    let mut span = Vec::new();
    put_varint_field(&mut span, 1000, 1);
    put_bytes(&mut span, 9, &key_value);
    put_varint_field(&mut span, 1001, 2);
    let request = wrapped(&span);

    let edited = items(Signal::Traces, &request, &mut |_item, attributes| {
        attributes.update("a", true);
    });

    let mut expected = Vec::new();
    put_varint_field(&mut expected, 1000, 1);
    put_bytes(&mut expected, 9, &[&key_value[..], &[0x12, 0x02, 0x10, 0x01]].concat());
    put_varint_field(&mut expected, 1001, 2);
    assert_eq!(edited, Some(wrapped(&expected)));
}

#[test]
fn lengths_that_grow_and_shrink_across_the_sizes_of_a_varint_stay_right() {
    for (from, to) in [(0, 200), (200, 0), (100, 127), (120, 20_000), (20_000, 120)] {
        let text = |len: usize| "x".repeat(len);
        let request = wrapped(&[]);
        let first = items(Signal::Traces, &request, &mut |_item, attributes| {
            attributes.upsert("k", text(from).as_str())
        });
        let first = first.expect("a change");
        let second =
            items(Signal::Traces, &first, &mut |_item, attributes| attributes.upsert("k", text(to).as_str()));
        let direct = items(Signal::Traces, &request, &mut |_item, attributes| {
            attributes.upsert("k", text(to).as_str())
        });
        assert_eq!(second, direct);
    }
}

#[test]
fn whole_resources_scopes_and_metrics_can_be_removed() {
    struct Nothing(&'static str);
    impl Retain for Nothing {
        fn resource(&mut self, _resource: Option<crate::view::Resource<'_>>) -> bool {
            self.0 != "resource"
        }
        fn scope(
            &mut self,
            _resource: Option<crate::view::Resource<'_>>,
            _scope: Option<crate::view::InstrumentationScope<'_>>,
        ) -> bool {
            self.0 != "scope"
        }
        fn metric(
            &mut self,
            _resource: Option<crate::view::Resource<'_>>,
            _scope: Option<crate::view::InstrumentationScope<'_>>,
            _metric: crate::view::Metric<'_>,
        ) -> bool {
            self.0 != "metric"
        }
    }
    // A gauge with two points.
    let request = wrapped(&[0x2a, 0x04, 0x0a, 0x00, 0x0a, 0x00]);
    for level in ["resource", "scope", "metric"] {
        assert_eq!(
            retain(Signal::Metrics, &request, &mut Nothing(level)),
            Retained { kept: 0, removed: 2, request: Some(Bytes::new()) },
            "{level}"
        );
    }
    assert_eq!(
        retain(Signal::Metrics, &request, &mut Nothing("")),
        Retained { kept: 2, removed: 0, request: None }
    );
}

/// A request with one element in one scope.
fn wrapped(element: &[u8]) -> Bytes {
    let mut request = element.to_vec();
    for number in [2, 2, 1] {
        let mut outer = Vec::new();
        put_bytes(&mut outer, number, &request);
        request = outer;
    }
    Bytes::from(request)
}
