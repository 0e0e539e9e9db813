//! What the tables of messages are made of, and which message belongs to which signal.

use super::tables;
use crate::Signal;

/// A message type.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) fields: &'static [Field],
}

/// A field of a message type.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) number: u32,
    /// In lowerCamelCase.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) label: Label,
}

/// How often a field occurs, and whether its default value is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Label {
    /// Once; the default value stands for "not there".
    Single,
    /// Once or not at all, which differs from the default value.
    Optional,
    /// One of a set of fields of which at most one is there. No message of OTLP has two such sets.
    OneOf,
    /// Any number of times; numbers are packed.
    Repeated,
}

/// The type of a field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Text,
    Bytes,
    /// Bytes that JSON shows in hexadecimal.
    Id,
    Bool,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Fixed32,
    Fixed64,
    Sfixed64,
    Double,
    /// An enum and the names of its numbers, from 0 on.
    Enum(&'static [&'static str]),
    Message(&'static Message),
}

impl Kind {
    /// Whether several values share one tag.
    pub(crate) const fn is_packed(self) -> bool {
        match self {
            Self::Text | Self::Bytes | Self::Id | Self::Message(_) => false,
            Self::Bool
            | Self::Int32
            | Self::Int64
            | Self::Uint32
            | Self::Uint64
            | Self::Sint32
            | Self::Fixed32
            | Self::Fixed64
            | Self::Sfixed64
            | Self::Double
            | Self::Enum(_) => true,
        }
    }
}

impl Message {
    /// The field called `name` in JSON.
    pub(crate) fn by_name(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// The request of a signal.
pub(crate) const fn request(signal: Signal) -> &'static Message {
    match signal {
        Signal::Traces => &tables::TRACES,
        Signal::Metrics => &tables::METRICS,
        Signal::Logs => &tables::LOGS,
    }
}

pub(super) const fn one(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, label: Label::Single }
}

pub(super) const fn optional(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, label: Label::Optional }
}

pub(super) const fn either(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, label: Label::OneOf }
}

pub(super) const fn many(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, label: Label::Repeated }
}

pub(super) const fn table(fields: &'static [Field]) -> Message {
    Message { fields }
}

/// The response of a signal.
pub(crate) const fn response(signal: Signal) -> &'static Message {
    match signal {
        Signal::Traces => &tables::TRACES_RESPONSE,
        Signal::Metrics => &tables::METRICS_RESPONSE,
        Signal::Logs => &tables::LOGS_RESPONSE,
    }
}
