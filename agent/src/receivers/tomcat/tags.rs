//! The opening tags of an XML text, one after the other. Enough for files of elements and attributes whose nesting does not matter.

use std::borrow::Cow;

/// An opening tag.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag<'t> {
    /// The name of its element.
    pub(super) name: &'t str,
    /// Everything behind the name.
    inside: &'t str,
}

/// The opening tags of `text`, without those in comments, declarations and character data.
pub(super) fn tags(text: &str) -> impl Iterator<Item = Tag<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let (_, tail) = rest.split_once('<')?;
            rest = match tail {
                _ if tail.starts_with("!--") => behind(tail, "-->"),
                _ if tail.starts_with("![CDATA[") => behind(tail, "]]>"),
                _ if tail.starts_with(['!', '?', '/']) => behind(tail, ">"),
                _ => {
                    let end = end_of_tag(tail)?;
                    let (tag, after) = tail.split_at_checked(end)?;
                    rest = after;
                    let name_end = tag.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(tag.len());
                    let (name, inside) = tag.split_at_checked(name_end)?;
                    return Some(Tag { name, inside });
                }
            };
        }
    })
}

fn behind<'t>(text: &'t str, end: &str) -> &'t str {
    text.split_once(end).map_or("", |(_, after)| after)
}

/// Where the `>` of a tag is that is not in the value of an attribute.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    text.bytes().position(|byte| {
        match quote {
            Some(open) if byte == open => quote = None,
            Some(_) => {}
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None => return byte == b'>',
        }
        false
    })
}

impl<'t> Tag<'t> {
    /// The value of the attribute `key`.
    pub(super) fn attribute(&self, key: &str) -> Option<Cow<'t, str>> {
        let mut rest = self.inside;
        loop {
            let (name, tail) = rest.split_once('=')?;
            let tail = tail.trim_start();
            let quote = tail.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (value, after) = tail.get(1..)?.split_once(quote)?;
            if name.trim() == key {
                return Some(unescaped(value));
            }
            rest = after;
        }
    }
}

/// `text` with its references resolved; those that mean nothing stay as they are.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once('&') {
        plain.push_str(before);
        match tail.split_once(';').and_then(|(name, after)| Some((character(name)?, after))) {
            Some((character, after)) => {
                plain.push(character);
                rest = after;
            }
            None => {
                plain.push('&');
                rest = tail;
            }
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

fn character(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}
