//! Encodes a request as nobody does, without changing what it means.

use edgewatch_proto::wire::{Fields, Payload};

/// The messages on the way to attributes.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Request,
    Group,
    Resource,
    ScopeGroup,
    Scope,
    Metric,
    Data { attributes: u32 },
    Point { attributes: u32 },
    KeyValue,
    AnyValue,
    Array,
    Map,
}

impl Part {
    /// The message in a field, if it is one of them.
    fn field(self, number: u32) -> Option<Self> {
        Some(match (self, number) {
            (Self::Request, 1) => Self::Group,
            (Self::Group, 1) => Self::Resource,
            (Self::Group, 2) => Self::ScopeGroup,
            (Self::ScopeGroup, 1) => Self::Scope,
            (Self::ScopeGroup, 2) => Self::Metric,
            (Self::Metric, 5 | 7 | 11) => Self::Data { attributes: 7 },
            (Self::Metric, 9) => Self::Data { attributes: 9 },
            (Self::Metric, 10) => Self::Data { attributes: 1 },
            (Self::Data { attributes }, 1) => Self::Point { attributes },
            (Self::Point { attributes }, number) if number == attributes => Self::KeyValue,
            (Self::Resource | Self::Map, 1) | (Self::Scope, 3) => Self::KeyValue,
            (Self::KeyValue, 2) | (Self::Array, 1) => Self::AnyValue,
            (Self::AnyValue, 5) => Self::Array,
            (Self::AnyValue, 6) => Self::Map,
            _ => return None,
        })
    }

    /// Fields that are written out though they are empty.
    const fn defaults(self) -> &'static [u32] {
        match self {
            Self::Scope | Self::KeyValue => &[1, 2],
            Self::Metric => &[1, 2, 3],
            Self::Request
            | Self::Group
            | Self::Resource
            | Self::ScopeGroup
            | Self::Data { .. }
            | Self::Point { .. }
            | Self::AnyValue
            | Self::Array
            | Self::Map => &[],
        }
    }
}

/// The same message with its fields in the opposite order, overlong varints, defaults written out and fields that nobody knows.
pub(super) fn odd(message: Part, bytes: &[u8]) -> Vec<u8> {
    let mut fields: Vec<(u32, Vec<u8>)> = Vec::new();
    for field in Fields::new(bytes) {
        let mut out = Vec::new();
        match field.payload {
            Payload::Varint(value) => {
                overlong(&mut out, u64::from(field.number) << 3);
                overlong(&mut out, value);
            }
            Payload::Len(bytes) => {
                let inner =
                    message.field(field.number).map_or_else(|| bytes.to_vec(), |inner| odd(inner, bytes));
                overlong(&mut out, u64::from(field.number) << 3 | 2);
                overlong(&mut out, inner.len() as u64);
                out.extend_from_slice(&inner);
            }
            Payload::Fixed64(_) | Payload::Fixed32(_) | Payload::Group(_) => out.extend_from_slice(field.raw),
        }
        fields.push((field.number, out));
    }
    for number in message.defaults() {
        if fields.iter().all(|(found, _)| found != number) {
            fields.push((*number, vec![(number << 3 | 2) as u8, 0]));
        }
    }
    fields.push((999, vec![0xba, 0x3e, 1, 7]));
    fields.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    fields.into_iter().flat_map(|(_, bytes)| bytes).collect()
}

/// A varint with a byte more than it needs, where there is room for one.
fn overlong(out: &mut Vec<u8>, mut value: u64) {
    let mut len = 1;
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
        len += 1;
    }
    if len < 10 {
        out.extend_from_slice(&[value as u8 | 0x80, 0]);
    } else {
        out.push(value as u8);
    }
}
