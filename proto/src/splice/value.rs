//! Values that an edit writes.

use crate::view::AnyValue;
use crate::wire::{WireType, put_bytes, put_double, put_tag, put_varint, put_varint_field, varint_len};

/// The value of an attribute to be written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AttributeValue<'v> {
    /// Text.
    String(&'v str),
    /// Truth.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// Bytes.
    Bytes(&'v [u8]),
    /// A list.
    Array(&'v [AttributeValue<'v>]),
    /// A value that is already encoded.
    Any(AnyValue<'v>),
}

impl<'v> From<&'v str> for AttributeValue<'v> {
    fn from(text: &'v str) -> Self {
        Self::String(text)
    }
}

impl From<bool> for AttributeValue<'_> {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for AttributeValue<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for AttributeValue<'_> {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl<'v> From<AnyValue<'v>> for AttributeValue<'v> {
    fn from(value: AnyValue<'v>) -> Self {
        Self::Any(value)
    }
}

impl AttributeValue<'_> {
    /// Appends the `AnyValue` message, without tag and length.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        match *self {
            Self::String(text) => put_bytes(out, 1, text.as_bytes()),
            Self::Bool(truth) => put_varint_field(out, 2, u64::from(truth)),
            Self::Int(number) => put_varint_field(out, 3, number.cast_unsigned()),
            Self::Double(number) => put_double(out, 4, number),
            Self::Array(elements) => {
                put_tag(out, 5, WireType::Len);
                put_varint(out, array_len(elements) as u64);
                for element in elements {
                    put_tag(out, 1, WireType::Len);
                    put_varint(out, element.len() as u64);
                    element.put(out);
                }
            }
            Self::Bytes(bytes) => put_bytes(out, 7, bytes),
            Self::Any(value) => out.extend_from_slice(value.as_bytes()),
        }
    }

    /// The bytes that `put` appends.
    pub(super) fn len(&self) -> usize {
        match *self {
            Self::String(text) => delimited_len(text.len()),
            Self::Bool(_) => 2,
            Self::Int(number) => 1 + varint_len(number.cast_unsigned()),
            Self::Double(_) => 9,
            Self::Array(elements) => delimited_len(array_len(elements)),
            Self::Bytes(bytes) => delimited_len(bytes.len()),
            Self::Any(value) => value.as_bytes().len(),
        }
    }
}

/// The size of a length-delimited field with a tag of one byte.
const fn delimited_len(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}

/// The size of an `ArrayValue` message.
fn array_len(elements: &[AttributeValue<'_>]) -> usize {
    elements.iter().map(|element| delimited_len(element.len())).sum()
}

/// Appends the `KeyValue` message, without tag and length.
pub(super) fn put_key_value(out: &mut Vec<u8>, key: &str, value: &AttributeValue<'_>) {
    put_bytes(out, 1, key.as_bytes());
    put_tag(out, 2, WireType::Len);
    put_varint(out, value.len() as u64);
    value.put(out);
}
