//! `VM.flags`: what the JVM was started with, and what it made of it.

use std::borrow::Cow;

use edgewatch_core::kernel::text;

/// Reads an answer to `VM.flags`: names and values as written. Those of flags that are on or off are `true` and `false`.
pub fn flags(answer: &[u8]) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    answer.split(u8::is_ascii_whitespace).filter_map(|word| {
        let word = word.strip_prefix(b"-XX:")?;
        if let Some(name) = word.strip_prefix(b"+") {
            return Some((text(name), Cow::Borrowed("true")));
        }
        if let Some(name) = word.strip_prefix(b"-") {
            return Some((text(name), Cow::Borrowed("false")));
        }
        let at = memchr::memchr(b'=', word)?;
        let (name, value) = word.split_at_checked(at)?;
        Some((text(name), text(value.get(1..)?)))
    })
}

/// Whether the flag `name` is on; `None` when it is not listed, as all that have their default are not.
#[must_use]
pub fn is_on(answer: &[u8], name: &str) -> Option<bool> {
    flags(answer).find(|(flag, _)| flag == name).map(|(_, value)| value == "true")
}
