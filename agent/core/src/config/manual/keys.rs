//! The keys of a schema.

use serde_json::{Map, Value};

/// One key of a configuration type.
pub(super) struct Key<'a> {
    pub(super) name: &'a str,
    /// Its doc comment.
    pub(super) about: &'a str,
    /// Its value when nothing is written; `None` when it is then absent.
    pub(super) default: Option<&'a Value>,
    /// Its type, without the possibility to be absent.
    pub(super) shape: &'a Map<String, Value>,
}

/// The definitions that a schema refers to.
pub(super) struct Definitions<'a>(Option<&'a Map<String, Value>>);

impl<'a> Definitions<'a> {
    pub(super) fn of(root: &'a Map<String, Value>) -> Self {
        Self(root.get("$defs").and_then(Value::as_object))
    }

    /// The keys of an object type in the order of its fields, with their values in `defaults`.
    pub(super) fn keys(&self, shape: &'a Map<String, Value>, defaults: Option<&'a Value>) -> Vec<Key<'a>> {
        let properties = shape.get("properties").and_then(Value::as_object);
        let fields = properties.into_iter().flatten();
        fields
            .filter_map(|(name, property)| {
                let property = property.as_object()?;
                let shape = self.resolve(property);
                let written = defaults.map(|defaults| defaults.get(name)).unwrap_or(property.get("default"));
                let about = property.get("description").or_else(|| shape.get("description"));
                Some(Key {
                    name,
                    about: about.and_then(Value::as_str).unwrap_or_default(),
                    default: written.filter(|value| !value.is_null()),
                    shape,
                })
            })
            .collect()
    }

    /// Follows references, and looks through the `null` of an optional value.
    pub(super) fn resolve(&self, shape: &'a Map<String, Value>) -> &'a Map<String, Value> {
        let mut shape = shape;
        // A reference leads to a definition, which may be an alternative: a handful of steps at most.
        for _ in 0..8 {
            let next = self.referred(shape).or_else(|| only_alternative(shape));
            let Some(next) = next else { break };
            shape = next;
        }
        shape
    }

    fn referred(&self, shape: &'a Map<String, Value>) -> Option<&'a Map<String, Value>> {
        let name = shape.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
        self.0?.get(name)?.as_object()
    }
}

/// The one alternative besides `null`.
fn only_alternative(shape: &Map<String, Value>) -> Option<&Map<String, Value>> {
    let alternatives = ["anyOf", "oneOf", "allOf"].iter().find_map(|key| shape.get(*key))?.as_array()?;
    let mut real = alternatives
        .iter()
        .filter_map(Value::as_object)
        .filter(|shape| shape.get("type").and_then(Value::as_str) != Some("null"));
    let first = real.next()?;
    real.next().is_none().then_some(first)
}

/// Whether keys of its own stand below it.
pub(super) fn has_keys(shape: &Map<String, Value>) -> bool {
    shape.get("properties").and_then(Value::as_object).is_some_and(|properties| !properties.is_empty())
}
