//! A list of attributes that can be edited.

use super::AttributeValue;
use super::rewriter::Rewriter;
use super::value::put_key_value;
use crate::view::{AnyValue, KeyValue};
use crate::wire::child::Child;
use crate::wire::put_bytes;

/// When an attribute is written; the names are those of the Collector's `attributes` and `resource` processors.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Write {
    /// Only if the key is absent.
    Insert,
    /// Only if the key is present.
    Update,
    /// In either case.
    Upsert,
}

/// The attributes of one resource or item: those of the request, borrowed, and the changes.
///
/// Keys should be unique, as OTLP demands. If one is not, reading finds its first value; writing leaves the key once,
/// and removing removes all of them.
#[derive(Debug)]
pub struct Attributes<'a> {
    source: &'a [u8],
    buffers: Buffers,
    /// The field number of attributes in the message that is edited.
    number: u32,
}

/// What an [`Attributes`] keeps between items.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    entries: Vec<Entry>,
    /// The new `KeyValue` messages.
    owned: Vec<u8>,
}

/// One attribute.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The field in the request; `None` if the attribute is new.
    field: Option<Child>,
    state: State,
}

/// Where the current `KeyValue` of an entry stands.
#[derive(Clone, Copy, Debug)]
enum State {
    Kept,
    Written { start: usize, end: usize },
    Removed,
}

impl<'a> Attributes<'a> {
    pub(super) const fn new(source: &'a [u8], buffers: Buffers) -> Self {
        Self { source, buffers, number: 0 }
    }

    pub(super) fn into_buffers(self) -> Buffers {
        self.buffers
    }

    /// Forgets the attributes of the message before; the next ones stand in field `number`.
    #[inline]
    pub(super) fn reset(&mut self, number: u32) {
        self.number = number;
        self.buffers.entries.clear();
        self.buffers.owned.clear();
    }

    /// Adds the attributes of a message.
    #[inline]
    pub(super) fn load(&mut self, message: Child) {
        let number = self.number;
        let fields = message.children(self.source).filter(|field| field.number == number);
        self.buffers.entries.extend(fields.map(|field| Entry { field: Some(field), state: State::Kept }));
    }

    /// Whether there is anything to write.
    #[inline]
    pub(super) fn is_changed(&self) -> bool {
        self.buffers.entries.iter().any(|entry| match entry.state {
            State::Kept => false,
            State::Written { .. } => true,
            State::Removed => entry.field.is_some(),
        })
    }

    /// Whether attributes were added.
    pub(super) fn has_new(&self) -> bool {
        self.buffers
            .entries
            .iter()
            .any(|entry| entry.field.is_none() && !matches!(entry.state, State::Removed))
    }

    /// Writes the changes within `message`, and the new attributes at its end if `append` is set.
    pub(super) fn write(&self, rewriter: &mut Rewriter<'_>, message: Child, append: bool) {
        for entry in &self.buffers.entries {
            let Some(field) = entry.field else { continue };
            if field.start < message.content || field.end > message.end {
                continue;
            }
            match entry.state {
                State::Kept => {}
                State::Removed => rewriter.replace(field.start, field.end, |_out| {}),
                State::Written { start, end } => {
                    let bytes = self.owned(start, end);
                    rewriter.replace(field.start, field.end, |out| put_bytes(out, self.number, bytes));
                }
            }
        }
        if append && self.has_new() {
            rewriter.replace(message.end, message.end, |out| self.put_new(out));
        }
    }

    /// Appends the new attributes as fields.
    pub(super) fn put_new(&self, out: &mut Vec<u8>) {
        for entry in &self.buffers.entries {
            if let (None, State::Written { start, end }) = (entry.field, entry.state) {
                put_bytes(out, self.number, self.owned(start, end));
            }
        }
    }

    /// The attributes as they are now.
    pub fn iter(&self) -> impl Iterator<Item = KeyValue<'_>> {
        self.buffers.entries.iter().filter_map(|entry| self.key_value(entry))
    }

    /// How many attributes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buffers.entries.iter().filter(|entry| !matches!(entry.state, State::Removed)).count()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<AnyValue<'_>> {
        self.iter().find(|attribute| attribute.key_bytes() == key.as_bytes()).map(KeyValue::value)
    }

    /// Whether there is an attribute `key`.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Adds the attribute if `key` is absent. Returns whether it did.
    pub fn insert<'v>(&mut self, key: &str, value: impl Into<AttributeValue<'v>>) -> bool {
        self.set(Write::Insert, key, value)
    }

    /// Replaces the value if `key` is present. Returns whether it is.
    pub fn update<'v>(&mut self, key: &str, value: impl Into<AttributeValue<'v>>) -> bool {
        self.set(Write::Update, key, value)
    }

    /// Adds the attribute or replaces its value.
    pub fn upsert<'v>(&mut self, key: &str, value: impl Into<AttributeValue<'v>>) {
        self.set(Write::Upsert, key, value);
    }

    /// Gives `key` a value, on the condition that `write` names. Returns whether the condition held.
    pub fn set<'v>(&mut self, write: Write, key: &str, value: impl Into<AttributeValue<'v>>) -> bool {
        let position = self.position(key);
        if !allowed(write, position) {
            return false;
        }
        let start = self.buffers.owned.len();
        put_key_value(&mut self.buffers.owned, key, &value.into());
        self.place(key, position, start);
        true
    }

    /// Gives `key` the value of the attribute `from`, on the condition that `write` names. Returns whether that held
    /// and `from` exists.
    pub fn copy(&mut self, write: Write, key: &str, from: &str) -> bool {
        let position = self.position(key);
        if !allowed(write, position) {
            return false;
        }
        let found = self.position(from).and_then(|index| self.buffers.entries.get(index)).copied();
        // The value may stand in the buffer that is written to.
        let mut owned = std::mem::take(&mut self.buffers.owned);
        let start = owned.len();
        let written = match found {
            Some(Entry { state: State::Written { start: at, end }, .. }) => {
                let copy = owned.get(at..end).unwrap_or_default().to_vec();
                put_key_value(&mut owned, key, &KeyValue::new(&copy).value().into());
                true
            }
            Some(Entry { field: Some(field), .. }) => {
                put_key_value(&mut owned, key, &KeyValue::new(field.bytes(self.source)).value().into());
                true
            }
            Some(_) | None => false,
        };
        self.buffers.owned = owned;
        if written {
            self.place(key, position, start);
        }
        written
    }

    /// Removes `key`. Returns whether it was present.
    pub fn remove(&mut self, key: &str) -> bool {
        let before = self.len();
        self.retain(|attribute| attribute.key_bytes() != key.as_bytes());
        self.len() != before
    }

    /// Removes the attributes for which `keep` says no.
    pub fn retain(&mut self, keep: impl FnMut(KeyValue<'_>) -> bool) {
        self.retain_from(0, keep);
    }

    fn retain_from(&mut self, first: usize, mut keep: impl FnMut(KeyValue<'_>) -> bool) {
        for index in first..self.buffers.entries.len() {
            let removed = self
                .buffers
                .entries
                .get(index)
                .and_then(|entry| self.key_value(entry))
                .is_some_and(|attribute| !keep(attribute));
            if let Some(entry) = self.buffers.entries.get_mut(index).filter(|_entry| removed) {
                entry.state = State::Removed;
            }
        }
    }

    /// Makes the `KeyValue` written at `start` the value of `key`.
    fn place(&mut self, key: &str, position: Option<usize>, start: usize) {
        let end = self.buffers.owned.len();
        let written = State::Written { start, end };
        let Some(position) = position else {
            self.buffers.entries.push(Entry { field: None, state: written });
            return;
        };
        let unchanged = self
            .buffers
            .entries
            .get(position)
            .and_then(|entry| self.key_value(entry))
            .is_some_and(|attribute| attribute.as_bytes() == self.owned(start, end));
        if unchanged {
            self.buffers.owned.truncate(start);
        } else if let Some(entry) = self.buffers.entries.get_mut(position) {
            entry.state = written;
        }
        self.retain_from(position + 1, |attribute| attribute.key_bytes() != key.as_bytes());
    }

    /// The index of the first entry with this key.
    fn position(&self, key: &str) -> Option<usize> {
        self.buffers.entries.iter().position(|entry| {
            self.key_value(entry).is_some_and(|attribute| attribute.key_bytes() == key.as_bytes())
        })
    }

    #[inline]
    fn key_value(&self, entry: &Entry) -> Option<KeyValue<'_>> {
        match (entry.state, entry.field) {
            (State::Kept, Some(field)) => Some(KeyValue::new(field.bytes(self.source))),
            (State::Written { start, end }, _) => Some(KeyValue::new(self.owned(start, end))),
            (State::Removed, _) | (State::Kept, None) => None,
        }
    }

    fn owned(&self, start: usize, end: usize) -> &[u8] {
        self.buffers.owned.get(start..end).unwrap_or_default()
    }
}

const fn allowed(write: Write, position: Option<usize>) -> bool {
    match write {
        Write::Insert => position.is_none(),
        Write::Update => position.is_some(),
        Write::Upsert => true,
    }
}
