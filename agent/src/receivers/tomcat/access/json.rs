//! Lines of the `JsonAccessLogValve`: an object of strings, and objects of strings in it.

use memchr::memchr2;

use super::codes::{Release, Tables, What, begins};
use super::line::{Taking, Times};
use super::pattern::{Piece, Style, pieces};
use super::request::Text;

/// The keys of a pattern's lines.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    /// The object they are in (empty: the line itself), their name, and what they are.
    keys: Vec<(&'static str, String, What)>,
    pub(super) tables: Tables,
}

impl Keys {
    /// The keys that the valve makes of a pattern.
    pub(super) fn compile(pattern: &str, release: Release) -> Self {
        let mut tables = Tables::default();
        let mut keys = Vec::new();
        for piece in pieces(pattern) {
            let Piece::Code(name, letter) = piece else { continue };
            let (object, key) = match (inner(letter), name) {
                (Some(object), Some(name)) => (object, name.to_owned()),
                (_, Some(name)) => ("", format!("{}-{name}", outer(letter))),
                (_, None) => ("", outer(letter).to_owned()),
            };
            let what = if begins(name, letter) { What::Ignored } else { tables.code(name, letter, release) };
            keys.push((object, key, what));
        }
        Self { keys, tables }
    }

    pub(super) fn has_duration(&self) -> bool {
        self.keys.iter().any(|(_, _, what)| matches!(what, What::Duration(_)))
    }

    fn find(&self, object: &str, key: &str) -> What {
        let known = self.keys.iter().find(|(within, name, _)| *within == object && name == key);
        known.map_or(What::Ignored, |(_, _, what)| *what)
    }
}

/// The object that holds what a code with a name stands for.
const fn inner(letter: char) -> Option<&'static str> {
    Some(match letter {
        'c' => "cookies",
        'i' => "requestHeaders",
        'o' => "responseHeaders",
        'r' => "requestAttributes",
        's' => "sessionAttributes",
        'L' => "identifier",
        _ => return None,
    })
}

/// The key of a code.
const fn outer(letter: char) -> &'static str {
    match letter {
        'a' => "remoteAddr",
        'A' => "localAddr",
        'b' => "size",
        'B' => "byteSentNC",
        'D' => "elapsedTime",
        'F' => "firstByteTime",
        'h' => "host",
        'H' => "protocol",
        'I' => "threadName",
        'l' => "logicalUserName",
        'm' => "method",
        'p' => "port",
        'q' => "query",
        'r' => "request",
        's' => "statusCode",
        'S' => "sessionId",
        't' => "time",
        'T' => "elapsedTimeS",
        'u' => "user",
        'U' => "path",
        'v' => "localServerName",
        'X' => "connectionStatus",
        _ => "other",
    }
}

/// Reads a line; `None` when it is no such object.
pub(super) fn walk<'l>(
    keys: &Keys,
    line: &'l str,
    taking: &mut Taking<'_, 'l>,
    times: &mut Times,
) -> Option<()> {
    let mut at = Cursor { rest: line.trim() };
    at.expect('{')?;
    let mut object = "";
    let mut inside = false;
    loop {
        if at.expect('}').is_some() {
            if inside {
                inside = false;
                object = "";
                let _ = at.expect(',');
                continue;
            }
            return at.rest.is_empty().then_some(());
        }
        let key = at.string()?;
        at.expect(':')?;
        if !inside && at.expect('{').is_some() {
            inside = true;
            object = key;
            continue;
        }
        let value = at.string()?;
        // The common format is in brackets.
        let what = keys.find(object, key);
        let raw = if what == What::Clf { value.trim_start_matches('[').trim_end_matches(']') } else { value };
        let style = if what == What::Ignored { Style::Plain } else { Style::Backslash };
        taking.set(what, Text { raw, style }, &keys.tables, times);
        let _ = at.expect(',');
    }
}

/// A place in a line.
struct Cursor<'l> {
    rest: &'l str,
}

impl<'l> Cursor<'l> {
    /// Passes over `sign`, if it is next.
    fn expect(&mut self, sign: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(sign)?;
        Some(())
    }

    /// The string that is next, as it is written.
    fn string(&mut self) -> Option<&'l str> {
        let text = self.rest.trim_start().strip_prefix('"')?;
        let mut from = 0;
        loop {
            let at = from + memchr2(b'"', b'\\', text.as_bytes().get(from..)?)?;
            if text.as_bytes().get(at) == Some(&b'"') {
                self.rest = text.get(at + 1..)?;
                return text.get(..at);
            }
            from = at + 2;
        }
    }
}
