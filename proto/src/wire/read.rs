//! Reading fields from a slice.

/// How deep messages and groups may nest: the recursion limit of `prost`, which is also that of the C++ library.
pub const MAX_DEPTH: u32 = 100;

/// Most bytes of a varint.
const MAX_VARINT_LEN: usize = 10;

/// How the payload of a field is laid out.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[repr(u8)]
pub enum WireType {
    /// A varint.
    Varint = 0,
    /// Eight bytes, little endian.
    Fixed64 = 1,
    /// A length and that many bytes.
    Len = 2,
    /// Fields up to the matching end; deprecated, yet legal in unknown fields.
    StartGroup = 3,
    /// The end of a group.
    EndGroup = 4,
    /// Four bytes, little endian.
    Fixed32 = 5,
}

impl WireType {
    /// The wire type in the low three bits of a tag.
    #[must_use]
    #[inline]
    pub const fn of_tag(tag: u64) -> Option<Self> {
        Some(match tag & 7 {
            0 => Self::Varint,
            1 => Self::Fixed64,
            2 => Self::Len,
            3 => Self::StartGroup,
            4 => Self::EndGroup,
            5 => Self::Fixed32,
            _ => return None,
        })
    }
}

/// The payload of one field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Payload<'a> {
    /// A varint.
    Varint(u64),
    /// Eight bytes.
    Fixed64(u64),
    /// The bytes of a string, byte string, message or packed list.
    Len(&'a [u8]),
    /// The fields of a group, without its end.
    Group(&'a [u8]),
    /// Four bytes.
    Fixed32(u32),
}

/// One field of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Field<'a> {
    /// The number that the schema gives it; never 0.
    pub number: u32,
    /// What it holds.
    pub payload: Payload<'a>,
    /// The whole field: tag, length and payload.
    pub raw: &'a [u8],
    /// Offset of the tag in the bytes that were read.
    pub start: usize,
}

impl<'a> Field<'a> {
    /// Offset behind the field in the bytes that were read.
    #[must_use]
    #[inline]
    pub const fn end(&self) -> usize {
        self.start + self.raw.len()
    }

    /// The payload if it is length-delimited.
    #[must_use]
    #[inline]
    pub const fn bytes(&self) -> Option<&'a [u8]> {
        if let Payload::Len(bytes) = self.payload { Some(bytes) } else { None }
    }

    /// The payload if it is a varint.
    #[must_use]
    #[inline]
    pub const fn varint(&self) -> Option<u64> {
        if let Payload::Varint(value) = self.payload { Some(value) } else { None }
    }

    /// The payload if it has eight bytes.
    #[must_use]
    #[inline]
    pub const fn fixed64(&self) -> Option<u64> {
        if let Payload::Fixed64(value) = self.payload { Some(value) } else { None }
    }

    /// The payload if it has four bytes.
    #[must_use]
    #[inline]
    pub const fn fixed32(&self) -> Option<u32> {
        if let Payload::Fixed32(value) = self.payload { Some(value) } else { None }
    }
}

/// The fields of a message, in order.
///
/// Iteration ends at the first malformed field; [`Fields::is_malformed`] then tells that from the regular end.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
    broken: bool,
}

impl<'a> Fields<'a> {
    /// The fields of the message encoded in `bytes`.
    #[must_use]
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, broken: false }
    }

    /// Offset of the next field.
    #[must_use]
    #[inline]
    pub const fn offset(&self) -> usize {
        self.at
    }

    /// Whether iteration stopped before the end of the bytes.
    #[must_use]
    pub const fn is_malformed(&self) -> bool {
        self.broken
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    #[inline]
    fn next(&mut self) -> Option<Field<'a>> {
        if self.broken || self.at >= self.bytes.len() {
            return None;
        }
        let next = field(self.bytes, self.at);
        match &next {
            Some(field) => self.at = field.end(),
            None => self.broken = true,
        }
        next
    }
}

impl std::iter::FusedIterator for Fields<'_> {}

/// Reads the varint at `at`; returns it and the offset behind it.
#[must_use]
#[inline]
pub fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let first = *bytes.get(at)?;
    if first < 0x80 {
        return Some((u64::from(first), at + 1));
    }
    long_varint(bytes, at)
}

fn long_varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (index, &byte) in bytes.get(at..)?.iter().take(MAX_VARINT_LEN).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            // The tenth byte has room for one bit.
            let overflows = index + 1 == MAX_VARINT_LEN && byte > 1;
            return (!overflows).then_some((value, at + index + 1));
        }
    }
    None
}

/// Reads the field whose tag stands at `at`; `None` if there is no well-formed one.
#[must_use]
#[inline]
pub fn field(bytes: &[u8], at: usize) -> Option<Field<'_>> {
    let (tag, content) = varint(bytes, at)?;
    let number = field_number(tag)?;
    let (payload, end) = match WireType::of_tag(tag)? {
        WireType::Varint => {
            let (value, end) = varint(bytes, content)?;
            (Payload::Varint(value), end)
        }
        WireType::Fixed64 => {
            let eight = bytes.get(content..)?.first_chunk()?;
            (Payload::Fixed64(u64::from_le_bytes(*eight)), content + 8)
        }
        WireType::Len => {
            let (len, content) = varint(bytes, content)?;
            let end = content.checked_add(usize::try_from(len).ok()?)?;
            (Payload::Len(bytes.get(content..end)?), end)
        }
        WireType::StartGroup => {
            let (inner_end, end) = group_end(bytes, content, number, MAX_DEPTH)?;
            (Payload::Group(bytes.get(content..inner_end)?), end)
        }
        WireType::EndGroup => return None,
        WireType::Fixed32 => {
            let four = bytes.get(content..)?.first_chunk()?;
            (Payload::Fixed32(u32::from_le_bytes(*four)), content + 4)
        }
    };
    Some(Field { number, payload, raw: bytes.get(at..end)?, start: at })
}

/// The field number of a tag; `None` if it is 0 or the tag exceeds 32 bits.
#[inline]
pub(crate) fn field_number(tag: u64) -> Option<u32> {
    u32::try_from(tag).ok().map(|tag| tag >> 3).filter(|&number| number != 0)
}

/// Finds the end of the group `number` whose first field stands at `at`: the offset of its end tag and the offset
/// behind that. Groups within it may nest `depth - 1` levels deep.
pub(crate) fn group_end(bytes: &[u8], mut at: usize, number: u32, depth: u32) -> Option<(usize, usize)> {
    let depth = depth.checked_sub(1)?;
    loop {
        let (tag, content) = varint(bytes, at)?;
        let inner = field_number(tag)?;
        at = match WireType::of_tag(tag)? {
            WireType::EndGroup => return (inner == number).then_some((at, content)),
            // As prost counts: every field within a group is one level below it.
            _wire_type if depth == 0 => return None,
            WireType::Varint => varint(bytes, content)?.1,
            WireType::Fixed64 => content.checked_add(8)?,
            WireType::Len => {
                let (len, content) = varint(bytes, content)?;
                content.checked_add(usize::try_from(len).ok()?)?
            }
            WireType::StartGroup => group_end(bytes, content, inner, depth)?.1,
            WireType::Fixed32 => content.checked_add(4)?,
        };
        if at > bytes.len() {
            return None;
        }
    }
}

/// The varints of a packed list; ends at the first malformed one.
pub fn packed_varints(bytes: &[u8]) -> impl Iterator<Item = u64> + Clone {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (value, next) = varint(bytes, at)?;
        at = next;
        Some(value)
    })
}
