use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

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
    /// exist, or when `value` is empty.
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
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// Adds the attribute if it does not exist.
    Insert,
    /// Gives the attribute a new value if it exists.
    Update,
    /// Adds the attribute or gives it a new value.
    Upsert,
    /// Removes the attribute.
    Delete,
    /// Replaces the value by its SHA-256 digest in hexadecimal.
    Hash,
    /// Makes attributes from parts of a text.
    Extract,
    /// Changes the type of the value.
    Convert,
}

impl Kind {
    const ALL: [Self; 7] =
        [Self::Insert, Self::Update, Self::Upsert, Self::Delete, Self::Hash, Self::Extract, Self::Convert];
    const NAMES: &'static [&'static str] =
        &["insert", "update", "upsert", "delete", "hash", "extract", "convert"];

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

/// Upper case is as good as lower case, as in the Collector; messages name the lower case only.
impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let kind = Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(&text));
        kind.ok_or_else(|| D::Error::unknown_variant(&text, Self::NAMES))
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
