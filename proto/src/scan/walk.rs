//! The pass over the bytes.
//!
//! Text is not checked string by string, which would cost more than all the rest, but in runs. A run begins at a string
//! and goes on over tags, lengths and small numbers as long as these are single bytes, hence ASCII. It ends before
//! anything else. Since every string in it is followed by an ASCII byte or the end of the run, the run is UTF-8
//! exactly if each of its strings is, and most often a run is plain ASCII, which is found out 16 bytes at a time.

use super::schema::{KEY_VALUE, Kind, Schema, request_schema};
use super::{Fault, Malformed};
use crate::Signal;
use crate::wire::{MAX_DEPTH, WireType, field_number, group_end, varint};

/// What a scan found in a well-formed request.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Scan {
    /// Spans, data points or log records.
    pub items: usize,
}

/// Validates the encoded request of `signal` and counts its items.
///
/// # Errors
///
/// Says what is wrong and where, if `prost` would not decode the request.
pub fn scan(signal: Signal, request: &[u8]) -> Result<Scan, Malformed> {
    let mut scanner = Scanner { source: request, items: 0, text: NONE };
    scanner.message(request, 0, request_schema(signal), MAX_DEPTH)?;
    scanner.end_text(request.len())?;
    Ok(Scan { items: scanner.items })
}

/// No run of text is open.
const NONE: usize = usize::MAX;

/// The levels that the shortcut for attributes goes down.
const ATTRIBUTE_LEVELS: u32 = 2;

struct Scanner<'a> {
    source: &'a [u8],
    items: usize,
    /// Where the open run of text began, or `NONE`.
    text: usize,
}

impl Scanner<'_> {
    /// Checks the message that stands in `bytes` from `at` to the end. `bytes` begins where the request does, so that
    /// offsets are the same everywhere. `depth` levels may still nest in it.
    fn message(
        &mut self,
        bytes: &[u8],
        mut at: usize,
        schema: &'static Schema,
        depth: u32,
    ) -> Result<(), Malformed> {
        let before = self.items;
        let mut data = 0;
        while at < bytes.len() {
            let start = at;
            let (tag, content) = self.number(bytes, start)?;
            let Some(number) = field_number(tag) else {
                return Err(Malformed::at(start, Fault::Tag));
            };
            let Some(wire_type) = WireType::of_tag(tag) else {
                return Err(Malformed::at(start, Fault::Tag));
            };
            at = match (schema.kind(number), wire_type) {
                (Kind::KeyValue, WireType::Len) => {
                    let mut end = self.key_value(bytes, content, depth)?;
                    // Attributes come in rows.
                    while bytes.get(end).is_some_and(|&next| u64::from(next) == tag) {
                        end = self.key_value(bytes, end + 1, depth)?;
                    }
                    end
                }
                (Kind::Text, WireType::Len) => {
                    let (len, content) = self.number(bytes, content)?;
                    let end = end_of(bytes, content, len)?;
                    if self.text == NONE {
                        self.text = content;
                    }
                    end
                }
                (Kind::Bytes, WireType::Len) => {
                    let (len, content) = self.number(bytes, content)?;
                    self.end_text(content)?;
                    end_of(bytes, content, len)?
                }
                (Kind::Varint | Kind::Varints, WireType::Varint) => self.number(bytes, content)?.1,
                (Kind::Fixed64 | Kind::Fixed64s, WireType::Fixed64) => {
                    self.end_text(content)?;
                    end_of(bytes, content, 8)?
                }
                (Kind::Fixed32, WireType::Fixed32) => {
                    self.end_text(content)?;
                    end_of(bytes, content, 4)?
                }
                (Kind::Message(inner_schema), WireType::Len) => {
                    let (inner, content) = self.open(bytes, content, depth)?;
                    self.message(inner, content, inner_schema, depth - 1)?;
                    inner.len()
                }
                (Kind::Item(inner_schema), WireType::Len) => {
                    let (inner, content) = self.open(bytes, content, depth)?;
                    self.items += 1;
                    self.message(inner, content, inner_schema, depth - 1)?;
                    inner.len()
                }
                (Kind::Data(inner_schema), WireType::Len) => {
                    let (inner, content) = self.open(bytes, content, depth)?;
                    if number != data {
                        // Members of a oneof: another kind replaces what came before it.
                        self.items = before;
                        data = number;
                    }
                    self.message(inner, content, inner_schema, depth - 1)?;
                    inner.len()
                }
                (Kind::Varints | Kind::Fixed64s, WireType::Len) => {
                    let (len, content) = self.number(bytes, content)?;
                    self.end_text(content)?;
                    let end = end_of(bytes, content, len)?;
                    packed(bytes, content, end, schema.kind(number))?;
                    end
                }
                (Kind::Unknown, _) => self.unknown(bytes, start, wire_type, depth)?,
                (_known, _) => {
                    return Err(Malformed::at(start, Fault::WireType { message: schema.name, number }));
                }
            };
        }
        Ok(())
    }

    /// Reads a varint; one of several bytes ends the run of text.
    #[inline(always)]
    fn number(&mut self, bytes: &[u8], at: usize) -> Result<(u64, usize), Malformed> {
        match bytes.get(at) {
            Some(&byte) if byte < 0x80 => Ok((u64::from(byte), at + 1)),
            _several => self.long_number(bytes, at),
        }
    }

    fn long_number(&mut self, bytes: &[u8], at: usize) -> Result<(u64, usize), Malformed> {
        self.end_text(at)?;
        varint(bytes, at).ok_or(Malformed::at(at, Fault::Varint))
    }

    /// Reads the length at `at`; returns the bytes up to the end of that message and where it begins.
    #[inline(always)]
    fn open<'b>(&mut self, bytes: &'b [u8], at: usize, depth: u32) -> Result<(&'b [u8], usize), Malformed> {
        let (len, content) = self.number(bytes, at)?;
        if depth == 0 {
            return Err(Malformed::at(at, Fault::Depth));
        }
        let end = end_of(bytes, content, len)?;
        Ok((bytes.get(..end).unwrap_or_default(), content))
    }

    /// Checks the `KeyValue` whose length stands at `at`; returns the offset behind it.
    #[inline(always)]
    fn key_value(&mut self, bytes: &[u8], at: usize, depth: u32) -> Result<usize, Malformed> {
        if depth > ATTRIBUTE_LEVELS
            && let Some((end, run_end)) = plain_attribute(bytes, at)
        {
            if self.text == NONE {
                self.text = at + 3;
            }
            if run_end != end {
                self.end_text(run_end)?;
            }
            return Ok(end);
        }
        let (inner, content) = self.open(bytes, at, depth)?;
        self.message(inner, content, &KEY_VALUE, depth - 1)?;
        Ok(inner.len())
    }

    /// Ends the run of text, if one is open, and checks it.
    #[inline(always)]
    fn end_text(&mut self, end: usize) -> Result<(), Malformed> {
        if self.text == NONE {
            return Ok(());
        }
        let start = std::mem::replace(&mut self.text, NONE);
        let run = self.source.get(start..end).unwrap_or_default();
        if is_ascii(run) { Ok(()) } else { check_utf8(run, start) }
    }

    /// Steps over a field that the schema does not know.
    #[cold]
    fn unknown(
        &mut self,
        bytes: &[u8],
        start: usize,
        wire_type: WireType,
        depth: u32,
    ) -> Result<usize, Malformed> {
        self.end_text(start)?;
        let (tag, content) = self.number(bytes, start)?;
        if depth == 0 {
            return Err(Malformed::at(start, Fault::Depth));
        }
        match wire_type {
            WireType::Varint => Ok(self.number(bytes, content)?.1),
            WireType::Fixed64 => end_of(bytes, content, 8),
            WireType::Len => {
                let (len, content) = self.number(bytes, content)?;
                end_of(bytes, content, len)
            }
            WireType::StartGroup => field_number(tag)
                .and_then(|number| group_end(bytes, content, number, depth))
                .map(|(_end_tag, end)| end)
                .ok_or(Malformed::at(start, Fault::Group)),
            WireType::EndGroup => Err(Malformed::at(start, Fault::Group)),
            WireType::Fixed32 => end_of(bytes, content, 4),
        }
    }
}

/// Recognizes what nearly all attributes look like: a key and a text, integer, truth or number, all lengths in a
/// single byte. Returns the offset behind it, and the offset where bytes may begin that are not ASCII and no text.
#[inline(always)]
fn plain_attribute(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let &[len @ 0..0x80, ref rest @ ..] = bytes.get(at..)? else {
        return None;
    };
    let (&[0x0a, key_len @ 0..0x80, ref rest @ ..], end) =
        (rest.get(..usize::from(len))?, at + 1 + usize::from(len))
    else {
        return None;
    };
    let &[0x12, value_len, ref value @ ..] = rest.get(usize::from(key_len)..)? else {
        return None;
    };
    if usize::from(value_len) != value.len() {
        return None;
    }
    match value {
        [0x0a, text_len, text @ ..] if text.len() == usize::from(*text_len) => Some((end, end)),
        [0x10 | 0x18, 0..0x80] => Some((end, end)),
        [0x18, number @ ..] => varint(number, 0)
            .filter(|&(_value, len)| len == number.len())
            .map(|_number| (end, end - number.len())),
        [0x21, number @ ..] if number.len() == 8 => Some((end, end - 8)),
        _other => None,
    }
}

/// The offset behind `len` bytes at `content`.
#[inline(always)]
fn end_of(bytes: &[u8], content: usize, len: u64) -> Result<usize, Malformed> {
    if len > (bytes.len() - content.min(bytes.len())) as u64 {
        return Err(Malformed::at(content, Fault::Overrun));
    }
    #[expect(clippy::cast_possible_truncation, reason = "not above the length of a slice")]
    Ok(content + len as usize)
}

/// Whether all bytes are below 0x80. Runs have tens of bytes, for which this beats the method of slices, since it does
/// not decide after every word whether to go on.
#[inline(always)]
fn is_ascii(run: &[u8]) -> bool {
    const HIGH: u128 = u128::from_le_bytes([0x80; 16]);
    let (blocks, rest) = run.as_chunks();
    let seen = blocks.iter().fold(0, |seen, block| seen | u128::from_le_bytes(*block));
    // The last block overlaps the one before it.
    let last = match run.last_chunk() {
        Some(block) => u128::from_le_bytes(*block),
        None => rest.iter().fold(0, |seen, &byte| seen | u128::from(byte)),
    };
    (seen | last) & HIGH == 0
}

#[cold]
fn check_utf8(run: &[u8], start: usize) -> Result<(), Malformed> {
    match std::str::from_utf8(run) {
        Ok(_text) => Ok(()),
        Err(error) => Err(Malformed::at(start + error.valid_up_to(), Fault::Utf8)),
    }
}

/// Checks the elements of a packed list.
fn packed(bytes: &[u8], content: usize, end: usize, kind: Kind) -> Result<(), Malformed> {
    if !matches!(kind, Kind::Varints) {
        let whole = (end - content).is_multiple_of(8);
        return if whole { Ok(()) } else { Err(Malformed::at(content, Fault::Overrun)) };
    }
    let list = bytes.get(..end).unwrap_or_default();
    let mut at = content;
    while at < end {
        at = varint(list, at).ok_or(Malformed::at(at, Fault::Varint))?.1;
    }
    Ok(())
}
