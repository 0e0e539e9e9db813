//! One node as serde sees it.

use serde::de::{self, Visitor};

use super::access::{Context, ListAccess, MapAccess, NodeId, Omission, VariantAccess};
use super::failure::{Failure, Kind, plain};
use crate::config::node::{Node, Value};
use crate::config::scalar;
use crate::config::source::Span;

/// Whole numbers up to here are exact in an `f64`.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A node with its place.
#[derive(Clone, Copy)]
pub(super) struct Deserializer<'a> {
    node: &'a Node,
    /// The key that it stands under.
    key: Span,
    path: &'a str,
    context: &'a Context,
    /// Whether it is a field of a struct, which has a default of its own.
    field: bool,
}

impl<'a> Deserializer<'a> {
    pub(super) fn root(node: &'a Node, path: &'a str, context: &'a Context) -> Self {
        Self::entry(node, node.span, path, context)
    }

    pub(super) fn entry(node: &'a Node, key: Span, path: &'a str, context: &'a Context) -> Self {
        Self { node, key, path, context, field: false }
    }

    pub(super) fn field(node: &'a Node, key: Span, path: &'a str, context: &'a Context) -> Self {
        Self { field: true, ..Self::entry(node, key, path, context) }
    }

    pub(super) fn path(&self) -> &'a str {
        self.path
    }

    /// What a report underlines: the value, or its key when the value is a block on the lines below.
    pub(super) fn visible_span(&self) -> Span {
        let below = self.node.span.source == self.key.source && self.node.span.line > self.key.line;
        if below || self.node.is_null() { self.key } else { self.node.span }
    }

    fn unfit<T>(self, wanted: &dyn de::Expected) -> Result<T, Failure> {
        if self.node.is_null() {
            return Err(Failure::new(Kind::Null));
        }
        Err(Failure::new(Kind::Unfit { found: self.found(), wanted: plain(&wanted.to_string()) }))
    }

    /// What is written here, for a message.
    fn found(self) -> String {
        match &self.node.value {
            Value::Bool(value) => format!("the boolean {value}"),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
            Value::String(text) if text.is_empty() => "empty text".to_owned(),
            Value::String(text) => format!("\"{text}\""),
            Value::Null | Value::Seq(_) | Value::Map(_) => self.node.kind().to_owned(),
        }
    }

    /// The value, where text that spells a number or boolean counts as that.
    fn scalar(&self) -> Value {
        match &self.node.value {
            Value::String(text) => match scalar::resolve(text.trim()) {
                value @ (Value::Bool(_) | Value::Int(_) | Value::Float(_)) => value,
                Value::Null | Value::String(_) | Value::Seq(_) | Value::Map(_) => self.node.value.clone(),
            },
            Value::Float(value) if value.fract() == 0.0 && value.abs() < EXACT => {
                // In range: checked above.
                Value::Int(*value as i128)
            }
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Seq(_)
            | Value::Map(_) => self.node.value.clone(),
        }
    }

    fn integer<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let Value::Int(value) = self.scalar() else {
            return self.unfit(&visitor);
        };
        visit_integer(value, visitor)
    }

    fn float<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.scalar() {
            Value::Int(value) => visitor.visit_f64(value as f64),
            Value::Float(value) => visitor.visit_f64(value),
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Seq(_) | Value::Map(_) => {
                self.unfit(&visitor)
            }
        }
    }

    fn map<'de, V: Visitor<'de>>(
        self,
        fields: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::Map(map) => {
                let outcome = visitor.visit_map(MapAccess::new(map.iter(), fields, self.path, self.context));
                outcome.map_err(|failure| self.missing(failure))
            }
            Value::Null if fields.is_some() => {
                let none = std::iter::empty();
                let outcome = visitor.visit_map(MapAccess::new(none, fields, self.path, self.context));
                outcome.map_err(|failure| self.missing(failure))
            }
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::String(_)
            | Value::Seq(_) => self.unfit(&visitor),
        }
    }

    /// Places a missing key of this map at the map's own key; a key that was left out is not missing.
    fn missing(self, mut failure: Failure) -> Failure {
        if failure.place.is_none()
            && let Kind::Missing(field) = failure.kind
        {
            let omission = self.node.get(field).and_then(|node| self.context.omission(NodeId::of(node)));
            if omission == Some(Omission::Reported) {
                failure.kind = Kind::Reported;
            }
        }
        failure
    }
}

/// Hands over a whole number as the type that holds it.
fn visit_integer<'de, V: Visitor<'de>>(value: i128, visitor: V) -> Result<V::Value, Failure> {
    match (i64::try_from(value), u64::try_from(value)) {
        (_, Ok(value)) => visitor.visit_u64(value),
        (Ok(value), Err(_)) => visitor.visit_i64(value),
        (Err(_), Err(_)) => visitor.visit_i128(value),
    }
}

/// Methods that read a whole number.
macro_rules! integers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            self.integer(visitor)
        })*
    };
}

impl<'de> de::Deserializer<'de> for Deserializer<'_> {
    type Error = Failure;

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Int(value) => visit_integer(*value, visitor),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::String(text) => visitor.visit_str(text),
            Value::Seq(items) => visitor.visit_seq(ListAccess::new(items, self.path, self.context)),
            Value::Map(_) => self.map(None, visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.scalar() {
            Value::Bool(value) => visitor.visit_bool(value),
            Value::String(text) if matches!(text.as_str(), "yes" | "no" | "on" | "off") => {
                let meant = matches!(text.as_str(), "yes" | "on");
                Err(Failure::with_help(
                    format!("expected true or false, found \"{text}\""),
                    format!("YAML 1.2 reads `{text}` as text; write `{meant}`"),
                ))
            }
            Value::Null
            | Value::Int(_)
            | Value::Float(_)
            | Value::String(_)
            | Value::Seq(_)
            | Value::Map(_) => self.unfit(&visitor),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.float(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.float(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match (&self.node.value, self.node.text.as_deref()) {
            (Value::String(text), _) => visitor.visit_str(text),
            (Value::Null, Some("")) if self.field => Err(Failure::new(Kind::Null)),
            (_, Some(text)) => visitor.visit_str(text),
            (_, None) => self.unfit(&visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    /// A key with nothing behind it switches an optional section on, as in the Collector (`grpc:`); for
    /// anything but a struct it counts as absent.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.node.is_null() { visitor.visit_unit() } else { self.unfit(&visitor) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    /// Text counts as a list of its parts between commas, as in the Collector.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::Seq(items) => visitor.visit_seq(ListAccess::new(items, self.path, self.context)),
            Value::String(text) => {
                let part =
                    |text: &str| Node { value: Value::String(text.to_owned()), ..self.node.clone_place() };
                let items: Vec<Node> =
                    if text.is_empty() { Vec::new() } else { text.split(',').map(part).collect() };
                // The parts are gone when the failure is handled: the whole text is what gets left out.
                visitor.visit_seq(ListAccess::new(&items, self.path, self.context)).map_err(|mut failure| {
                    failure.trail.clear();
                    failure
                })
            }
            Value::Null => Err(Failure::new(Kind::Null)),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Map(_) => {
                let message = format!("expected a list, found {}", self.found());
                let help = "put `- ` before each entry, or the entries between [ and ]";
                Err(Failure::with_help(message, help))
            }
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.map(None, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.map(Some(fields), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        choices: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match (&self.node.value, self.node.text.as_deref()) {
            (Value::String(name), _) => visitor.visit_enum(VariantAccess { name, content: None }),
            (Value::Map(map), _) => {
                let mut entries = map.iter();
                let (Some((key, node)), None) = (entries.next(), entries.next()) else {
                    return Err(Failure::with_help(
                        format!("expected exactly one key, found {}", map.len()),
                        format!("the choices are: {}", choices.join(", ")),
                    ));
                };
                let path = crate::config::join(self.path, &key.name);
                let content = Deserializer::entry(node, key.span, &path, self.context);
                visitor.visit_enum(VariantAccess { name: &key.name, content: Some((content, node)) })
            }
            (Value::Null, _) => Err(Failure::new(Kind::Null)),
            (Value::Bool(_) | Value::Int(_) | Value::Float(_), Some(name)) => {
                visitor.visit_enum(VariantAccess { name, content: None })
            }
            (Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Seq(_), _) => {
                self.unfit(&format!("one of {}", choices.join(", ")).as_str())
            }
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }
}
