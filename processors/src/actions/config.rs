use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Literal;

/// One action on one attribute.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActionConfig {
    /// What to do: insert, update, upsert, delete, hash, extract or convert.
    pub(super) action: Kind,
    /// The attribute to act on. `delete` and `hash` take `pattern` in its place or in addition.
    #[serde(default)]
    pub(super) key: String,
    /// The value for insert, update and upsert; its type is that of the YAML value.
    #[serde(default)]
    pub(super) value: Option<Literal>,
    /// The attribute whose value insert, update and upsert take. Without that attribute nothing happens.
    #[serde(default)]
    pub(super) from_attribute: Option<String>,
    /// Metadata of the request whose value insert, update and upsert take. Not in this build.
    #[serde(default)]
    pub(super) from_context: Option<String>,
    /// The value that insert, update and upsert take when the attribute named by `from_attribute` does not
    /// exist.
    #[serde(default)]
    pub(super) default_value: Option<Literal>,
    /// A regular expression: for delete and hash on the names of attributes, for extract on the value of
    /// `key`, with a named group for each attribute to be made.
    #[serde(default)]
    pub(super) pattern: Option<String>,
    /// The type that convert gives a value: string, int or double. What cannot be converted stays as it is.
    #[serde(default)]
    pub(super) converted_type: Option<Type>,
}

/// What to do with an attribute.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// Adds the attribute if it does not exist.
    #[serde(alias = "INSERT")]
    Insert,
    /// Gives the attribute a new value if it exists.
    #[serde(alias = "UPDATE")]
    Update,
    /// Adds the attribute or gives it a new value.
    #[serde(alias = "UPSERT")]
    Upsert,
    /// Removes the attribute.
    #[serde(alias = "DELETE")]
    Delete,
    /// Replaces the value by its SHA-256 digest in hexadecimal.
    #[serde(alias = "HASH")]
    Hash,
    /// Makes attributes from parts of a text.
    #[serde(alias = "EXTRACT")]
    Extract,
    /// Changes the type of the value.
    #[serde(alias = "CONVERT")]
    Convert,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Upsert => "upsert",
            Self::Delete => "delete",
            Self::Hash => "hash",
            Self::Extract => "extract",
            Self::Convert => "convert",
        }
    }
}

/// The type of a converted value.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Type {
    /// Text.
    String,
    /// An integer.
    Int,
    /// A floating-point number.
    Double,
}
