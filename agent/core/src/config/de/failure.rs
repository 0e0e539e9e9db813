//! Why a value could not be read, before and after its place is known.

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::de;

use super::access::NodeId;
use crate::config::source::Span;
use crate::config::suggest;

/// Why a value could not be read; boxed, because it travels in every result.
#[derive(Debug)]
pub(super) struct Failure(Box<Facts>);

/// What is known of a failure.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) kind: Kind,
    /// The innermost place that is known.
    pub(super) place: Option<Place>,
    /// The values that the failure has passed on its way out, the innermost first.
    pub(super) trail: Vec<NodeId>,
}

/// What is wrong.
#[derive(Debug)]
pub(super) enum Kind {
    /// Nothing was written; the key counts as absent.
    Null,
    /// A key without a default is absent.
    Missing(&'static str),
    /// A value of the wrong type or outside its range.
    Unfit { found: String, wanted: String },
    /// A name that is not among the choices.
    Choice { found: String, choices: &'static [&'static str] },
    /// Anything else, with the way out where there is one.
    Other { message: String, help: Option<String> },
    /// The cause has been reported already.
    Reported,
}

/// Where the value stands.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) path: String,
    pub(super) span: Span,
    pub(super) hidden: bool,
}

impl Deref for Failure {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.0
    }
}

impl DerefMut for Failure {
    fn deref_mut(&mut self) -> &mut Facts {
        &mut self.0
    }
}

impl Failure {
    pub(super) fn new(kind: Kind) -> Self {
        Self(Box::new(Facts { kind, place: None, trail: Vec::new() }))
    }

    pub(super) fn with_help(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Kind::Other { message: message.into(), help: Some(help.into()) })
    }

    /// The message and the help. Nothing that was written is repeated when the value is `hidden`.
    pub(super) fn describe(&self, hidden: bool) -> (String, Option<String>) {
        match &self.kind {
            Kind::Null => ("a value is missing here".to_owned(), None),
            Kind::Missing(field) => (format!("`{field}` is required"), None),
            Kind::Unfit { wanted, .. } if hidden => {
                (format!("expected {wanted}"), Some(HIDDEN_HELP.to_owned()))
            }
            Kind::Unfit { found, wanted } => (format!("expected {wanted}, found {found}"), None),
            Kind::Choice { choices, .. } if hidden => {
                ("not one of the choices".to_owned(), suggest::choices_help("the choices are", choices))
            }
            Kind::Choice { found, choices } => {
                let near = suggest::suggest(found, choices.iter().copied());
                let all = suggest::choices_help("the choices are", choices);
                let help = match (near, all) {
                    (Some(near), Some(all)) => Some(format!("did you mean `{near}`? {all}")),
                    (_, all) => all,
                };
                (format!("`{found}` is not one of the choices"), help)
            }
            Kind::Other { .. } if hidden => {
                ("the value is not accepted".to_owned(), Some(HIDDEN_HELP.to_owned()))
            }
            Kind::Other { message, help } => (message.clone(), help.clone()),
            Kind::Reported => (String::new(), None),
        }
    }
}

const HIDDEN_HELP: &str = "the value comes from the environment or a file and is not shown";

impl de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Kind::Other { message: message.to_string(), help: None })
    }

    fn invalid_type(found: de::Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        Self::new(Kind::Unfit { found: describe(&found), wanted: plain(&wanted.to_string()) })
    }

    fn invalid_value(found: de::Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        Self::invalid_type(found, wanted)
    }

    fn invalid_length(length: usize, wanted: &dyn de::Expected) -> Self {
        let found = if length == 1 { "1 entry".to_owned() } else { format!("{length} entries") };
        Self::new(Kind::Unfit { found, wanted: plain(&wanted.to_string()) })
    }

    fn unknown_variant(variant: &str, choices: &'static [&'static str]) -> Self {
        Self::new(Kind::Choice { found: variant.to_owned(), choices })
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        let help = suggest::help(field, "known keys", known);
        Self::new(Kind::Other { message: format!("unknown key `{field}`"), help })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Kind::Missing(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::with_help(
            format!("`{field}` is set twice"),
            "an old and a new spelling of a key exclude each other",
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe(false).0)
    }
}

impl std::error::Error for Failure {}

/// What was found, in the words of the file.
fn describe(found: &de::Unexpected<'_>) -> String {
    match found {
        de::Unexpected::Bool(value) => format!("the boolean {value}"),
        de::Unexpected::Unsigned(value) => value.to_string(),
        de::Unexpected::Signed(value) => value.to_string(),
        de::Unexpected::Float(value) => value.to_string(),
        de::Unexpected::Char(value) => format!("\"{value}\""),
        de::Unexpected::Str("") => "empty text".to_owned(),
        de::Unexpected::Str(value) => format!("\"{value}\""),
        de::Unexpected::Seq => "a list".to_owned(),
        de::Unexpected::Map | de::Unexpected::StructVariant => "a map".to_owned(),
        de::Unexpected::Unit | de::Unexpected::Option => "nothing".to_owned(),
        de::Unexpected::Bytes(_)
        | de::Unexpected::NewtypeStruct
        | de::Unexpected::Enum
        | de::Unexpected::UnitVariant
        | de::Unexpected::NewtypeVariant
        | de::Unexpected::TupleVariant
        | de::Unexpected::Other(_) => found.to_string(),
    }
}

/// What serde's own visitors expect, in the words of a user instead of Rust's.
pub(super) fn plain(wanted: &str) -> String {
    let text = match wanted {
        "a string" | "a borrowed string" | "a character" | "path string" => "text",
        "a sequence" => "a list",
        "a map" => "a map of keys with values",
        "a boolean" => "true or false",
        "u8" => "a whole number between 0 and 255",
        "u16" => "a whole number between 0 and 65535",
        "u32" => "a whole number between 0 and 4294967295",
        "u64" | "usize" => "a whole number, not below 0",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a nonzero u8" => "a whole number between 1 and 255",
        "a nonzero u16" => "a whole number between 1 and 65535",
        "a nonzero u32" => "a whole number between 1 and 4294967295",
        "a nonzero u64" | "a nonzero usize" => "a whole number above 0",
        _ if wanted.starts_with("struct ") => "a map of keys with values",
        _ => wanted,
    };
    text.to_owned()
}
