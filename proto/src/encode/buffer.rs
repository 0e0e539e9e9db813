//! The protobuf wire format, appended to a `Vec<u8>`.

/// Wire type of `int32`, `int64`, `uint64`, `bool` and enums.
const VARINT: u32 = 0;
/// Wire type of `fixed64` and `double`.
const FIXED64: u32 = 1;
/// Wire type of strings, bytes, messages and packed numbers.
const LENGTH_DELIMITED: u32 = 2;
/// Wire type of `fixed32`.
const FIXED32: u32 = 5;

/// Appends `value` in as few bytes as it needs.
#[inline]
pub(crate) fn put_varint(buf: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        buf.push(low_byte(value) | 0x80);
        value >>= 7;
    }
    buf.push(low_byte(value));
}

/// How many bytes [`put_varint`] writes.
#[inline]
pub(crate) const fn varint_len(value: u64) -> usize {
    // ceil(significant bits / 7) without a division, as prost computes it.
    ((((value | 1).leading_zeros() ^ 63) * 9 + 73) / 64) as usize
}

#[inline]
pub(crate) const fn low_byte(value: u64) -> u8 {
    (value & 0x7f) as u8
}

#[inline]
fn put_tag(buf: &mut Vec<u8>, field: u32, wire_type: u32) {
    put_varint(buf, u64::from(field << 3 | wire_type));
}

/// Appends a varint field.
#[inline]
pub(crate) fn put_uint(buf: &mut Vec<u8>, field: u32, value: u64) {
    put_tag(buf, field, VARINT);
    put_varint(buf, value);
}

/// Appends a `fixed64` field.
#[inline]
pub(crate) fn put_fixed64(buf: &mut Vec<u8>, field: u32, value: u64) {
    put_tag(buf, field, FIXED64);
    buf.extend_from_slice(&value.to_le_bytes());
}

/// Appends a `fixed32` field.
#[inline]
pub(crate) fn put_fixed32(buf: &mut Vec<u8>, field: u32, value: u32) {
    put_tag(buf, field, FIXED32);
    buf.extend_from_slice(&value.to_le_bytes());
}

/// Appends a `double` field.
#[inline]
pub(crate) fn put_double(buf: &mut Vec<u8>, field: u32, value: f64) {
    put_fixed64(buf, field, value.to_bits());
}

/// Appends a string, bytes or an already encoded message as a field.
#[inline]
pub(crate) fn put_bytes(buf: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    put_length(buf, field, bytes.len());
    buf.extend_from_slice(bytes);
}

/// Appends tag and length of a field whose `length` bytes the caller writes next.
#[inline]
pub(crate) fn put_length(buf: &mut Vec<u8>, field: u32, length: usize) {
    put_tag(buf, field, LENGTH_DELIMITED);
    put_varint(buf, length as u64);
}

/// Appends a string or bytes field unless it is empty, which is how proto3 says "default".
#[inline]
pub(crate) fn put_bytes_unless_empty(buf: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    if !bytes.is_empty() {
        put_bytes(buf, field, bytes);
    }
}

/// Appends a varint field unless it is zero.
#[inline]
pub(crate) fn put_uint_unless_zero(buf: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        put_uint(buf, field, value);
    }
}

/// Appends a `fixed64` field unless it is zero.
#[inline]
pub(crate) fn put_fixed64_unless_zero(buf: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        put_fixed64(buf, field, value);
    }
}

/// Appends packed 64-bit words unless there are none.
pub(crate) fn put_packed_words(buf: &mut Vec<u8>, field: u32, words: impl ExactSizeIterator<Item = u64>) {
    if words.len() == 0 {
        return;
    }
    put_length(buf, field, words.len() * 8);
    for word in words {
        buf.extend_from_slice(&word.to_le_bytes());
    }
}

/// Appends a message field whose body `write` appends.
#[inline]
pub(crate) fn put_message<R>(buf: &mut Vec<u8>, field: u32, write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    let start = open(buf, field);
    let result = write(buf);
    close(buf, start);
    result
}

/// Begins a message field and returns what [`close`] needs. One byte is held free for the length.
#[inline]
pub(crate) fn open(buf: &mut Vec<u8>, field: u32) -> usize {
    put_tag(buf, field, LENGTH_DELIMITED);
    buf.push(0);
    buf.len()
}

/// Ends the message whose body begins at `start`: writes its length, and moves the body where that takes more than
/// the byte held free.
#[inline]
pub(crate) fn close(buf: &mut Vec<u8>, start: usize) {
    let length = buf.len().saturating_sub(start);
    if length >= 0x80 {
        let extra = varint_len(length as u64) - 1;
        buf.resize(start + length + extra, 0);
        buf.copy_within(start..start + length, start + extra);
    }
    write_length(buf, start, length);
}

#[inline]
fn write_length(buf: &mut [u8], start: usize, length: usize) {
    let mut rest = length as u64;
    for byte in buf.iter_mut().skip(start.saturating_sub(1)) {
        if rest < 0x80 {
            *byte = low_byte(rest);
            return;
        }
        *byte = low_byte(rest) | 0x80;
        rest >>= 7;
    }
}
