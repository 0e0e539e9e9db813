//! Attributes and the values they hold.

use super::buffer::{
    put_bytes, put_bytes_unless_empty, put_double, put_length, put_message, put_uint, varint_len,
};

const KEY: u32 = 1;
const VALUE: u32 = 2;
const STRING: u32 = 1;
const BOOL: u32 = 2;
const INT: u32 = 3;
const DOUBLE: u32 = 4;
const ARRAY: u32 = 5;
const KVLIST: u32 = 6;
const BYTES: u32 = 7;
/// Field of `ArrayValue` and `KeyValueList`.
const VALUES: u32 = 1;

/// Appends attributes (`KeyValue` messages) to whatever they describe. Keys must differ; that is left to the caller.
#[derive(Debug)]
pub struct Attributes<'a> {
    buf: &'a mut Vec<u8>,
    field: u32,
}

impl<'a> Attributes<'a> {
    pub(super) fn new(buf: &'a mut Vec<u8>, field: u32) -> Self {
        Self { buf, field }
    }

    /// Adds a string.
    #[inline]
    pub fn string(&mut self, key: &str, value: &str) {
        let length = value.len();
        self.pair(key, 1 + varint_len(length as u64) + length);
        put_bytes(self.buf, STRING, value.as_bytes());
    }

    /// Adds an integer.
    #[inline]
    pub fn int(&mut self, key: &str, value: i64) {
        self.pair(key, 1 + varint_len(value.cast_unsigned()));
        put_uint(self.buf, INT, value.cast_unsigned());
    }

    /// Adds a floating-point number.
    #[inline]
    pub fn double(&mut self, key: &str, value: f64) {
        self.pair(key, 1 + size_of::<f64>());
        put_double(self.buf, DOUBLE, value);
    }

    /// Adds a boolean.
    #[inline]
    pub fn bool(&mut self, key: &str, value: bool) {
        self.pair(key, 2);
        put_uint(self.buf, BOOL, u64::from(value));
    }

    /// Adds a byte string.
    #[inline]
    pub fn bytes(&mut self, key: &str, value: &[u8]) {
        let length = value.len();
        self.pair(key, 1 + varint_len(length as u64) + length);
        put_bytes(self.buf, BYTES, value);
    }

    /// Adds an array of strings.
    pub fn strings<S: AsRef<str>>(&mut self, key: &str, values: impl IntoIterator<Item = S>) {
        self.array(key, |array| {
            for value in values {
                array.string(value.as_ref());
            }
        });
    }

    /// Adds an array.
    pub fn array(&mut self, key: &str, write: impl FnOnce(&mut Values<'_>)) {
        self.value(key, |value| value.array(write));
    }

    /// Adds a map (`kvlistValue`).
    pub fn map(&mut self, key: &str, write: impl FnOnce(&mut Attributes<'_>)) {
        self.value(key, |value| value.map(write));
    }

    /// Adds what `write` chooses; if it chooses nothing, the empty value.
    pub fn value(&mut self, key: &str, write: impl FnOnce(Value<'_>)) {
        put_message(self.buf, self.field, |buf| {
            put_bytes_unless_empty(buf, KEY, key.as_bytes());
            put_message(buf, VALUE, |buf| write(Value::new(buf)));
        });
    }

    /// Writes everything of a pair but its value, of which `value_length` bytes follow.
    #[inline]
    fn pair(&mut self, key: &str, value_length: usize) {
        let key_length = if key.is_empty() { 0 } else { 1 + varint_len(key.len() as u64) + key.len() };
        put_length(self.buf, self.field, key_length + 1 + varint_len(value_length as u64) + value_length);
        put_bytes_unless_empty(self.buf, KEY, key.as_bytes());
        put_length(self.buf, VALUE, value_length);
    }
}

/// One value (`AnyValue`), still to be chosen: every method takes it, so that it is chosen once at most.
#[derive(Debug)]
pub struct Value<'a> {
    buf: &'a mut Vec<u8>,
}

impl<'a> Value<'a> {
    /// `buf` ends within an `AnyValue` message that is open and still empty.
    pub(super) fn new(buf: &'a mut Vec<u8>) -> Self {
        Self { buf }
    }

    /// Chooses a string.
    pub fn string(self, value: &str) {
        put_bytes(self.buf, STRING, value.as_bytes());
    }

    /// Chooses an integer.
    pub fn int(self, value: i64) {
        put_uint(self.buf, INT, value.cast_unsigned());
    }

    /// Chooses a floating-point number.
    pub fn double(self, value: f64) {
        put_double(self.buf, DOUBLE, value);
    }

    /// Chooses a boolean.
    pub fn bool(self, value: bool) {
        put_uint(self.buf, BOOL, u64::from(value));
    }

    /// Chooses a byte string.
    pub fn bytes(self, value: &[u8]) {
        put_bytes(self.buf, BYTES, value);
    }

    /// Chooses an array.
    pub fn array(self, write: impl FnOnce(&mut Values<'_>)) {
        put_message(self.buf, ARRAY, |buf| write(&mut Values { buf }));
    }

    /// Chooses a map (`kvlistValue`).
    pub fn map(self, write: impl FnOnce(&mut Attributes<'_>)) {
        put_message(self.buf, KVLIST, |buf| write(&mut Attributes::new(buf, VALUES)));
    }

    /// Chooses a value that is already an encoded `AnyValue`.
    pub fn encoded(self, any_value: &[u8]) {
        self.buf.extend_from_slice(any_value);
    }
}

/// The elements of an array.
#[derive(Debug)]
pub struct Values<'a> {
    buf: &'a mut Vec<u8>,
}

impl Values<'_> {
    /// Adds a string.
    pub fn string(&mut self, value: &str) {
        let length = value.len();
        put_length(self.buf, VALUES, 1 + varint_len(length as u64) + length);
        put_bytes(self.buf, STRING, value.as_bytes());
    }

    /// Adds an integer.
    pub fn int(&mut self, value: i64) {
        self.value(|element| element.int(value));
    }

    /// Adds a floating-point number.
    pub fn double(&mut self, value: f64) {
        self.value(|element| element.double(value));
    }

    /// Adds a boolean.
    pub fn bool(&mut self, value: bool) {
        self.value(|element| element.bool(value));
    }

    /// Adds what `write` chooses; if it chooses nothing, the empty value.
    pub fn value(&mut self, write: impl FnOnce(Value<'_>)) {
        put_message(self.buf, VALUES, |buf| write(Value::new(buf)));
    }
}
