//! Appending fields to a buffer.

use super::WireType;

/// Appends a varint.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(low_bits(value) | 0x80);
        value >>= 7;
    }
    out.push(low_bits(value));
}

/// The bytes that [`put_varint`] appends for `value`: 1 to 10.
#[must_use]
#[inline]
pub const fn varint_len(value: u64) -> usize {
    // Nine eighths of a byte per seven bits, rounded up; see `VarintSize64` of the C++ library.
    ((value | 1).ilog2() as usize * 9 + 73) / 64
}

/// Appends the tag of a field.
#[inline]
pub fn put_tag(out: &mut Vec<u8>, number: u32, wire_type: WireType) {
    put_varint(out, u64::from(number) << 3 | wire_type as u64);
}

/// Appends a length-delimited field: a string, byte string, message or packed list.
#[inline]
pub fn put_bytes(out: &mut Vec<u8>, number: u32, payload: &[u8]) {
    put_tag(out, number, WireType::Len);
    put_varint(out, payload.len() as u64);
    out.extend_from_slice(payload);
}

/// Appends a varint field.
#[inline]
pub fn put_varint_field(out: &mut Vec<u8>, number: u32, value: u64) {
    put_tag(out, number, WireType::Varint);
    put_varint(out, value);
}

/// Appends a field of eight bytes.
#[inline]
pub fn put_fixed64(out: &mut Vec<u8>, number: u32, value: u64) {
    put_tag(out, number, WireType::Fixed64);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a `double` field.
#[inline]
pub fn put_double(out: &mut Vec<u8>, number: u32, value: f64) {
    put_fixed64(out, number, value.to_bits());
}

/// Appends a field of four bytes.
#[inline]
pub fn put_fixed32(out: &mut Vec<u8>, number: u32, value: u32) {
    put_tag(out, number, WireType::Fixed32);
    out.extend_from_slice(&value.to_le_bytes());
}

/// The low seven bits.
#[inline]
const fn low_bits(value: u64) -> u8 {
    value.to_le_bytes()[0] & 0x7f
}
