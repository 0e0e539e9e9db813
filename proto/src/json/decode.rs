//! From JSON to protobuf.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::error::{JsonError, Path};
use super::schema::{self, Field, Kind, Label, Message};
use super::value;
use crate::Signal;
use crate::encode::buffer::{close, open};

/// Converts a request of `signal` from OTLP/JSON to the encoded protobuf message.
///
/// # Errors
///
/// If `json` is not well formed, nests deeper than 128 levels, or has a value that does not fit its field.
pub fn decode(signal: Signal, json: &[u8]) -> Result<Vec<u8>, JsonError> {
    decode_message(schema::request(signal), json)
}

/// Converts any message of the tables.
pub(crate) fn decode_message(message: &'static Message, json: &[u8]) -> Result<Vec<u8>, JsonError> {
    let mut target = Target { out: Vec::with_capacity(json.len() / 2), path: Path::default() };
    // Its recursion limit of 128 levels keeps nesting bombs off the stack, and the result within the 100 messages that
    // readers of protobuf accept: two nested values take two messages and three levels of JSON.
    let mut reader = serde_json::Deserializer::from_slice(json);
    reader
        .deserialize_map(Body { message, target: &mut target })
        .and_then(|()| reader.end())
        .map_err(|error| JsonError::invalid(&error, &target.path))?;
    Ok(target.out)
}

/// Where the protobuf goes, and where in the JSON we are. An error leaves `path` as it was when it happened.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) out: Vec<u8>,
    pub(super) path: Path,
}

/// Reads an object as the body of a message.
struct Body<'t> {
    message: &'static Message,
    target: &'t mut Target,
}

impl<'de> Visitor<'de> for Body<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let mut chosen: Option<&'static Field> = None;
        while let Some(field) = object.next_key_seed(Name(self.message))? {
            let Some(field) = field else {
                object.next_value::<IgnoredAny>()?;
                continue;
            };
            self.target.path.enter_field(field.name);
            let given = object.next_value_seed(Content { field, target: self.target })?;
            self.target.path.leave();
            if given
                && field.label == Label::OneOf
                && let Some(other) = chosen.replace(field)
            {
                return Err(Error::custom(format_args!(
                    "{} and {} exclude each other",
                    other.name, field.name
                )));
            }
        }
        Ok(())
    }
}

/// Reads a key: the field of that name, or none if it is unknown.
struct Name(&'static Message);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<&'static Field>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<&'static Field>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.by_name(name))
    }
}

/// Reads what stands behind a key, and says whether that was anything but `null`.
struct Content<'t> {
    field: &'static Field,
    target: &'t mut Target,
}

impl<'de> DeserializeSeed<'de> for Content<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, content: D) -> Result<bool, D::Error> {
        let place = match self.field.label {
            Label::Repeated => {
                return content.deserialize_any(List { field: self.field, target: self.target });
            }
            Label::Single => Place::UnlessDefault,
            Label::Optional | Label::OneOf => Place::Always,
        };
        content.deserialize_any(Value { field: self.field, place, target: self.target })
    }
}

/// Reads an array as a repeated field.
struct List<'t> {
    field: &'static Field,
    target: &'t mut Target,
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<bool, A::Error> {
        let Self { field, target } = self;
        let packed = field.kind.is_packed();
        let before = target.out.len();
        let start = if packed { open(&mut target.out, field.number) } else { before };
        let place = if packed { Place::Packed } else { Place::Element };
        for index in 0.. {
            target.path.enter_element(index);
            let more = array.next_element_seed(Element(Value { field, place, target }))?;
            target.path.leave();
            if more.is_none() {
                break;
            }
        }
        if packed && target.out.len() == start {
            target.out.truncate(before);
        } else if packed {
            close(&mut target.out, start);
        }
        Ok(true)
    }
}

/// Reads one element of an array.
struct Element<'t>(Value<'t>);

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, element: D) -> Result<bool, D::Error> {
        element.deserialize_any(self.0)
    }
}

/// How a value is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// With its tag, unless it is the default value.
    UnlessDefault,
    /// With its tag.
    Always,
    /// With its tag, and it must be there.
    Element,
    /// Without a tag, and it must be there.
    Packed,
}

/// Reads one value, and says whether it was anything but `null`.
struct Value<'t> {
    field: &'static Field,
    place: Place,
    target: &'t mut Target,
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.field.kind {
            Kind::Text => "a string",
            Kind::Bytes => "a string in base64",
            Kind::Id => "a string in hexadecimal",
            Kind::Bool => "a boolean",
            Kind::Int32 | Kind::Uint32 | Kind::Sint32 | Kind::Fixed32 => "an integer",
            Kind::Int64 | Kind::Uint64 | Kind::Fixed64 | Kind::Sfixed64 => "an integer or a string with one",
            Kind::Double => r#"a number or one of "NaN", "Infinity", "-Infinity""#,
            Kind::Enum(_) => "the number of an enum",
            Kind::Message(_) => "an object",
        })
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        match self.place {
            Place::UnlessDefault | Place::Always => Ok(false),
            Place::Element | Place::Packed => Err(E::invalid_type(serde::de::Unexpected::Unit, &self)),
        }
    }

    fn visit_bool<E: Error>(self, given: bool) -> Result<bool, E> {
        if !matches!(self.field.kind, Kind::Bool) {
            return Err(E::invalid_type(serde::de::Unexpected::Bool(given), &self));
        }
        value::put_word(&mut self.target.out, self.field, self.place, u64::from(given));
        Ok(true)
    }

    fn visit_u64<E: Error>(self, given: u64) -> Result<bool, E> {
        self.integer(i128::from(given))
    }

    fn visit_i64<E: Error>(self, given: i64) -> Result<bool, E> {
        self.integer(i128::from(given))
    }

    fn visit_f64<E: Error>(self, given: f64) -> Result<bool, E> {
        if matches!(self.field.kind, Kind::Double) {
            value::put_double(&mut self.target.out, self.field, self.place, given);
            return Ok(true);
        }
        match value::whole(given) {
            Some(whole) => self.integer(whole),
            None => Err(E::invalid_value(serde::de::Unexpected::Float(given), &self)),
        }
    }

    fn visit_str<E: Error>(self, given: &str) -> Result<bool, E> {
        if let Some(bytes) = value::from_text(&mut self.target.out, self.field, self.place, given) {
            return if bytes { Ok(true) } else { Err(self.misfit(given)) };
        }
        Err(E::invalid_type(serde::de::Unexpected::Other("a string"), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<bool, A::Error> {
        let Kind::Message(message) = self.field.kind else {
            return Err(A::Error::invalid_type(serde::de::Unexpected::Map, &self));
        };
        let start = open(&mut self.target.out, self.field.number);
        Body { message, target: self.target }.visit_map(object)?;
        close(&mut self.target.out, start);
        Ok(true)
    }
}

impl Value<'_> {
    fn integer<E: Error>(self, given: i128) -> Result<bool, E> {
        match value::put_integer(&mut self.target.out, self.field, self.place, given) {
            Some(true) => Ok(true),
            Some(false) => Err(E::custom(format_args!("{given} is out of range"))),
            None => Err(E::invalid_type(serde::de::Unexpected::Other("a number"), &self)),
        }
    }

    /// The error for a string that is not what the field wants.
    fn misfit<E: Error>(self, given: &str) -> E {
        let mut shown: String = given.chars().take(LONGEST_QUOTE).collect();
        if shown.len() < given.len() {
            shown.push('…');
        }
        E::invalid_value(serde::de::Unexpected::Str(&shown), &self)
    }
}

/// Most characters of a string that an error repeats.
const LONGEST_QUOTE: usize = 40;
