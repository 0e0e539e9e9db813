//! A YAML tree that remembers where each part of it stands.

use super::source::Span;

/// One value and its place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it stands. What a reference such as `${env:X}` brought in stands where the reference stands.
    pub span: Span,
    /// The characters of a number, boolean or null as they were written; a string field receives these.
    pub text: Option<Box<str>>,
    /// Whether any of it came from the environment or a file and must not appear in a message.
    pub hidden: bool,
}

/// What a [`Node`] holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing was written, or `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number between `i64::MIN` and `u64::MAX`.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// Text.
    String(String),
    /// A list.
    Seq(Vec<Node>),
    /// Keys with values, in the order in which they were written.
    Map(Map),
}

/// A key and its place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Key {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// Keys with values in the order in which they were written; no key occurs twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    entries: Vec<(Key, Node)>,
}

impl Node {
    /// A value at a place.
    #[must_use]
    pub fn new(value: Value, span: Span) -> Self {
        Self { value, span, text: None, hidden: false }
    }

    /// An empty node in the same place.
    pub(crate) fn clone_place(&self) -> Self {
        Self { hidden: self.hidden, ..Self::new(Value::Null, self.span) }
    }

    /// The map in this node, if it is one.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        if let Value::Map(map) = &self.value { Some(map) } else { None }
    }

    /// The list in this node, if it is one.
    #[must_use]
    pub fn as_seq(&self) -> Option<&[Node]> {
        if let Value::Seq(items) = &self.value { Some(items) } else { None }
    }

    /// The text in this node, if it is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }

    /// Whether nothing was written here.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The value under `key`, if this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map().and_then(|map| map.get(key))
    }

    /// Whether both say the same, wherever they stand.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.text == other.text
            && match (&self.value, &other.value) {
                (Value::Seq(these), Value::Seq(those)) => {
                    these.len() == those.len()
                        && these.iter().zip(those).all(|(this, that)| this.says_the_same(that))
                }
                (Value::Map(these), Value::Map(those)) => {
                    these.len() == those.len()
                        && these.iter().zip(those.iter()).all(|((key, this), (other, that))| {
                            key.name == other.name && this.says_the_same(that)
                        })
                }
                (this, that) => this == that,
            }
    }

    /// What kind of value this is, for messages: "a number", "a list".
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Int(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::String(_) => "text",
            Value::Seq(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

impl Map {
    /// The keys and values in the order in which they were written.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Key, &Node)> + ExactSizeIterator {
        self.entries.iter().map(|(key, node)| (key, node))
    }

    /// The value under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// The key with its place, and the value under it.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<(&Key, &Node)> {
        self.iter().find(|(found, _)| found.name == key)
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Sets `key`, in place of what stood under it.
    pub fn insert(&mut self, key: Key, node: Node) {
        match self.entries.iter_mut().find(|(found, _)| found.name == key.name) {
            Some(entry) => *entry = (key, node),
            None => self.entries.push((key, node)),
        }
    }

    /// Adds a key that is known to be absent.
    pub(super) fn push_new(&mut self, key: Key, node: Node) {
        self.entries.push((key, node));
    }

    /// The value under `key`, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries.iter_mut().find(|(found, _)| found.name == key).map(|(_, node)| node)
    }

    /// The keys and values, to move them to another place; names stay.
    pub(super) fn entries_mut(&mut self) -> impl Iterator<Item = (&mut Key, &mut Node)> {
        self.entries.iter_mut().map(|(key, node)| (key, node))
    }

    /// The values, to change them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&Key, &mut Node)> {
        self.entries.iter_mut().map(|(key, node)| (&*key, node))
    }
}

impl IntoIterator for Map {
    type Item = (Key, Node);
    type IntoIter = std::vec::IntoIter<(Key, Node)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}
