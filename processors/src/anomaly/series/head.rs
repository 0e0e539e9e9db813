//! What is read of every point, in one pass: its times, its value, and the identity of its attributes.

use edgewatch_proto::view::{NumberValue, Point};
use edgewatch_proto::wire::{self, Field, Payload, WireType};

use super::identity;
use super::past::NO_RECORDED_VALUE;
use super::window::Times;

/// The fields that matter of any kind of point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Head {
    pub(super) times: Times,
    /// The value of a point of a gauge or sum; none if no value was recorded.
    pub(super) value: Option<NumberValue>,
    /// The identity of all attributes, in any order.
    pub(super) attributes: u64,
}

impl Head {
    #[inline]
    pub(super) fn of(point: Point<'_>) -> Self {
        let mut fields = Fields::default();
        match point {
            Point::Number(point) => fields.read::<true, 7>(point.as_bytes()),
            Point::Histogram(point) => fields.read::<false, 9>(point.as_bytes()),
            Point::ExponentialHistogram(point) => fields.read::<false, 1>(point.as_bytes()),
            Point::Summary(point) => fields.read::<false, 7>(point.as_bytes()),
        }
        let Fields { times, value, flags, attributes } = fields;
        Self { times, value: value.filter(|_| flags & NO_RECORDED_VALUE == 0), attributes }
    }
}

/// Fields as they are found.
#[derive(Default)]
struct Fields {
    times: Times,
    value: Option<NumberValue>,
    flags: u64,
    attributes: u64,
}

impl Fields {
    /// Reads a point whose attributes are in field `ATTRIBUTES`, and that has a value if it `IS_NUMBER`. Fields as every encoder writes
    /// them are told by their tag alone; whatever else there is, such as a tag with more bytes than it needs, is read as it has to be.
    #[inline]
    fn read<const IS_NUMBER: bool, const ATTRIBUTES: u32>(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if let Some(rest) = self.take_usual::<IS_NUMBER, ATTRIBUTES>(bytes) {
                bytes = rest;
                continue;
            }
            let Some(field) = wire::field(bytes, 0) else { return };
            self.take::<IS_NUMBER, ATTRIBUTES>(&field);
            bytes = bytes.get(field.end()..).unwrap_or_default();
        }
    }

    /// Takes the field that `bytes` begin with. Gives what follows it, or nothing if it is an unusual one.
    #[inline]
    fn take_usual<'a, const IS_NUMBER: bool, const ATTRIBUTES: u32>(
        &mut self,
        bytes: &'a [u8],
    ) -> Option<&'a [u8]> {
        let (tag, content) = bytes.split_first()?;
        let (number, wire_type) = (u32::from(*tag) >> 3, u32::from(*tag) & 7);
        if *tag >= 0x80 || number == 0 {
            return None;
        }
        if wire_type == WireType::Len as u32 {
            let (payload, rest) = identity::short(content)?;
            if number == ATTRIBUTES {
                self.add(payload);
            }
            return Some(rest);
        }
        if wire_type != WireType::Fixed64 as u32 {
            return None;
        }
        let (eight, rest) = content.split_first_chunk()?;
        self.take_fixed64::<IS_NUMBER>(number, u64::from_le_bytes(*eight));
        Some(rest)
    }

    fn take<const IS_NUMBER: bool, const ATTRIBUTES: u32>(&mut self, field: &Field<'_>) {
        match (field.number, field.payload) {
            (number, Payload::Fixed64(bits)) => self.take_fixed64::<IS_NUMBER>(number, bits),
            (number, Payload::Len(attribute)) if number == ATTRIBUTES => self.add(attribute),
            (8, Payload::Varint(bits)) if IS_NUMBER => self.flags = bits,
            _other => {}
        }
    }

    #[inline]
    const fn take_fixed64<const IS_NUMBER: bool>(&mut self, number: u32, bits: u64) {
        match number {
            2 => self.times.start = bits,
            3 => self.times.time = bits,
            4 if IS_NUMBER => self.value = Some(NumberValue::Double(f64::from_bits(bits))),
            6 if IS_NUMBER => self.value = Some(NumberValue::Int(bits.cast_signed())),
            _other => {}
        }
    }

    /// A sum, so that the order does not matter and two of a kind do not cancel out.
    #[inline]
    fn add(&mut self, attribute: &[u8]) {
        self.attributes = self.attributes.wrapping_add(identity::of_attribute(attribute));
    }
}
