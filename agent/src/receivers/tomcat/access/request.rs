//! What a line of an access log says.

use smallvec::SmallVec;

use super::codes::MOST_NAMED;
use super::pattern::Style;

/// A value as it stands in a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) struct Text<'l> {
    pub(in super::super) raw: &'l str,
    pub(in super::super) style: Style,
}

impl<'l> Text<'l> {
    /// The value itself; `scratch` is used when something in it was escaped.
    pub(in super::super) fn plain<'s>(self, scratch: &'s mut String) -> &'s str
    where
        'l: 's,
    {
        match self.style {
            Style::Backslash if self.raw.contains('\\') => unescape(self.raw, false, scratch),
            // Newer versions escape with backslashes here too, but double quotes.
            Style::Doubled if self.raw.contains(['\\', '"']) => unescape(self.raw, true, scratch),
            Style::Plain | Style::Backslash | Style::Doubled => self.raw,
        }
    }
}

/// Resolves the escapes of Tomcat and of JSON, and doubled quotes.
fn unescape<'s>(raw: &str, doubled: bool, scratch: &'s mut String) -> &'s str {
    scratch.clear();
    let mut units: SmallVec<[u16; 2]> = SmallVec::new();
    let mut rest = raw;
    while let Some(at) = rest.find(|letter| letter == '\\' || (doubled && letter == '"')) {
        let (before, escape) = rest.split_at(at);
        if !before.is_empty() {
            flush(&mut units, scratch);
        }
        scratch.push_str(before);
        let (unit, length) = escaped(escape.as_bytes());
        match unit {
            Some(unit) => {
                units.push(unit);
                // A pair is whole, and what is not the first half of one need not wait.
                if units.len() == 2 || !(0xd800..0xdc00).contains(&unit) {
                    flush(&mut units, scratch);
                }
            }
            None => {
                flush(&mut units, scratch);
                scratch.push_str(escape.get(..1).unwrap_or_default());
            }
        }
        rest = escape.get(length..).unwrap_or_default();
    }
    flush(&mut units, scratch);
    scratch.push_str(rest);
    scratch
}

fn flush(units: &mut SmallVec<[u16; 2]>, scratch: &mut String) {
    for character in char::decode_utf16(units.drain(..)) {
        scratch.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
}

/// The UTF-16 unit that an escape stands for, and its length; a backslash that escapes nothing is one.
fn escaped(escape: &[u8]) -> (Option<u16>, usize) {
    if let [b'"', second, ..] = escape {
        return if *second == b'"' { (Some(u16::from(b'"')), 2) } else { (None, 1) };
    }
    let unit = match escape.get(1) {
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'f') => 0x0c,
        Some(b'b') => 0x08,
        Some(character @ (b'"' | b'\\' | b'/')) => *character,
        Some(b'u') => {
            let digits = escape.get(2..6).and_then(|digits| str::from_utf8(digits).ok());
            let number = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
            return match number.and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
                Some(unit) => (Some(unit), 6),
                None => (None, 1),
            };
        }
        _ => return (None, 1),
    };
    (Some(u16::from(unit)), 2)
}

/// A request, as far as its line tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in super::super) struct Request<'l> {
    /// When the line was made, in nanoseconds since 1970.
    pub(in super::super) time: Option<u64>,
    pub(in super::super) client: Option<&'l str>,
    /// Used when there is no `client`.
    pub(in super::super) client_host: Option<&'l str>,
    pub(in super::super) client_port: Option<u16>,
    pub(in super::super) peer: Option<&'l str>,
    pub(in super::super) local: Option<&'l str>,
    pub(in super::super) server: Option<&'l str>,
    pub(in super::super) server_port: Option<u16>,
    pub(in super::super) user: Option<Text<'l>>,
    pub(in super::super) method: Option<&'l str>,
    pub(in super::super) path: Option<&'l str>,
    /// Without its question mark.
    pub(in super::super) query: Option<&'l str>,
    pub(in super::super) scheme: Option<&'l str>,
    /// Such as `HTTP/1.1`.
    pub(in super::super) protocol: Option<Text<'l>>,
    pub(in super::super) status: Option<u16>,
    /// Of the body of the response.
    pub(in super::super) bytes: Option<u64>,
    /// In nanoseconds.
    pub(in super::super) duration: Option<u64>,
    /// Unit of `duration`, in nanoseconds: of two durations the finer one counts.
    pub(in super::super) unit: u64,
    /// Until the response began, in nanoseconds.
    pub(in super::super) first_byte: Option<u64>,
    pub(in super::super) thread: Option<&'l str>,
    pub(in super::super) connection: Option<u8>,
    pub(in super::super) agent: Option<Text<'l>>,
    pub(in super::super) trace: Option<Trace>,
    /// Values of attributes with an index in the names of the format.
    pub(in super::super) named: SmallVec<[(usize, Text<'l>); MOST_NAMED]>,
}

/// A trace context as the client sent it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) struct Trace {
    pub(in super::super) trace: [u8; 16],
    pub(in super::super) span: [u8; 8],
    pub(in super::super) flags: u8,
}

impl Trace {
    /// What a `traceparent` header says. Ids of zeros are none.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let [version] = hexadecimal(version)?;
        let (trace, span, [flags]) = (hexadecimal(trace)?, hexadecimal(span)?, hexadecimal(flags)?);
        let well_formed = version != 0xff && (version != 0 || parts.next().is_none());
        (well_formed && trace != [0; 16] && span != [0; 8]).then_some(Self { trace, span, flags })
    }
}

fn hexadecimal<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let digit = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}
