//! Headers that a user adds to every request.

use std::fmt;

use edgewatch_core::config::{ConfigError, Secret};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names and secret values, in the order in which they were written: as a map, or as a list of `name` and `value`.
#[derive(Clone, Debug, Default, Eq, JsonSchema, PartialEq)]
#[schemars(transparent)]
pub(crate) struct Headers(
    #[schemars(with = "std::collections::BTreeMap<String, String>")] Vec<(String, Secret)>,
);

impl Headers {
    /// The headers as HTTP wants them; errors are located at `headers.<name>`. `reserved` names belong to the protocol.
    pub(crate) fn to_map(&self, reserved: &[&str]) -> Result<HeaderMap, ConfigError> {
        let mut map = HeaderMap::with_capacity(self.0.len());
        for (name, value) in &self.0 {
            let key = format!("headers.{name}");
            let Ok(header) = HeaderName::try_from(name.as_str()) else {
                return Err(ConfigError::new(key, "is not a name that a header can have"));
            };
            if reserved.contains(&header.as_str()) {
                return Err(ConfigError::new(key, "is set by the protocol itself; remove it"));
            }
            let Ok(mut value) = HeaderValue::try_from(value.expose()) else {
                return Err(ConfigError::new(key, "has a value with characters that a header cannot carry"));
            };
            value.set_sensitive(true);
            map.append(header, value);
        }
        Ok(map)
    }
}

/// One header of the form that is a list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    name: String,
    value: Secret,
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Headers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("headers as `name: value`")
            }

            fn visit_unit<E>(self) -> Result<Headers, E> {
                Ok(Headers::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
                let mut headers = Vec::new();
                while let Some(header) = map.next_entry()? {
                    headers.push(header);
                }
                Ok(Headers(headers))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Headers, A::Error> {
                let mut headers = Vec::new();
                while let Some(Listed { name, value }) = list.next_element()? {
                    headers.push((name, value));
                }
                Ok(Headers(headers))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
