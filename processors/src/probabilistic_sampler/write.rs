//! Writing an item anew with some fields and attributes changed.

use edgewatch_proto::view::KeyValue;
use edgewatch_proto::wire::{Fields, NestedMessage, put_bytes, put_double};

/// A new value of an attribute.
pub(super) struct Change<'a> {
    pub(super) key: &'static str,
    pub(super) value: New<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum New<'a> {
    Text(&'a str),
    Number(f64),
}

/// Appends the message `item` to `out`, with the attributes in field `attributes` changed.
pub(super) fn put_changed(
    out: &mut Vec<u8>,
    item: &[u8],
    attributes: u32,
    changes: &[Change<'_>],
    text: Option<(u32, &str)>,
) {
    for field in Fields::new(item) {
        if text.is_some_and(|(number, _)| number == field.number) {
            continue;
        }
        let changed = field.bytes().filter(|_| field.number == attributes).is_some_and(|attribute| {
            let key = KeyValue::new(attribute).key_bytes();
            changes.iter().any(|change| change.key.as_bytes() == key)
        });
        if !changed {
            out.extend_from_slice(field.raw);
        }
    }
    if let Some((number, text)) = text.filter(|(_, text)| !text.is_empty()) {
        put_bytes(out, number, text.as_bytes());
    }
    for change in changes {
        let pair = NestedMessage::open(out, attributes, change.key.len() + 24);
        put_bytes(out, 1, change.key.as_bytes());
        let message = NestedMessage::open(out, 2, 16);
        match change.value {
            New::Text(text) => put_bytes(out, 1, text.as_bytes()),
            New::Number(number) => put_double(out, 4, number),
        }
        message.close(out);
        pair.close(out);
    }
}
