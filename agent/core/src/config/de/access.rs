//! Lists, maps and variants, without what has been left out.

use std::cell::RefCell;
use std::collections::HashMap;

use serde::de::{self, DeserializeSeed, Visitor};

use super::deserializer::Deserializer;
use super::failure::{Failure, Kind, Place};
use crate::config::node::{Key, Node, Value};
use crate::config::problem::{Problem, Problems, join};
use crate::config::source::Span;
use crate::config::suggest;

/// Tells the nodes of one tree apart; the tree is borrowed as long as these are in use.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct NodeId(usize);

impl NodeId {
    pub(super) fn of(node: &Node) -> Self {
        Self(std::ptr::from_ref(node).addr())
    }
}

/// Why a node is left out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Omission {
    /// Nothing is written there: the default applies.
    Null,
    /// It is wrong, and that has been reported.
    Reported,
}

/// What the runs over one tree share.
#[derive(Debug, Default)]
pub(super) struct Context {
    omitted: HashMap<NodeId, Omission>,
    problems: RefCell<Problems>,
}

impl Context {
    pub(super) fn omit(&mut self, id: NodeId, omission: Omission) {
        self.omitted.insert(id, omission);
    }

    pub(super) fn omission(&self, id: NodeId) -> Option<Omission> {
        self.omitted.get(&id).copied()
    }

    pub(super) fn into_problems(self) -> Problems {
        self.problems.into_inner()
    }

    fn unknown_key(&self, key: &Key, parent: &str, hidden: bool, fields: &[&str]) {
        let problem = if hidden {
            // The key came in through a reference, and may itself be part of a secret.
            let mut problem = Problem::error(parent, Some(key.span), "unknown key in the referenced value");
            problem.help = suggest::choices_help("known keys", fields);
            problem
        } else {
            let message = format!("unknown key `{}`", key.name);
            let mut problem = Problem::error(join(parent, &key.name), Some(key.span), message);
            problem.help = suggest::help(&key.name, "known keys", fields);
            problem
        };
        self.problems.borrow_mut().push(problem);
    }
}

impl Failure {
    /// Notes that the failure passes `node`, and that this is its place unless a closer one is known.
    pub(super) fn passing(mut self, node: &Node, span: Span, path: &str) -> Self {
        let place = || Place { path: path.to_owned(), span, hidden: node.hidden };
        self.place.get_or_insert_with(place);
        self.trail.push(NodeId::of(node));
        self
    }
}

/// The entries of a list.
pub(super) struct ListAccess<'a> {
    items: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
    path: &'a str,
    context: &'a Context,
}

impl<'a> ListAccess<'a> {
    pub(super) fn new(items: &'a [Node], path: &'a str, context: &'a Context) -> Self {
        Self { items: items.iter().enumerate(), path, context }
    }
}

impl<'de> de::SeqAccess<'de> for ListAccess<'_> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        for (index, item) in self.items.by_ref() {
            if self.context.omission(NodeId::of(item)).is_some() {
                continue;
            }
            let path = format!("{}[{index}]", self.path);
            let deserializer = Deserializer::entry(item, item.span, &path, self.context);
            return seed.deserialize(deserializer).map(Some).map_err(|mut failure| {
                if matches!(failure.kind, Kind::Null) && failure.trail.is_empty() {
                    failure.kind = Kind::Other { message: "this list entry is empty".to_owned(), help: None };
                }
                failure.passing(item, item.span, &path)
            });
        }
        Ok(None)
    }
}

/// The keys and values of a map.
pub(super) struct MapAccess<'a, I> {
    entries: I,
    current: Option<(&'a Key, &'a Node)>,
    fields: Option<&'static [&'static str]>,
    path: &'a str,
    context: &'a Context,
}

impl<'a, I: Iterator<Item = (&'a Key, &'a Node)>> MapAccess<'a, I> {
    pub(super) fn new(
        entries: I,
        fields: Option<&'static [&'static str]>,
        path: &'a str,
        context: &'a Context,
    ) -> Self {
        Self { entries, current: None, fields, path, context }
    }
}

impl<'a, 'de, I: Iterator<Item = (&'a Key, &'a Node)>> de::MapAccess<'de> for MapAccess<'a, I> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        for (key, node) in self.entries.by_ref() {
            if self.context.omission(NodeId::of(node)).is_some() {
                continue;
            }
            if let Some(fields) = self.fields
                && !fields.contains(&key.name.as_str())
            {
                self.context.unknown_key(key, self.path, node.hidden && key.span == node.span, fields);
                continue;
            }
            self.current = Some((key, node));
            let name = Node::new(Value::String(key.name.clone()), key.span);
            let path = join(self.path, &key.name);
            return seed
                .deserialize(Deserializer::entry(&name, key.span, &path, self.context))
                .map(Some)
                .map_err(|failure| failure.passing(node, key.span, &path));
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let Some((key, node)) = self.current.take() else {
            return Err(Failure::new(Kind::Reported));
        };
        let path = join(self.path, &key.name);
        let deserializer = if self.fields.is_some() {
            Deserializer::field(node, key.span, &path, self.context)
        } else {
            Deserializer::entry(node, key.span, &path, self.context)
        };
        let span = deserializer.visible_span();
        seed.deserialize(deserializer).map_err(|failure| failure.passing(node, span, &path))
    }
}

/// The name of a variant, with what is written under it.
pub(super) struct VariantAccess<'a> {
    pub(super) name: &'a str,
    pub(super) content: Option<(Deserializer<'a>, &'a Node)>,
}

impl<'a, 'de> de::EnumAccess<'de> for VariantAccess<'a> {
    type Error = Failure;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Failure> {
        let name = Node::new(Value::String(self.name.to_owned()), Span::default());
        let context = Context::default();
        let variant = seed.deserialize(Deserializer::root(&name, "", &context)).map_err(|mut failure| {
            failure.place = None;
            failure.trail.clear();
            failure
        })?;
        Ok((variant, self))
    }
}

impl VariantAccess<'_> {
    fn read<T>(
        self,
        wanted: &str,
        read: impl FnOnce(Deserializer<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match self.content {
            Some((deserializer, node)) => {
                let (span, path) = (deserializer.visible_span(), deserializer.path().to_owned());
                read(deserializer).map_err(|mut failure| {
                    if matches!(failure.kind, Kind::Null) && failure.trail.is_empty() {
                        let message = format!("`{}` needs {wanted}", self.name);
                        failure.kind = Kind::Other { message, help: None };
                    }
                    failure.passing(node, span, &path)
                })
            }
            None => Err(Failure::with_help(
                format!("`{}` needs {wanted}", self.name),
                format!("write it as a key: `{}: ...`", self.name),
            )),
        }
    }
}

impl<'de> de::VariantAccess<'de> for VariantAccess<'_> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        match self.content {
            Some((_, node)) if !node.is_null() => Err(Failure::with_help(
                format!("`{}` takes nothing below it", self.name),
                format!("write it as a value: `{}`", self.name),
            )),
            Some(_) | None => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Failure> {
        self.read("a value", |deserializer| seed.deserialize(deserializer))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Failure> {
        self.read("a list", |deserializer| de::Deserializer::deserialize_seq(deserializer, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.read("keys below it", |deserializer| {
            de::Deserializer::deserialize_struct(deserializer, "", fields, visitor)
        })
    }
}
