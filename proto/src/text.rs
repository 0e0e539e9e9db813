//! Attribute values as text for people, as the Collector's `AsString` writes them.
//!
//! Strings are written as they are, numbers and booleans plainly, bytes in base64, lists and maps as JSON.

use std::fmt;

use crate::view::{AnyValue, Value};

/// How deep lists and maps are written; what lies deeper appears as `…`.
const MAX_DEPTH: usize = 32;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Displays a value; see the module.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a>(pub AnyValue<'a>);

/// Displays a floating-point number as Go's JSON encoder does: plainly, and with an exponent from 1e21 and below 1e-6.
#[derive(Clone, Copy, Debug)]
pub struct Number(pub f64);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.value() {
            Value::String(text) => f.write_str(text),
            Value::Bytes(bytes) => base64(f, bytes),
            Value::Empty => Ok(()),
            value @ (Value::Bool(_)
            | Value::Int(_)
            | Value::Double(_)
            | Value::Array(_)
            | Value::KeyValueList(_)
            | Value::StringIndex(_)) => json(f, value, MAX_DEPTH),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.abs();
        if magnitude != 0.0 && magnitude.is_finite() && !(1e-6..1e21).contains(&magnitude) {
            let text = format!("{:e}", self.0);
            return match text.split_once('e') {
                Some((digits, exponent)) if !exponent.starts_with('-') => write!(f, "{digits}e+{exponent}"),
                Some(_) | None => f.write_str(&text),
            };
        }
        if self.0.is_infinite() {
            return f.write_str(if self.0 > 0.0 { "+Inf" } else { "-Inf" });
        }
        write!(f, "{}", self.0)
    }
}

fn json(f: &mut fmt::Formatter<'_>, value: Value<'_>, depth: usize) -> fmt::Result {
    match value {
        Value::Empty => f.write_str("null"),
        Value::String(text) => string(f, text),
        Value::Bool(truth) => write!(f, "{truth}"),
        Value::Int(number) => write!(f, "{number}"),
        Value::Double(number) => write!(f, "{}", Number(number)),
        Value::StringIndex(index) => write!(f, "{index}"),
        Value::Bytes(bytes) => {
            f.write_str("\"")?;
            base64(f, bytes)?;
            f.write_str("\"")
        }
        Value::Array(_) | Value::KeyValueList(_) if depth == 0 => f.write_str("\"…\""),
        Value::Array(array) => {
            f.write_str("[")?;
            for (index, element) in array.values().enumerate() {
                f.write_str(if index == 0 { "" } else { "," })?;
                json(f, element.value(), depth - 1)?;
            }
            f.write_str("]")
        }
        Value::KeyValueList(map) => {
            f.write_str("{")?;
            for (index, entry) in map.values().enumerate() {
                f.write_str(if index == 0 { "" } else { "," })?;
                string(f, entry.key())?;
                f.write_str(":")?;
                json(f, entry.value().value(), depth - 1)?;
            }
            f.write_str("}")
        }
    }
}

fn string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    use fmt::Write as _;

    f.write_str("\"")?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\""),
            '\\' => f.write_str("\\\\"),
            '\n' => f.write_str("\\n"),
            '\r' => f.write_str("\\r"),
            '\t' => f.write_str("\\t"),
            control if u32::from(control) < 0x20 => write!(f, "\\u{:04x}", u32::from(control)),
            plain => f.write_char(plain),
        }?;
    }
    f.write_str("\"")
}

fn base64(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    use fmt::Write as _;

    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) & 0x3f;
            let digit = BASE64.get(index as usize).filter(|_digit| place <= chunk.len());
            f.write_char(digit.map_or('=', |digit| char::from(*digit)))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1 as common;
    use opentelemetry_proto::tonic::common::v1::any_value::Value as Proto;
    use prost::Message;

    use super::*;

    #[test]
    fn writes_values_as_the_collector_does() {
        let nested = Proto::KvlistValue(common::KeyValueList {
            values: vec![
                pair("a\"b", Proto::StringValue("line\n\u{1}".to_owned())),
                pair(
                    "list",
                    Proto::ArrayValue(common::ArrayValue {
                        values: vec![any(Proto::BoolValue(true)), common::AnyValue::default()],
                    }),
                ),
                pair("bytes", Proto::BytesValue(vec![1, 2, 3, 4])),
            ],
        });

        assert_eq!(text(Proto::StringValue("plain \"text\"".to_owned())), "plain \"text\"");
        assert_eq!(text(Proto::IntValue(-7)), "-7");
        assert_eq!(text(Proto::BoolValue(false)), "false");
        assert_eq!(text(Proto::BytesValue(b"any carnal pleas".to_vec())), "YW55IGNhcm5hbCBwbGVhcw==");
        assert_eq!(text(Proto::BytesValue(b"any carnal pleasu".to_vec())), "YW55IGNhcm5hbCBwbGVhc3U=");
        assert_eq!(text(Proto::BytesValue(b"any carnal pleasur".to_vec())), "YW55IGNhcm5hbCBwbGVhc3Vy");
        assert_eq!(text(nested), r#"{"a\"b":"line\n\u0001","list":[true,null],"bytes":"AQIDBA=="}"#);
    }

    #[test]
    fn writes_numbers_as_go_does() {
        let texts = [0.0, 1.0, -2.5, 0.1, 1e-6, 1.5e-7, 1e20, 1e21, -1.25e30, f64::INFINITY]
            .map(|n| Number(n).to_string());

        let expected = [
            "0",
            "1",
            "-2.5",
            "0.1",
            "0.000001",
            "1.5e-7",
            "100000000000000000000",
            "1e+21",
            "-1.25e+30",
            "+Inf",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn does_not_follow_nesting_without_end() {
        let mut value = Proto::IntValue(1);
        for _ in 0..200 {
            value = Proto::ArrayValue(common::ArrayValue { values: vec![any(value)] });
        }

        assert!(text(value).starts_with("[[[["));
    }

    fn text(value: Proto) -> String {
        Text(AnyValue::new(&any(value).encode_to_vec())).to_string()
    }

    fn any(value: Proto) -> common::AnyValue {
        common::AnyValue { value: Some(value) }
    }

    fn pair(key: &str, value: Proto) -> common::KeyValue {
        common::KeyValue { key: key.to_owned(), value: Some(any(value)), ..common::KeyValue::default() }
    }
}
