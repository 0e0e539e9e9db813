//! What a word is by its looks alone: a path, an address, a number, a name.

use super::class::{self, DIGIT, LETTER, SLASH};
use super::template::PLACEHOLDER;

/// Whether all is an absolute or deep path, or `/` and an address as the JVM prints them.
pub(super) fn is_path(word: &[u8]) -> bool {
    let slashes = word.iter().filter(|&&byte| class::of(byte) & SLASH != 0).count();
    let named = word.iter().any(|&byte| class::of(byte) & (LETTER | DIGIT) != 0);
    named
        && (slashes >= 3
            || word.starts_with(b"/")
            || word.starts_with(b"\\\\")
            || word.starts_with(b"~/")
            || word.starts_with(b"./")
            || word.starts_with(b"../"))
}

/// The dots that end a word are those of a sentence.
pub(super) fn trailing_dots(word: &[u8]) -> usize {
    let dots = word.iter().rev().take_while(|&&byte| byte == b'.').count();
    if dots == word.len() { 0 } else { dots }
}

/// Where a variable ends that goes on across colons: a URL, a Windows path, a MAC or IPv6 address.
///
/// `start..end` is a word, and a colon follows it.
pub(super) fn across_colons(line: &[u8], start: usize, end: usize) -> Option<usize> {
    let word = line.get(start..end)?;
    let after = line.get(end + 1..)?;
    if after.starts_with(b"//") && word.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'+') {
        return Some(end + 1 + to_the_end_of_url(after));
    }
    if after.starts_with(b"\\") && word.len() == 1 && word.iter().all(u8::is_ascii_alphabetic) {
        let rest = after.iter().position(|&byte| byte.is_ascii_whitespace() || b"\"'<>|?*,;".contains(&byte));
        return Some(end + 1 + rest.unwrap_or(after.len()));
    }
    hexadecimal_groups(line, start, end)
}

fn to_the_end_of_url(text: &[u8]) -> usize {
    let end = text
        .iter()
        .position(|&byte| byte.is_ascii_whitespace() || b"\"'<>()[]{}|,;`".contains(&byte))
        .unwrap_or(text.len());
    let url = text.get(..end).unwrap_or_default();
    end - url.iter().rev().take_while(|byte| b".:!".contains(byte)).count()
}

/// `00:1b:21:3c:9d:f8`, `fe80::1`: at least three groups that are not all decimal, or at least six.
fn hexadecimal_groups(line: &[u8], start: usize, end: usize) -> Option<usize> {
    let is_group = |from: usize, to: usize| {
        to - from <= 4 && line.get(from..to).is_some_and(|group| group.iter().all(u8::is_ascii_hexdigit))
    };
    if !is_group(start, end) {
        return None;
    }
    let (mut groups, mut at) = (1, end);
    while line.get(at) == Some(&b':') {
        let from = at + 1;
        let length = line
            .get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(|&&byte| class::of(byte) & class::END == 0)
            .count();
        if !is_group(from, from + length) || length == 0 && line.get(from) != Some(&b':') {
            break;
        }
        groups += 1;
        at = from + length;
    }
    let text = line.get(start..at)?;
    let digits = text.iter().any(u8::is_ascii_digit);
    let letters = text.iter().any(u8::is_ascii_alphabetic);
    (digits && (groups >= 6 || groups >= 3 && letters)).then_some(at)
}

/// How much of a word is a name, before a number or address that belongs to it: `jetty-` of `jetty-6.1.26`, `Event@` of
/// `Event@2b0f1f4`.
pub(super) fn literal_prefix(word: &[u8], kinds: u8) -> usize {
    if kinds & DIGIT == 0 {
        return 0;
    }
    if let Some(at) = word.iter().position(|&byte| byte == b'@') {
        let (name, rest) = word.split_at(at);
        let is_object = rest.iter().skip(1).all(u8::is_ascii_hexdigit);
        return if is_object && name.iter().any(u8::is_ascii_alphabetic) { at + 1 } else { 0 };
    }
    let mut kept = 0;
    let mut from = 0;
    for (at, &byte) in word.iter().enumerate() {
        if byte == b'-' || byte == b'.' {
            let part = word.get(from..at).unwrap_or_default();
            let named = part.iter().all(|byte| *byte == b'_' || class::of(*byte) & LETTER != 0)
                && part.last().is_some_and(|last| *last != b'_');
            if part.len() < 2 || !named {
                break;
            }
            from = at + 1;
            kept = from;
        }
    }
    let tail = word.get(kept..).unwrap_or_default();
    let numbered =
        tail.split(|byte| *byte == b'-' || *byte == b'.').all(|part| part.iter().any(u8::is_ascii_digit));
    if numbered { kept } else { 0 }
}

/// The layout of a date, a range or one number at another.
pub(super) fn layout(word: &[u8]) -> Option<&'static [u8]> {
    let mut parts = 0;
    let all = word.split(|byte| b"-@".contains(byte)).all(|part| {
        parts += 1;
        !part.is_empty() && part.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
    });
    match parts {
        2 if all && word.contains(&b'@') => Some(b"<*>@<*>"),
        2 if all => Some(b"<*>-<*>"),
        3 if all && !word.contains(&b'@') => Some(b"<*>-<*>-<*>"),
        _ => None,
    }
}

/// What a word that varies in part looks like in a template.
pub(super) fn masked(word: &[u8]) -> Vec<u8> {
    match layout(word) {
        Some(layout) => layout.to_vec(),
        None => {
            let kept = literal_prefix(word, class::all(word));
            let mut text = word.get(..kept).unwrap_or_default().to_vec();
            text.extend_from_slice(PLACEHOLDER.as_bytes());
            text
        }
    }
}

/// `Jul 3`, `Mon Jul`, `Mon, 3`: names of months and days in dates.
pub(super) fn is_part_of_date(word: &[u8], after: &[u8]) -> bool {
    if word.len() != 3 {
        return false;
    }
    let rest = after.strip_prefix(b",").unwrap_or(after);
    let Some(next) = rest.strip_prefix(b" ").map(<[u8]>::trim_ascii_start) else { return false };
    let number = next.first().is_some_and(u8::is_ascii_digit);
    let day = DAYS.contains(&word);
    number && (is_month(word) || day) || day && next.get(..3).is_some_and(is_month)
}

/// `Oct` of `10/Oct/2023`.
pub(super) fn is_month(word: &[u8]) -> bool {
    MONTHS.contains(&word)
}

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

/// Whether a word is one of those that stand for a value in every language.
pub(super) fn is_value(word: &[u8]) -> bool {
    is_hexadecimal(word)
        || matches!(word.len(), 3..=5)
            && [&b"true"[..], b"false", b"null", b"nil"].iter().any(|value| word.eq_ignore_ascii_case(value))
}

/// Eight digits or more: there is no such word.
fn is_hexadecimal(word: &[u8]) -> bool {
    word.len() >= 8 && word.iter().all(u8::is_ascii_hexdigit)
}

/// The last parts of names of hosts that are told from other names with dots.
const DOMAINS: [&[u8]; 14] = [
    b"arpa",
    b"com",
    b"corp",
    b"edu",
    b"gov",
    b"info",
    b"internal",
    b"io",
    b"lan",
    b"local",
    b"localdomain",
    b"net",
    b"org",
    b"mil",
];

/// Whether a word is the name of a host: it ends in a domain, or a port or address follows it.
pub(super) fn is_host(word: &[u8], after: &[u8]) -> bool {
    let named = word.iter().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(byte))
        && word.iter().any(u8::is_ascii_alphabetic);
    if !named {
        return false;
    }
    let dots = word.iter().filter(|byte| **byte == b'.').count();
    let (Some(last), Some(first)) =
        (word.rsplit(|byte| *byte == b'.').next(), word.split(|byte| *byte == b'.').next())
    else {
        return false;
    };
    if dots > 0 && DOMAINS.contains(&last) && !DOMAINS.contains(&first) {
        return true;
    }
    let numbered = word.contains(&b'-') && word.iter().any(u8::is_ascii_digit);
    (dots >= 2 || numbered) && is_endpoint(after)
}

/// `:8080`, `/10.0.0.1`.
fn is_endpoint(after: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match after.split_first() {
        Some((b':', port)) => {
            let length = digits(port);
            (2..=5).contains(&length)
                && port.get(length).is_none_or(|byte| class::of(*byte) & class::END != 0)
        }
        Some((b'/', address)) => {
            let first = digits(address);
            (1..=3).contains(&first) && address.get(first) == Some(&b'.')
        }
        Some(_) | None => false,
    }
}

/// Whether a word with digits, dots or an `@` is a name all the same: no digits, or one glued to letters, as in `ssh2`.
pub(super) fn is_literal(word: &[u8]) -> bool {
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = word.iter().filter(|&&byte| class::of(byte) & LETTER != 0).count();
    if digits == 0 {
        return !is_mail(word);
    }
    if is_hexadecimal(word) {
        return false;
    }
    let glued = word
        .iter()
        .zip(word.iter().skip(1))
        .any(|(before, digit)| digit.is_ascii_digit() && class::of(*before) & LETTER != 0);
    digits == 1 && letters >= 2 && glued && !word.contains(&b'@')
}

fn is_mail(word: &[u8]) -> bool {
    match word.iter().position(|&byte| byte == b'@') {
        Some(at) => at > 0 && word.get(at..).is_some_and(|host| host.contains(&b'.')),
        None => false,
    }
}
