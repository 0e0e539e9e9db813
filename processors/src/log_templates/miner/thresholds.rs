//! How many different values at one place make it a variable.

use super::class::{self, DIGIT, DOT, LETTER, SLASH};
use super::template::PLACEHOLDER;

/// The numbers that decide. They were set by measurement on several sets of logs; quality must not hang on one of them, which the
/// evaluation checks by varying them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// A value after `=`.
    pub assigned: usize,
    /// Names with dots, and parts of paths.
    pub dotted: usize,
    /// After a word that announces a value, such as `user`.
    pub announced: usize,
    /// After a preposition, such as `for`.
    pub governed: usize,
    /// Words that differ in their digits only.
    pub numbered: usize,
    /// Words that vary in part already, such as `thread-12`.
    pub masked: usize,
    /// Units of measurement after a number.
    pub units: usize,
    /// Words like `camelCase` or `snake_case`.
    pub compound: usize,
    /// Plain words in small letters.
    pub plain: usize,
    /// Words with a capital letter.
    pub title: usize,
    /// The first word of a line.
    pub first: usize,
    /// Words in capital letters.
    pub capitals: usize,
    /// More, when fewer than three words would be left.
    pub bare: usize,
    /// At least, where places vary together.
    pub joint: usize,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            assigned: 2,
            dotted: 2,
            announced: 3,
            governed: 4,
            numbered: 2,
            masked: 3,
            units: 2,
            compound: 5,
            plain: 6,
            title: 8,
            first: 10,
            capitals: 12,
            bare: 2,
            joint: 4,
        }
    }
}

/// What stands around a place where lines differ.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// The word before it, in small letters or not.
    pub(super) before: &'a [u8],
    /// The separators between that word and the place.
    pub(super) between: &'a [u8],
    /// The separator behind it.
    pub(super) after: &'a [u8],
    /// Whether a variable stands before it.
    pub(super) after_variable: bool,
    /// Whether it is the first word.
    pub(super) first: bool,
    /// Words that are left of the template without it.
    pub(super) others: usize,
}

impl Place<'_> {
    /// `key=value`, `key="value"`, `"key":"value"`: but not the first of several words in quotes.
    fn is_assigned(&self) -> bool {
        let opened = [&b"=\""[..], b"='", b"\":\"", b"\": \"", b"':'", b"': '"].contains(&self.between);
        self.between == b"=" || opened && self.between.last() == self.after.first()
    }
}

impl Thresholds {
    /// Every one of them, for the evaluation.
    pub fn each(&mut self) -> impl Iterator<Item = &mut usize> {
        let Self {
            assigned,
            dotted,
            announced,
            governed,
            numbered,
            masked,
            units,
            compound,
            plain,
            title,
            first,
            capitals,
            bare,
            joint,
        } = self;
        [
            assigned, dotted, announced, governed, numbered, masked, units, compound, plain, title, first,
            capitals, bare, joint,
        ]
        .into_iter()
    }

    /// How many of `values` it takes.
    pub(super) fn needed(&self, place: Place<'_>, values: &[&[u8]]) -> usize {
        let bare = match place.others {
            // Nothing would be left.
            0 => 2 * self.capitals,
            1 | 2 => self.bare,
            _ => 0,
        };
        if place.is_assigned() {
            return self.assigned;
        }
        if place.after_variable && values.iter().all(|value| is_unit(value)) {
            return self.units;
        }
        if same_but_for_digits(values) {
            return self.numbered;
        }
        let looks = values.iter().map(|value| self.for_looks(value)).max().unwrap_or(self.capitals);
        let needed = if place.first && looks > self.dotted { looks.max(self.first) } else { looks };
        if announces(place.before) && place.between.iter().all(|byte| b" :#'\"".contains(byte)) {
            return needed.min(self.announced) + bare;
        }
        if looks < self.capitals
            && PREPOSITIONS.iter().any(|known| place.before == known.as_bytes())
            && place.between == b" "
        {
            return needed.min(self.governed) + bare;
        }
        needed + bare
    }

    fn for_looks(&self, word: &[u8]) -> usize {
        let kinds = class::all(word);
        let capitals = word.iter().filter(|byte| byte.is_ascii_uppercase()).count();
        let small = word.iter().filter(|byte| byte.is_ascii_lowercase()).count();
        let inner = word.iter().skip(1).any(u8::is_ascii_uppercase);
        if word.ends_with(PLACEHOLDER.as_bytes()) {
            self.masked
        } else if kinds & (DOT | SLASH) != 0 {
            self.dotted
        } else if kinds & LETTER == 0 || small == 0 && capitals > 0 {
            self.capitals
        } else if inner || word.iter().any(|byte| b"_-$".contains(byte)) || kinds & DIGIT != 0 {
            self.compound
        } else if capitals > 0 {
            self.title
        } else {
            self.plain
        }
    }
}

/// Whether all are the same when every run of digits counts as one.
fn same_but_for_digits(values: &[&[u8]]) -> bool {
    let Some((first, rest)) = values.split_first() else { return false };
    first.iter().any(u8::is_ascii_digit) && rest.iter().all(|value| skeleton(value).eq(skeleton(first)))
}

fn skeleton(word: &[u8]) -> impl Iterator<Item = u8> {
    let mut after_digit = false;
    word.iter().filter_map(move |&byte| {
        let digit = byte.is_ascii_digit();
        let again = digit && after_digit;
        after_digit = digit;
        (!again).then_some(if digit { b'0' } else { byte })
    })
}

/// Units follow the size of a number, so that the same place has several.
const UNITS: [&str; 34] = [
    "b", "bytes", "byte", "kb", "mb", "gb", "tb", "pb", "kib", "mib", "gib", "tib", "k", "m", "g", "ns",
    "us", "ms", "s", "sec", "secs", "second", "seconds", "min", "mins", "minute", "minutes", "h", "hour",
    "hours", "msec", "msecs", "day", "days",
];

fn is_unit(word: &[u8]) -> bool {
    UNITS.iter().any(|unit| word.eq_ignore_ascii_case(unit.as_bytes()))
}

/// Words before a noun, which may be a name. Not `to`, which stands before verbs as well.
const PREPOSITIONS: [&str; 5] = ["at", "by", "for", "from", "on"];

/// Words after which software names one of many.
const ANNOUNCING: [&str; 42] = [
    "account",
    "addr",
    "address",
    "bucket",
    "class",
    "client",
    "container",
    "database",
    "device",
    "dir",
    "directory",
    "domain",
    "file",
    "filename",
    "folder",
    "group",
    "host",
    "hostname",
    "id",
    "image",
    "interface",
    "job",
    "key",
    "machine",
    "method",
    "module",
    "name",
    "node",
    "package",
    "path",
    "pod",
    "port",
    "process",
    "queue",
    "server",
    "service",
    "table",
    "task",
    "thread",
    "topic",
    "user",
    "username",
];

fn announces(word: &[u8]) -> bool {
    ANNOUNCING.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}
