//! `service.telemetry.resource`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, IgnoredAny, MapAccess, SeqAccess};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Attributes by name; no value means that an attribute which would be there by itself is left out.
///
/// Written as a map (`{service.name: agent}`) or in the declarative form (`attributes: [{name, value}]`).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Resource(Vec<(String, Option<String>)>);

impl Resource {
    /// The attributes in the order in which they were written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }
}

impl Serialize for Resource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// What may stand behind a name.
enum Written {
    Nothing,
    Text(String),
    List(Vec<Attribute>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attribute {
    name: String,
    #[serde(default)]
    value: Option<Written>,
    #[serde(default, rename = "type")]
    _kind: Option<String>,
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Written;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the value of an attribute")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Written, E> {
                Ok(Written::Nothing)
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Written, E> {
                Ok(Written::Text(value.to_string()))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Written, E> {
                Ok(Written::Text(value.to_string()))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Written, E> {
                Ok(Written::Text(value.to_string()))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Written, E> {
                Ok(Written::Text(value.to_string()))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Written, E> {
                Ok(Written::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Written, A::Error> {
                let mut attributes = Vec::new();
                while let Some(attribute) = list.next_element()? {
                    attributes.push(attribute);
                }
                Ok(Written::List(attributes))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Resource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of attributes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Resource, A::Error> {
                let mut attributes = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    // The other keys of the declarative form say nothing about attributes.
                    if matches!(name.as_str(), "detectors" | "detection/development" | "schema_url") {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    }
                    match map.next_value()? {
                        Written::Nothing => attributes.push((name, None)),
                        Written::Text(text) => attributes.push((name, Some(text))),
                        Written::List(list) if name == "attributes" => {
                            attributes.extend(list.into_iter().map(Attribute::into_pair));
                        }
                        Written::List(_) => {
                            return Err(de::Error::custom("an attribute cannot be a list here"));
                        }
                    }
                }
                Ok(Resource(attributes))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

impl Attribute {
    fn into_pair(self) -> (String, Option<String>) {
        let value = match self.value {
            Some(Written::Text(text)) => Some(text),
            Some(Written::Nothing | Written::List(_)) | None => None,
        };
        (self.name, value)
    }
}

impl JsonSchema for Resource {
    fn schema_name() -> Cow<'static, str> {
        "Resource".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}
