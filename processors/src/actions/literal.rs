use std::fmt;

use edgewatch_proto::view::AnyValue;
use edgewatch_proto::wire;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The value of an attribute as written in a configuration; its type is that of the YAML value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Double(f64),
    /// Text.
    String(String),
    /// A list.
    List(Vec<Literal>),
    /// Keys with values.
    Map(Vec<(String, Literal)>),
}

impl Literal {
    /// The encoded `AnyValue`.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.put(&mut out);
        out
    }

    /// Whether `value` is this very value, of the same type.
    pub(crate) fn equals(&self, value: AnyValue<'_>) -> bool {
        use edgewatch_proto::view::Value;

        match (self, value.value()) {
            (Self::Bool(mine), Value::Bool(its)) => *mine == its,
            (Self::Int(mine), Value::Int(its)) => *mine == its,
            (Self::Double(mine), Value::Double(its)) => *mine == its,
            (Self::String(mine), Value::String(its)) => mine == its,
            (Self::List(mine), Value::Array(its)) => {
                mine.len() == its.values().count()
                    && mine.iter().zip(its.values()).all(|(mine, its)| mine.equals(its))
            }
            (Self::Map(mine), Value::KeyValueList(its)) => {
                mine.len() == its.values().count()
                    && mine.iter().all(|(key, mine)| {
                        its.values().any(|entry| entry.key() == key && mine.equals(entry.value()))
                    })
            }
            (
                Self::Bool(_)
                | Self::Int(_)
                | Self::Double(_)
                | Self::String(_)
                | Self::List(_)
                | Self::Map(_),
                Value::Empty
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Double(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::KeyValueList(_)
                | Value::Bytes(_)
                | Value::StringIndex(_),
            ) => false,
        }
    }

    /// Appends the fields of an `AnyValue`.
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::String(text) => wire::put_bytes(out, 1, text.as_bytes()),
            Self::Bool(truth) => wire::put_varint_field(out, 2, u64::from(*truth)),
            Self::Int(number) => wire::put_varint_field(out, 3, number.cast_unsigned()),
            Self::Double(number) => wire::put_double(out, 4, *number),
            Self::List(elements) => {
                let mut list = Vec::new();
                for element in elements {
                    wire::put_bytes(&mut list, 1, &element.encode());
                }
                wire::put_bytes(out, 5, &list);
            }
            Self::Map(entries) => {
                let mut map = Vec::new();
                for (key, value) in entries {
                    let mut entry = Vec::new();
                    wire::put_bytes(&mut entry, 1, key.as_bytes());
                    wire::put_bytes(&mut entry, 2, &value.encode());
                    wire::put_bytes(&mut map, 1, &entry);
                }
                wire::put_bytes(out, 6, &map);
            }
        }
    }
}

impl<'de> Deserialize<'de> for Literal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Literal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, a number, true or false, a list or a map")
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Literal, E> {
                Ok(Literal::Bool(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Literal, E> {
                Ok(Literal::Int(value))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Literal, E> {
                i64::try_from(value).map(Literal::Int).map_err(|_| {
                    E::custom("the number is above 9223372036854775807, the largest integer of an attribute")
                })
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Literal, E> {
                Ok(Literal::Double(value))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Literal, E> {
                Ok(Literal::String(value.to_owned()))
            }

            /// A reference to a variable that is not set leaves nothing: an empty text.
            fn visit_unit<E: Error>(self) -> Result<Literal, E> {
                Ok(Literal::String(String::new()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Literal, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Literal::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Literal, A::Error> {
                let mut map = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    map.push(entry);
                }
                Ok(Literal::Map(map))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

impl Serialize for Literal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Double(value) => serializer.serialize_f64(*value),
            Self::String(value) => serializer.serialize_str(value),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl JsonSchema for Literal {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AttributeValue".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer", "number", "boolean", "array", "object"] })
    }
}
