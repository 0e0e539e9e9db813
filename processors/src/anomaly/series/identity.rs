//! Hashes over what makes a series, read from the encoded bytes.
//!
//! Equal content has equal hashes however it was encoded: keys and values are read, not their bytes, so the order of fields, overlong
//! varints and defaults that were written out make no difference. Attributes count in any order, and so do the entries of maps within
//! values; the elements of lists count in theirs. An integer is not the float of the same amount, a missing value is an empty one.
//! Two exceptions, neither of which an encoder writes: what is nested deeper than [`wire::MAX_DEPTH`] counts as its bytes, and string table indexes
//! of keys (profiles only) do not count.
//!
//! The hash is XXH3 with fixed seeds, because what was learned about a series is stored under its key and must be found by other builds on
//! other machines. It is not a secret: who can choose attribute values can make two series collide. All that is won is that both are
//! scored as one, which the same sender has more cheaply by sending points of another's series. A table over keys should spread them
//! with a hash of its own.

use edgewatch_proto::view::{InstrumentationScope, KeyValue, Metric, Resource};
use edgewatch_proto::wire::{self, Fields, Payload};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::Kind;

/// Field of a text in an `AnyValue`.
const TEXT: u64 = 1;
/// Keeps resources without attributes from having the key 0.
const RESOURCE: u64 = 0x7265_736f_7572_6365;

/// The identity of a resource. One that is not known is like one without attributes.
pub(super) fn of_resource(resource: Option<Resource<'_>>) -> u64 {
    let attributes = resource.map_or(0, |resource| sum(resource.attributes()));
    number(attributes, RESOURCE)
}

/// The identity of a scope within the resource whose identity is `resource`.
pub(super) fn of_scope(resource: u64, scope: Option<InstrumentationScope<'_>>) -> u64 {
    let scope = scope.unwrap_or_default();
    let name = xxh3_64_with_seed(scope.name().as_bytes(), resource);
    let version = xxh3_64_with_seed(scope.version().as_bytes(), name);
    number(sum(scope.attributes()), version)
}

/// The identity of a metric within the scope whose identity is `scope`.
pub(super) fn of_metric(scope: u64, metric: Metric<'_>, kind: Kind) -> u64 {
    let name = xxh3_64_with_seed(metric.name().as_bytes(), scope);
    let unit = xxh3_64_with_seed(metric.unit().as_bytes(), name);
    number(kind.identity(), unit)
}

/// The identity of the series whose attributes have this sum of identities within the metric whose identity is `metric`.
#[inline]
pub(super) fn of_series(metric: u64, attributes: u64) -> u64 {
    number(attributes, metric)
}

/// All attributes, in any order. A sum, so that two of a kind do not cancel out.
fn sum<'a>(attributes: impl Iterator<Item = KeyValue<'a>>) -> u64 {
    attributes.fold(0, |sum, attribute| sum.wrapping_add(of_attribute(attribute.as_bytes())))
}

/// The identity of an encoded `KeyValue`.
#[inline]
pub(super) fn of_attribute(attribute: &[u8]) -> u64 {
    match usual(attribute) {
        Some((key, text)) => of_text(text, xxh3_64(key)),
        None => of_any_attribute(attribute, wire::MAX_DEPTH),
    }
}

/// Key and text of an attribute in the way that nearly all are written: key, then value, each with a length below 128, and the value a text.
#[inline]
fn usual(attribute: &[u8]) -> Option<(&[u8], &[u8])> {
    let (key, value) = short(attribute.strip_prefix(&[0x0a])?)?;
    let (value, nothing) = short(value.strip_prefix(&[0x12])?)?;
    let (text, nothing_else) = short(value.strip_prefix(&[0x0a])?)?;
    (nothing.is_empty() && nothing_else.is_empty()).then_some((key, text))
}

/// Bytes behind a length of one byte, and what follows them.
#[inline]
pub(super) fn short(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first()?;
    if *len < 0x80 { rest.split_at_checked(usize::from(*len)) } else { None }
}

#[inline]
fn of_text(text: &[u8], key: u64) -> u64 {
    xxh3_64_with_seed(text, key.wrapping_add(TEXT))
}

/// The identity of a `KeyValue` by its content, however it is written.
#[inline(never)]
pub(super) fn of_any_attribute(attribute: &[u8], depth: u32) -> u64 {
    let (mut key, mut value): (&[u8], &[u8]) = (&[], &[]);
    for field in Fields::new(attribute) {
        match (field.number, field.payload) {
            (1, Payload::Len(bytes)) => key = bytes,
            (2, Payload::Len(bytes)) => value = bytes,
            _other => {}
        }
    }
    of_value(value, xxh3_64(key), depth)
}

/// What an `AnyValue` holds.
enum Held<'a> {
    Nothing,
    Number(u64),
    Text(&'a [u8]),
    List(&'a [u8]),
    Map(&'a [u8]),
}

/// The identity of an encoded `AnyValue`: of the last of its kinds that occurs, as a decoder would keep it.
#[inline]
fn of_value(value: &[u8], seed: u64, depth: u32) -> u64 {
    let (mut kind, mut held) = (0, Held::Nothing);
    for field in Fields::new(value) {
        let found = match (field.number, field.payload) {
            (1 | 7, Payload::Len(bytes)) => Held::Text(bytes),
            (2, Payload::Varint(bits)) => Held::Number(u64::from(bits != 0)),
            (3, Payload::Varint(bits)) | (4, Payload::Fixed64(bits)) => Held::Number(bits),
            (5, Payload::Len(bytes)) => Held::List(bytes),
            (6, Payload::Len(bytes)) => Held::Map(bytes),
            (8, Payload::Varint(bits)) => Held::Number(bits & u64::from(u32::MAX)),
            _unknown => continue,
        };
        (kind, held) = (u64::from(field.number), found);
    }
    let seed = seed.wrapping_add(kind);
    match held {
        Held::Nothing => number(0, seed),
        Held::Number(bits) => number(bits, seed),
        Held::Text(bytes) => xxh3_64_with_seed(bytes, seed),
        Held::List(bytes) | Held::Map(bytes) if depth == 0 => xxh3_64_with_seed(bytes, seed),
        Held::List(bytes) => of_list(bytes, seed, depth - 1),
        Held::Map(bytes) => {
            let entries = elements(bytes).map(|entry| of_any_attribute(entry, depth - 1));
            number(entries.fold(0, u64::wrapping_add), seed)
        }
    }
}

/// The elements in their order; their number closes the list, so that it matters where one ends.
fn of_list(bytes: &[u8], seed: u64, depth: u32) -> u64 {
    let (hash, len) =
        elements(bytes).fold((seed, 0), |(hash, len), element| (of_value(element, hash, depth), len + 1));
    number(len, hash)
}

/// The elements of an `ArrayValue` or `KeyValueList`.
fn elements(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    Fields::new(bytes).filter(|field| field.number == 1).filter_map(|field| field.bytes())
}

#[inline]
fn number(number: u64, seed: u64) -> u64 {
    xxh3_64_with_seed(&number.to_le_bytes(), seed)
}
