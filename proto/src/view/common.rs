//! Attributes, values, resources and scopes: what all signals use.

use super::message::{field_type, field_value, read_field, text, view};
use crate::wire::{Fields, Payload};

view! {
    /// What produced the telemetry.
    Resource {
        /// Attributes that describe the resource.
        attributes: repeated KeyValue = 1,
        /// Attributes that were dropped because of limits.
        dropped_attributes_count: uint32 = 2,
        /// The entities that make up the resource.
        entity_refs: repeated EntityRef = 3,
    }
}

view! {
    /// A reference to an entity whose attributes stand in the resource.
    EntityRef {
        /// Schema of the entity's attributes.
        schema_url: str = 1,
        /// Type of the entity, such as `host`.
        kind: str = 2,
        /// Keys of the resource attributes that identify the entity.
        id_keys: repeated_str = 3,
        /// Keys of the resource attributes that describe the entity.
        description_keys: repeated_str = 4,
    }
}

view! {
    /// The library that recorded the telemetry.
    InstrumentationScope {
        /// Name of the scope; empty if unknown.
        name: str = 1,
        /// Version of the scope; empty if unknown.
        version: str = 2,
        /// Attributes of the scope.
        attributes: repeated KeyValue = 3,
        /// Attributes that were dropped because of limits.
        dropped_attributes_count: uint32 = 4,
    }
}

view! {
    /// One attribute.
    KeyValue {
        /// Index of the key in a string table (profiles only).
        key_strindex: int32 = 3,
    }
}

impl<'a> KeyValue<'a> {
    /// The key.
    #[must_use]
    #[inline]
    pub fn key(self) -> &'a str {
        text(self.key_bytes())
    }

    /// The key as bytes: what comparisons should use, since they need no check of the text.
    #[must_use]
    #[inline]
    pub fn key_bytes(self) -> &'a [u8] {
        read_field!(self.bytes, 1, bytes)
    }

    /// The value; an empty one if there is none.
    #[must_use]
    #[inline]
    pub fn value(self) -> AnyValue<'a> {
        AnyValue { bytes: read_field!(self.bytes, 2, bytes) }
    }

    /// Whether there is a value at all, if only an empty one.
    #[must_use]
    pub fn has_value(self) -> bool {
        let value: Option<AnyValue<'a>> = read_field!(self.bytes, 2, message AnyValue);
        value.is_some()
    }
}

view! {
    /// A value of any type.
    AnyValue {}
}

/// What an [`AnyValue`] holds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    #[default]
    Empty,
    /// Text.
    String(&'a str),
    /// Truth.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// A list.
    Array(ArrayValue<'a>),
    /// A map.
    KeyValueList(KeyValueList<'a>),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Index of a text in a string table (profiles only).
    StringIndex(i32),
}

impl<'a> AnyValue<'a> {
    /// What the value holds: the last of its kinds that occurs, as a decoder would keep it.
    #[must_use]
    #[inline]
    pub fn value(self) -> Value<'a> {
        let mut value = Value::Empty;
        for field in Fields::new(self.bytes) {
            value = match (field.number, field.payload) {
                (1, Payload::Len(bytes)) => Value::String(text(bytes)),
                (2, Payload::Varint(bits)) => Value::Bool(bits != 0),
                (3, Payload::Varint(bits)) => Value::Int(bits.cast_signed()),
                (4, Payload::Fixed64(bits)) => Value::Double(f64::from_bits(bits)),
                (5, Payload::Len(bytes)) => Value::Array(ArrayValue { bytes }),
                (6, Payload::Len(bytes)) => Value::KeyValueList(KeyValueList { bytes }),
                (7, Payload::Len(bytes)) => Value::Bytes(bytes),
                (8, Payload::Varint(bits)) => Value::StringIndex(super::message::int32(bits)),
                _unknown => value,
            };
        }
        value
    }

    /// The text, if the value is a string.
    #[must_use]
    #[inline]
    pub fn as_str(self) -> Option<&'a str> {
        if let Value::String(text) = self.value() { Some(text) } else { None }
    }

    /// The number, if the value is an integer.
    #[must_use]
    #[inline]
    pub fn as_int(self) -> Option<i64> {
        if let Value::Int(number) = self.value() { Some(number) } else { None }
    }
}

view! {
    /// A list of values.
    ArrayValue {
        /// The elements.
        values: repeated AnyValue = 1,
    }
}

view! {
    /// A map, in the order in which it was written.
    KeyValueList {
        /// The entries.
        values: repeated KeyValue = 1,
    }
}
