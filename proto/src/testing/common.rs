use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use proptest::collection::vec;
use proptest::prelude::*;

/// Texts: empty, ASCII of any length, and beyond ASCII.
pub(crate) fn text() -> BoxedStrategy<String> {
    prop_oneof![
        Just(String::new()),
        "[a-z.]{1,12}",
        "[ -~]{100,300}",
        ".{0,8}",
        "[\u{e9}\u{4e2d}\u{1f980}]{1,50}",
    ]
    .boxed()
}

pub(crate) fn bytes() -> BoxedStrategy<Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..4), vec(any::<u8>(), 16), vec(any::<u8>(), 120..140)].boxed()
}

/// Numbers around the sizes of varints as well as any.
pub(crate) fn number() -> BoxedStrategy<u64> {
    (any::<u64>(), 0u32..64).prop_map(|(bits, shift)| bits >> shift).boxed()
}

pub(crate) fn count() -> BoxedStrategy<u32> {
    prop_oneof![Just(0), 0u32..200, any::<u32>()].boxed()
}

pub(crate) fn any_value() -> BoxedStrategy<AnyValue> {
    let leaf = prop_oneof![
        Just(None),
        text().prop_map(|text| Some(Value::StringValue(text))),
        any::<bool>().prop_map(|truth| Some(Value::BoolValue(truth))),
        number().prop_map(|number| Some(Value::IntValue(number.cast_signed()))),
        any::<f64>().prop_map(|number| Some(Value::DoubleValue(number))),
        bytes().prop_map(|bytes| Some(Value::BytesValue(bytes))),
        any::<i32>().prop_map(|index| Some(Value::StringValueStrindex(index))),
    ]
    .prop_map(|value| AnyValue { value });
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(|values| Value::ArrayValue(ArrayValue { values })),
            vec((text(), proptest::option::of(inner)), 0..3).prop_map(|entries| {
                let values = entries
                    .into_iter()
                    .map(|(key, value)| KeyValue { key, value, ..KeyValue::default() })
                    .collect();
                Value::KvlistValue(KeyValueList { values })
            }),
        ]
        .prop_map(|value| AnyValue { value: Some(value) })
    })
    .boxed()
}

/// Attributes from few keys, so that edits meet them.
pub(crate) fn key_value() -> BoxedStrategy<KeyValue> {
    let key = prop_oneof![4 => "[abc]", 1 => text()];
    (key, proptest::option::weighted(0.9, any_value()), prop_oneof![9 => Just(0), 1 => any::<i32>()])
        .prop_map(|(key, value, key_strindex)| KeyValue { key, value, key_strindex })
        .boxed()
}

pub(crate) fn attributes() -> BoxedStrategy<Vec<KeyValue>> {
    vec(key_value(), 0..5).boxed()
}

pub(crate) fn resource() -> BoxedStrategy<Option<Resource>> {
    let entity = (text(), text(), vec(text(), 0..3), vec(text(), 0..3)).prop_map(
        |(schema_url, r#type, id_keys, description_keys)| EntityRef {
            schema_url,
            r#type,
            id_keys,
            description_keys,
        },
    );
    proptest::option::weighted(
        0.8,
        (attributes(), count(), vec(entity, 0..2)).prop_map(
            |(attributes, dropped_attributes_count, entity_refs)| Resource {
                attributes,
                dropped_attributes_count,
                entity_refs,
            },
        ),
    )
    .boxed()
}

pub(crate) fn scope() -> BoxedStrategy<Option<InstrumentationScope>> {
    proptest::option::weighted(
        0.8,
        (text(), text(), attributes(), count()).prop_map(
            |(name, version, attributes, dropped_attributes_count)| InstrumentationScope {
                name,
                version,
                attributes,
                dropped_attributes_count,
            },
        ),
    )
    .boxed()
}
