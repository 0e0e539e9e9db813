//! Sizes in bytes: `1048576`, `64KiB`, `1.5MB`.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const UNITS: [(&str, u64); 13] = [
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("ki", 1 << 10),
    ("mi", 1 << 20),
    ("gi", 1 << 30),
    ("ti", 1 << 40),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("b", 1),
];

/// A number of bytes, written alone or with a unit as the Collector's log receivers do: `1MiB`, `64KB`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ByteSize(u64);

/// A text is not a size.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("write a number of bytes, or a number with a unit (KB, MB, GB, KiB, MiB, GiB), such as 1MiB")]
pub struct ParseByteSizeError(());

impl ByteSize {
    /// So many bytes.
    #[must_use]
    pub const fn bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// So many KiB.
    #[must_use]
    pub const fn kib(kib: u64) -> Self {
        Self(kib << 10)
    }

    /// So many MiB.
    #[must_use]
    pub const fn mib(mib: u64) -> Self {
        Self(mib << 20)
    }

    /// The number of bytes.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number of bytes, as far as this machine can address them.
    #[must_use]
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl FromStr for ByteSize {
    type Err = ParseByteSizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.trim()).map(Self).ok_or(ParseByteSizeError(()))
    }
}

fn parse(text: &str) -> Option<u64> {
    let length = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(length)?;
    let unit = unit.trim().to_lowercase();
    let scale = if unit.is_empty() {
        1
    } else {
        UNITS.iter().find_map(|(name, scale)| (*name == unit).then_some(*scale))?
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(scale);
    }
    // Decimal fractions of a unit; of a byte there is none.
    let (whole, fraction) = number.split_once('.')?;
    if scale == 1 || fraction.is_empty() || fraction.len() > 6 || fraction.contains('.') {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
    let part = u128::from(fraction.parse::<u64>().ok()?) * u128::from(scale);
    let digits = u32::try_from(fraction.len()).ok()?;
    let part = u64::try_from(part / 10_u128.pow(digits)).ok()?;
    whole.checked_mul(scale)?.checked_add(part)
}

impl fmt::Display for ByteSize {
    /// With the largest binary unit that divides it: `64KiB`; otherwise the number of bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] {
            if self.0 != 0 && self.0.trailing_zeros() >= shift {
                return write!(f, "{}{unit}", self.0 >> shift);
            }
        }
        write!(f, "{}", self.0)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Bytes without a unit are a number, which needs no quotes in YAML.
        let text = self.to_string();
        match text.parse() {
            Ok(bytes) => serializer.serialize_u64(bytes),
            Err(_unit) => serializer.serialize_str(&text),
        }
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = ByteSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size such as 1048576, 64KiB or 1MB")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ByteSize, E> {
                text.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        // A number arrives as its text.
        deserializer.deserialize_str(Visitor)
    }
}

impl JsonSchema for ByteSize {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ByteSize".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"],
            "format": "byte-size",
            "pattern": r"^[0-9]*\.?[0-9]+ *([KkMmGgTt][Ii]?[Bb]?|[Bb])?$",
            "minimum": 0,
        })
    }
}
