//! Appending fields whose length is not known beforehand, and those that are left out when they hold nothing.

use crate::wire::{WireType, put_tag};
pub(crate) use crate::wire::{
    put_bytes, put_double, put_fixed32, put_fixed64, put_varint, put_varint_field as put_uint, varint_len,
};

/// Appends tag and length of a field whose `length` bytes the caller writes next.
#[inline]
pub(crate) fn put_length(buf: &mut Vec<u8>, field: u32, length: usize) {
    put_tag(buf, field, WireType::Len);
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
    put_tag(buf, field, WireType::Len);
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

#[inline]
const fn low_byte(value: u64) -> u8 {
    (value & 0x7f) as u8
}
