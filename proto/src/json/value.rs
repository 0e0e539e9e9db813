//! Scalar values of JSON as protobuf.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::decode::Place;
use super::schema::{Field, Kind};
use crate::encode::buffer::{close, open, put_bytes, put_fixed32, put_fixed64, put_uint, put_varint};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// A float as an integer, if it is one and exact. Integers beyond 64 bits reach us as floats and are out of range.
pub(super) fn whole(given: f64) -> Option<i128> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let exact = given.fract() == 0.0 && given.abs() < LIMIT;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
    exact.then_some(given as i128)
}

/// Writes an integer. `Some(false)`: it is out of range. `None`: the field is no number.
pub(super) fn put_integer(out: &mut Vec<u8>, field: &Field, place: Place, given: i128) -> Option<bool> {
    let word = match field.kind {
        Kind::Int32 | Kind::Enum(_) => {
            i32::try_from(given).ok().map(|value| i64::from(value).cast_unsigned())
        }
        Kind::Sint32 => i32::try_from(given).ok().map(zigzag),
        Kind::Int64 | Kind::Sfixed64 => i64::try_from(given).ok().map(i64::cast_unsigned),
        Kind::Uint32 | Kind::Fixed32 => u32::try_from(given).ok().map(u64::from),
        Kind::Uint64 | Kind::Fixed64 => u64::try_from(given).ok(),
        Kind::Double => {
            #[expect(clippy::cast_precision_loss, reason = "what reading the digits as a double would give")]
            put_double(out, field, place, given as f64);
            return Some(true);
        }
        Kind::Text | Kind::Bytes | Kind::Id | Kind::Bool | Kind::Message(_) => return None,
    };
    Some(word.is_some_and(|word| {
        put_word(out, field, place, word);
        true
    }))
}

/// Writes a double.
pub(super) fn put_double(out: &mut Vec<u8>, field: &Field, place: Place, value: f64) {
    put_word(out, field, place, value.to_bits());
}

/// Writes the value of a numeric field, given as it stands in protobuf.
pub(super) fn put_word(out: &mut Vec<u8>, field: &Field, place: Place, word: u64) {
    if word == 0 && place == Place::UnlessDefault {
        return;
    }
    let packed = place == Place::Packed;
    match field.kind {
        Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => {
            if packed {
                out.extend_from_slice(&word.to_le_bytes());
            } else {
                put_fixed64(out, field.number, word);
            }
        }
        Kind::Fixed32 => {
            // Checked by `put_integer`.
            let word = u32::try_from(word).unwrap_or(u32::MAX);
            if packed {
                out.extend_from_slice(&word.to_le_bytes());
            } else {
                put_fixed32(out, field.number, word);
            }
        }
        Kind::Bool
        | Kind::Int32
        | Kind::Int64
        | Kind::Uint32
        | Kind::Uint64
        | Kind::Sint32
        | Kind::Enum(_)
        | Kind::Text
        | Kind::Bytes
        | Kind::Id
        | Kind::Message(_) => {
            if packed {
                put_varint(out, word);
            } else {
                put_uint(out, field.number, word);
            }
        }
    }
}

/// Writes what a string says. `Some(false)`: it does not say what the field wants. `None`: the field takes no string.
pub(super) fn from_text(out: &mut Vec<u8>, field: &Field, place: Place, given: &str) -> Option<bool> {
    Some(match field.kind {
        Kind::Text => {
            if !given.is_empty() || place != Place::UnlessDefault {
                put_bytes(out, field.number, given.as_bytes());
            }
            true
        }
        Kind::Bytes => put_decoded(out, field, place, |out| put_base64(out, given)),
        Kind::Id => put_decoded(out, field, place, |out| put_hex(out, given)),
        Kind::Double => match double(given) {
            Some(value) => {
                put_double(out, field, place, value);
                true
            }
            None => false,
        },
        Kind::Enum(names) => {
            let named =
                names.iter().position(|name| *name == given).and_then(|number| i128::try_from(number).ok());
            match named.or_else(|| given.parse().ok()) {
                Some(number) => put_integer(out, field, place, number)?,
                None => false,
            }
        }
        Kind::Int32
        | Kind::Int64
        | Kind::Uint32
        | Kind::Uint64
        | Kind::Sint32
        | Kind::Fixed32
        | Kind::Fixed64
        | Kind::Sfixed64 => match integer(given) {
            Some(number) => put_integer(out, field, place, number)?,
            None => false,
        },
        Kind::Bool | Kind::Message(_) => return None,
    })
}

fn integer(given: &str) -> Option<i128> {
    given.parse().ok().or_else(|| double(given).and_then(whole))
}

fn double(given: &str) -> Option<f64> {
    match given {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        // Rust would also read "inf" and the like, which are not JSON's.
        digits
            if digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) =>
        {
            digits.parse().ok().filter(|value: &f64| value.is_finite())
        }
        _other => None,
    }
}

/// Writes bytes that `decode` appends; it says whether it could.
fn put_decoded(
    out: &mut Vec<u8>,
    field: &Field,
    place: Place,
    decode: impl FnOnce(&mut Vec<u8>) -> bool,
) -> bool {
    let before = out.len();
    let start = open(out, field.number);
    let decoded = decode(out);
    if out.len() == start && place == Place::UnlessDefault {
        out.truncate(before);
    } else {
        close(out, start);
    }
    decoded
}

fn put_base64(out: &mut Vec<u8>, given: &str) -> bool {
    let engine = if given.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    engine.decode_vec(given, out).is_ok()
}

fn put_hex(out: &mut Vec<u8>, given: &str) -> bool {
    let (pairs, rest) = given.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return false;
    }
    for [high, low] in pairs {
        let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low)) else {
            return false;
        };
        out.push(high << 4 | low);
    }
    true
}

const fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

const fn zigzag(value: i32) -> u64 {
    ((value << 1) ^ (value >> 31)).cast_unsigned() as u64
}
