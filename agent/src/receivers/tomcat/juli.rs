//! Tomcat's own logs: the one-line format of JULI and its JSON, and, on the console, what other frameworks write by default.

use std::borrow::Cow;

use edgewatch_proto::encode::Severity;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::dates::civil::Moment;
use super::dates::format::Format;
use super::dates::zone::Clock;
use super::exceptions;

/// How `org.apache.juli.OneLineFormatter` writes times unless it is told otherwise.
const ONE_LINE: &str = "dd-MMM-yyyy HH:mm:ss.SSS";

/// How `org.apache.juli.JsonFormatter` does.
const JSON: &str = "yyyy-MM-dd'T'HH:mm:ss.SSSX";

/// How records of other frameworks begin, the longest first: log4j 2, logback, Spring Boot, `java.util.logging`.
const OTHERS: [&str; 8] = [
    "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "yyyy-MM-dd'T'HH:mm:ss.SSS",
    "yyyy-MM-dd HH:mm:ss.SSS",
    "yyyy-MM-dd HH:mm:ss,SSS",
    "yyyy-MM-dd HH:mm:ss",
    "MMM d, yyyy h:mm:ss a",
    "MMM d, yyyy h:mm:ss\u{202f}a",
    "HH:mm:ss.SSS",
];

/// What a level is called, in English and in languages that Java translates it to, and how bad it is.
const LEVELS: [(&str, u8); 27] = [
    ("SEVERE", Severity::Error.number()),
    ("WARNING", Severity::Warn.number()),
    ("INFO", Severity::Info.number()),
    ("CONFIG", Severity::Debug.number() + 3),
    ("FINE", Severity::Debug.number()),
    ("FINER", Severity::Trace.number() + 1),
    ("FINEST", Severity::Trace.number()),
    ("FATAL", Severity::Fatal.number()),
    ("ERROR", Severity::Error.number()),
    ("WARN", Severity::Warn.number()),
    ("DEBUG", Severity::Debug.number()),
    ("TRACE", Severity::Trace.number()),
    ("SCHWERWIEGEND", Severity::Error.number()),
    ("WARNUNG", Severity::Warn.number()),
    ("INFORMATION", Severity::Info.number()),
    ("KONFIGURATION", Severity::Debug.number() + 3),
    ("FEIN", Severity::Debug.number()),
    ("GRAVE", Severity::Error.number()),
    ("AVERTISSEMENT", Severity::Warn.number()),
    ("INFOS", Severity::Info.number()),
    ("ADVERTENCIA", Severity::Warn.number()),
    ("INFORMACIÓN", Severity::Info.number()),
    ("SEVERO", Severity::Error.number()),
    ("AVVERTENZA", Severity::Warn.number()),
    ("重大", Severity::Error.number()),
    ("警告", Severity::Warn.number()),
    ("情報", Severity::Info.number()),
];

/// How the records of a file are written.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    one_line: Format,
    json: Format,
    /// Those of other frameworks, where they may be.
    others: Vec<Format>,
}

impl Layout {
    /// Of a file that JULI writes, with the format of times that its configuration states, if it does.
    pub(super) fn file(time_format: Option<&str>) -> Self {
        let stated = time_format.and_then(Format::compile);
        let or = |usual: &str| stated.clone().or_else(|| Format::compile(usual)).unwrap_or_default();
        Self { one_line: or(ONE_LINE), json: or(JSON), others: Vec::new() }
    }

    /// Of a console, on which everybody writes.
    pub(super) fn console(time_format: Option<&str>) -> Self {
        let others = OTHERS.iter().filter_map(|format| Format::compile(format)).collect();
        Self { others, ..Self::file(time_format) }
    }

    /// Whether a record begins with `line`; all other lines go on with the one before.
    pub(super) fn begins(&self, line: &[u8]) -> bool {
        if line.starts_with(b"{\"time\": \"") {
            return true;
        }
        if !line.first().is_some_and(u8::is_ascii_alphanumeric) {
            return false;
        }
        let reads = |format: &Format| {
            let length = format.read(line, &mut Moment::default());
            length.is_some_and(|length| length > 0 && line.get(length).is_none_or(|byte| *byte == b' '))
        };
        reads(&self.one_line) || self.others.iter().any(reads)
    }
}

/// A record.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Entry<'t> {
    /// In nanoseconds since 1970.
    pub(super) time: Option<u64>,
    pub(super) severity: u8,
    /// The level as it is written.
    pub(super) level: &'t str,
    pub(super) thread: Option<Cow<'t, str>>,
    /// Class and method.
    pub(super) function: Option<Cow<'t, str>>,
    pub(super) message: Cow<'t, str>,
    pub(super) exception: Option<Thrown<'t>>,
}

impl<'t> Entry<'t> {
    /// A text of which nothing is known.
    pub(super) fn plain(text: &'t str) -> Self {
        with_exception(text, Self::default())
    }
}

/// An exception of a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Thrown<'t> {
    pub(super) kind: Cow<'t, str>,
    pub(super) message: Option<Cow<'t, str>>,
    pub(super) trace: Cow<'t, str>,
}

/// Reads the records of one file.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    layout: Layout,
    clock: Clock,
}

impl Reader {
    /// A reader of records written by a JVM that lives in `zone`.
    pub(super) const fn new(layout: Layout, zone: TimeZone) -> Self {
        Self { layout, clock: Clock::new(zone) }
    }

    /// What the record `text` says. What is not understood is its message.
    pub(super) fn read<'t>(&mut self, text: &'t str) -> Entry<'t> {
        self.json(text)
            .or_else(|| self.one_line(text))
            .or_else(|| self.other(text))
            .unwrap_or_else(|| Entry::plain(text))
    }

    fn one_line<'t>(&mut self, text: &'t str) -> Option<Entry<'t>> {
        let mut moment = Moment::default();
        let length = self.layout.one_line.read(text.as_bytes(), &mut moment)?;
        let rest = text.get(length..)?.strip_prefix(' ')?;
        let head = rest.find('\n').map_or(rest, |end| rest.get(..end).unwrap_or(rest));
        let (level, after) = head.split_once(" [")?;
        let (thread, after) = after.split_once("] ")?;
        let function = after.split(' ').next()?;
        let message = rest.get(level.len() + 2 + thread.len() + 2 + function.len()..)?;
        let entry = Entry {
            time: self.clock.resolve(&moment),
            severity: severity(level),
            level,
            thread: Some(Cow::Borrowed(thread.trim_end())),
            function: known(function),
            ..Entry::default()
        };
        Some(with_exception(message.strip_prefix(' ').unwrap_or(message), entry))
    }

    fn json<'t>(&mut self, text: &'t str) -> Option<Entry<'t>> {
        if !text.starts_with('{') {
            return None;
        }
        let line: JsonLine<'t> = serde_json::from_str(text).ok()?;
        let mut moment = Moment::default();
        self.layout.json.read(line.time.as_bytes(), &mut moment)?;
        let function = match (&*line.class, &*line.method) {
            ("" | "null", _) => None,
            (class, "" | "null") => Some(Cow::Owned(class.to_owned())),
            (class, method) => Some(Cow::Owned(format!("{class}.{method}"))),
        };
        Some(Entry {
            time: self.clock.resolve(&moment),
            severity: severity(line.level),
            level: line.level,
            thread: Some(line.thread).filter(|thread| !thread.is_empty()),
            function,
            message: line.message,
            exception: thrown(&line.throwable),
        })
    }

    /// A record of another framework: its time and its level, if they are where they usually are; the text stays whole.
    fn other<'t>(&mut self, text: &'t str) -> Option<Entry<'t>> {
        let (moment, length) = self.layout.others.iter().find_map(|format| {
            let mut moment = Moment::default();
            let length = format.read(text.as_bytes(), &mut moment)?;
            Some((moment, length))
        })?;
        let rest = text.get(length..)?;
        let mut entry = Entry { time: self.clock.resolve(&moment), ..Entry::default() };
        // `java.util.logging` has its level on the second line.
        let mut words =
            rest.split_inclusive([' ', '\n']).take(12).map(|word| word.trim_end().trim_end_matches(':'));
        if let Some((level, number)) = words.find_map(|word| Some((word, level(word)?))) {
            (entry.level, entry.severity) = (level, number);
        }
        let head = rest.lines().next().unwrap_or_default();
        entry.thread = head.split_once('[').and_then(|(_, after)| {
            let thread = after.split_once(']')?.0.trim();
            (!thread.is_empty()).then_some(Cow::Borrowed(thread))
        });
        let mut entry = with_exception(text, entry);
        entry.message = Cow::Borrowed(match &entry.exception {
            Some(_) => {
                exceptions::find(text).and_then(|found| text.get(..found.at)).unwrap_or(text).trim_end()
            }
            None => text,
        });
        Some(entry)
    }
}

/// A line of `org.apache.juli.JsonFormatter`.
#[derive(Deserialize)]
struct JsonLine<'t> {
    #[serde(borrow)]
    time: Cow<'t, str>,
    level: &'t str,
    #[serde(borrow, default)]
    thread: Cow<'t, str>,
    #[serde(borrow, default)]
    class: Cow<'t, str>,
    #[serde(borrow, default)]
    method: Cow<'t, str>,
    #[serde(borrow, default)]
    message: Cow<'t, str>,
    #[serde(default)]
    throwable: Vec<String>,
}

/// The trace, as Java would have printed it: frames stand in the array with a blank in front, causes without one.
fn thrown<'t>(lines: &[String]) -> Option<Thrown<'t>> {
    let (first, rest) = lines.split_first()?;
    let mut trace = first.clone();
    for line in rest {
        match line.strip_prefix(' ') {
            Some(frame) => trace.extend(["\n\tat ", frame]),
            None => trace.extend(["\nCaused by: ", line]),
        }
    }
    let (kind, message) = match first.split_once(": ") {
        Some((kind, message)) => (kind, Some(Cow::Owned(message.to_owned()))),
        None => (first.as_str(), None),
    };
    Some(Thrown { kind: Cow::Owned(kind.to_owned()), message, trace: Cow::Owned(trace) })
}

/// `entry` with the message and the exception of `text`.
fn with_exception<'t>(text: &'t str, mut entry: Entry<'t>) -> Entry<'t> {
    match exceptions::find(text) {
        Some(found) => {
            let message = text.get(..found.at).unwrap_or_default().trim_end();
            // An exception alone is the message too.
            entry.message = Cow::Borrowed(if message.is_empty() { text.trim_end() } else { message });
            entry.exception = Some(Thrown {
                kind: Cow::Borrowed(found.kind),
                message: found.message.map(Cow::Borrowed),
                trace: Cow::Borrowed(found.trace),
            });
        }
        None => entry.message = Cow::Borrowed(text.trim_end()),
    }
    entry
}

fn known(function: &str) -> Option<Cow<'_, str>> {
    (!matches!(function, "" | "null.null")).then_some(Cow::Borrowed(function))
}

fn level(word: &str) -> Option<u8> {
    LEVELS.iter().find(|(name, _)| *name == word).map(|(_, number)| *number)
}

fn severity(word: &str) -> u8 {
    level(word).unwrap_or(0)
}
