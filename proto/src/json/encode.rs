//! From protobuf to JSON.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use super::error::JsonError;
use super::schema::{self, Field, Kind, Label, Message};
use crate::Signal;
use crate::wire::{self, Fields, Payload};

/// Appends the encoded request of `signal` to `out` as one line of OTLP/JSON, without a line feed.
///
/// # Errors
///
/// If `request` is not well-formed protobuf; `out` then ends with a part of the text.
pub fn encode(signal: Signal, request: &[u8], out: &mut Vec<u8>) -> Result<(), JsonError> {
    encode_segments(signal, std::iter::once(request), out)
}

/// As [`encode`], for a request that lies in several segments, each of them a complete encoded request.
///
/// # Errors
///
/// If a segment is not well-formed protobuf; `out` then ends with a part of the text.
pub fn encode_segments<'a>(
    signal: Signal,
    segments: impl IntoIterator<Item = &'a [u8]>,
    out: &mut Vec<u8>,
) -> Result<(), JsonError> {
    let mut text = Text { out, depth: wire::MAX_DEPTH };
    text.out.push(b'{');
    if let [resources] = schema::request(signal).fields {
        let mut none_yet = true;
        for segment in segments {
            let mut fields = Fields::new(segment);
            for found in fields.by_ref().filter(|found| found.number == resources.number) {
                if none_yet {
                    text.name(resources);
                    text.out.push(b'[');
                } else {
                    text.out.push(b',');
                }
                none_yet = false;
                text.value(resources.kind, found.payload)?;
            }
            if fields.is_malformed() {
                return Err(JsonError::Malformed);
            }
        }
        if !none_yet {
            text.out.push(b']');
        }
    }
    text.out.push(b'}');
    Ok(())
}

/// Most fields of a message in the tables.
pub(super) const MOST_FIELDS: usize = 16;

/// Where in a message a field occurs: from the start of its first to the end of its last occurrence.
#[derive(Clone, Copy, Debug, Default)]
struct Found<'a> {
    start: usize,
    end: usize,
    times: usize,
    last: Option<Payload<'a>>,
}

struct Text<'o> {
    out: &'o mut Vec<u8>,
    /// How many more levels of messages may be entered.
    depth: u32,
}

impl Text<'_> {
    fn message(&mut self, message: &'static Message, bytes: &[u8]) -> Result<(), JsonError> {
        self.depth = self.depth.checked_sub(1).ok_or(JsonError::Malformed)?;
        let found = find(message, bytes)?;
        self.out.push(b'{');
        let mut first = true;
        for (field, found) in message.fields.iter().zip(found) {
            let Some(last) = found.last else { continue };
            if !first {
                self.out.push(b',');
            }
            first = false;
            self.name(field);
            let region = bytes.get(found.start..found.end).unwrap_or_default();
            match (field.label, field.kind) {
                (Label::Repeated, _) => self.list(field, region)?,
                (_, Kind::Message(inner)) if found.times > 1 => {
                    self.message(inner, &merged(field, region))?
                }
                _ => self.value(field.kind, last)?,
            }
        }
        self.out.push(b'}');
        self.depth += 1;
        Ok(())
    }

    fn name(&mut self, field: &Field) {
        self.out.push(b'"');
        self.out.extend_from_slice(field.name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// Writes all occurrences of `field` in `region`, which may have others in between.
    fn list(&mut self, field: &Field, region: &[u8]) -> Result<(), JsonError> {
        self.out.push(b'[');
        let mut first = true;
        for found in Fields::new(region).filter(|found| found.number == field.number) {
            if let (true, Payload::Len(packed)) = (field.kind.is_packed(), found.payload) {
                self.packed(field.kind, packed, &mut first)?;
            } else {
                self.element(field.kind, found.payload, &mut first)?;
            }
        }
        self.out.push(b']');
        Ok(())
    }

    fn packed(&mut self, kind: Kind, packed: &[u8], first: &mut bool) -> Result<(), JsonError> {
        match kind {
            Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => {
                let (words, rest) = packed.as_chunks();
                for word in words {
                    self.element(kind, Payload::Fixed64(u64::from_le_bytes(*word)), first)?;
                }
                if rest.is_empty() { Ok(()) } else { Err(JsonError::Malformed) }
            }
            Kind::Fixed32 => {
                let (words, rest) = packed.as_chunks();
                for word in words {
                    self.element(kind, Payload::Fixed32(u32::from_le_bytes(*word)), first)?;
                }
                if rest.is_empty() { Ok(()) } else { Err(JsonError::Malformed) }
            }
            Kind::Text
            | Kind::Bytes
            | Kind::Id
            | Kind::Message(_)
            | Kind::Bool
            | Kind::Int32
            | Kind::Int64
            | Kind::Uint32
            | Kind::Uint64
            | Kind::Sint32
            | Kind::Enum(_) => {
                let mut at = 0;
                while at < packed.len() {
                    let (value, next) = wire::varint(packed, at).ok_or(JsonError::Malformed)?;
                    self.element(kind, Payload::Varint(value), first)?;
                    at = next;
                }
                Ok(())
            }
        }
    }

    fn element(&mut self, kind: Kind, payload: Payload<'_>, first: &mut bool) -> Result<(), JsonError> {
        if !*first {
            self.out.push(b',');
        }
        *first = false;
        self.value(kind, payload)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "protobuf readers take the low bits of a 32-bit field"
    )]
    fn value(&mut self, kind: Kind, payload: Payload<'_>) -> Result<(), JsonError> {
        match (kind, payload) {
            (Kind::Message(message), Payload::Len(bytes)) => self.message(message, bytes),
            (Kind::Text, Payload::Len(bytes)) => {
                let text = str::from_utf8(bytes).map_err(|_| JsonError::Malformed)?;
                self.json(text)
            }
            (Kind::Bytes, Payload::Len(bytes)) => self.json(&BASE64_STANDARD.encode(bytes)),
            (Kind::Id, Payload::Len(bytes)) => {
                self.out.push(b'"');
                for byte in bytes {
                    self.out.extend_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 15)]);
                }
                self.out.push(b'"');
                Ok(())
            }
            (Kind::Bool, Payload::Varint(value)) => self.json(&(value != 0)),
            (Kind::Int32 | Kind::Enum(_), Payload::Varint(value)) => self.json(&(value as u32).cast_signed()),
            (Kind::Sint32, Payload::Varint(value)) => self.json(&unzigzag(value as u32)),
            (Kind::Uint32, Payload::Varint(value)) => self.json(&(value as u32)),
            (Kind::Fixed32, Payload::Fixed32(value)) => self.json(&value),
            (Kind::Int64, Payload::Varint(value)) | (Kind::Sfixed64, Payload::Fixed64(value)) => {
                self.quoted(&value.cast_signed())
            }
            (Kind::Uint64, Payload::Varint(value)) | (Kind::Fixed64, Payload::Fixed64(value)) => {
                self.quoted(&value)
            }
            (Kind::Double, Payload::Fixed64(bits)) => self.double(f64::from_bits(bits)),
            // A field whose wire type is not the one of its kind.
            _ => Err(JsonError::Malformed),
        }
    }

    fn double(&mut self, value: f64) -> Result<(), JsonError> {
        if value.is_finite() {
            self.json(&value)
        } else if value.is_nan() {
            self.json("NaN")
        } else if value > 0.0 {
            self.json("Infinity")
        } else {
            self.json("-Infinity")
        }
    }

    /// Writes an integer of 64 bits, which JSON shows as a string.
    fn quoted(&mut self, value: &impl Serialize) -> Result<(), JsonError> {
        self.out.push(b'"');
        self.json(value)?;
        self.out.push(b'"');
        Ok(())
    }

    fn json<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        // Neither a `Vec` nor the values given here can fail.
        serde_json::to_writer(&mut *self.out, value).map_err(|_| JsonError::Malformed)
    }
}

/// Finds the fields of `message` in `bytes`; of fields that exclude each other the last one counts.
fn find<'a>(message: &Message, bytes: &'a [u8]) -> Result<[Found<'a>; MOST_FIELDS], JsonError> {
    let mut all = [Found::default(); MOST_FIELDS];
    let mut fields = Fields::new(bytes);
    for field in fields.by_ref() {
        let place = message.fields.iter().position(|known| known.number == field.number);
        let Some(found) = place.and_then(|place| all.get_mut(place)) else {
            continue;
        };
        if found.times == 0 {
            found.start = field.start;
        }
        found.end = field.end();
        found.times += 1;
        found.last = Some(field.payload);
    }
    if fields.is_malformed() {
        return Err(JsonError::Malformed);
    }
    let choices = || message.fields.iter().enumerate().filter(|(_, field)| field.label == Label::OneOf);
    let latest = choices().filter_map(|(place, _)| all.get(place)).map(|found| found.end).max();
    for (place, _) in choices() {
        if let Some(found) = all.get_mut(place).filter(|found| Some(found.end) != latest) {
            *found = Found::default();
        }
    }
    Ok(all)
}

/// The bodies of all occurrences of a message field, joined: protobuf's way to merge messages.
fn merged(field: &Field, region: &[u8]) -> Vec<u8> {
    Fields::new(region)
        .filter(|found| found.number == field.number)
        .filter_map(|found| found.bytes())
        .collect::<Vec<_>>()
        .concat()
}

const fn hex_digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

const fn unzigzag(value: u32) -> i32 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}
