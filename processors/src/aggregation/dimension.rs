//! Attributes that tell series apart.

use std::collections::BTreeSet;

use edgewatch_core::config::ConfigError;
use edgewatch_proto::view::KeyValue;
use edgewatch_proto::wire;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One attribute that tells series apart.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Dimension {
    /// Name of the attribute.
    pub(crate) name: String,
    /// Its value where it is missing. Absent: the series then goes without the attribute. Default: absent.
    pub(crate) default: Option<String>,
}

/// Checks that all dimensions under `key` have names, different ones, and none of those that are `taken`.
///
/// # Errors
///
/// The first one that breaks a rule.
pub(crate) fn check_dimensions<'a>(
    key: &str,
    dimensions: &'a [Dimension],
    taken: impl IntoIterator<Item = &'a str>,
) -> Result<(), ConfigError> {
    let mut taken: BTreeSet<&str> = taken.into_iter().collect();
    for (index, Dimension { name, .. }) in dimensions.iter().enumerate() {
        let at = || format!("{key}[{index}].name");
        if name.is_empty() {
            return Err(ConfigError::new(at(), "is missing; write the name of an attribute"));
        }
        if !taken.insert(name) {
            return Err(ConfigError::new(at(), format!("series have `{name}` already; remove it here")));
        }
    }
    Ok(())
}

/// A text as an encoded `AnyValue`.
pub(crate) fn encoded_text(text: &str) -> Box<[u8]> {
    let mut encoded = Vec::with_capacity(text.len() + 4);
    wire::put_bytes(&mut encoded, 1, text.as_bytes());
    encoded.into()
}

/// Names of attributes, each with a number, that are looked for in one pass.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    names: Vec<Box<[u8]>>,
    /// A bit for each length modulo 64 that a name has: most attributes are passed over at sight.
    lengths: u64,
}

impl Wanted {
    /// The number of `name`, which is added when it is not there yet.
    pub(crate) fn number(&mut self, name: &str) -> usize {
        if let Some(known) = self.names.iter().position(|known| **known == *name.as_bytes()) {
            return known;
        }
        self.lengths |= 1 << (name.len() % 64);
        self.names.push(name.as_bytes().into());
        self.names.len() - 1
    }

    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Puts the encoded values of wanted attributes into `found`, by number. The first of several with the same name counts.
    #[inline]
    pub(crate) fn find<'a>(
        &self,
        attributes: impl Iterator<Item = KeyValue<'a>>,
        found: &mut [Option<&'a [u8]>],
    ) {
        for attribute in attributes {
            // Every known encoder writes the key first, and with one byte of length when it is short. What begins otherwise is
            // read in full.
            if let [0x0a, length @ ..0x80, ..] = attribute.as_bytes()
                && self.lengths & (1 << (length % 64)) == 0
            {
                continue;
            }
            let key = attribute.key_bytes();
            for (name, found) in self.names.iter().zip(&mut *found) {
                if **name == *key {
                    if found.is_none() {
                        *found = Some(attribute.value().as_bytes());
                    }
                    break;
                }
            }
        }
    }
}
