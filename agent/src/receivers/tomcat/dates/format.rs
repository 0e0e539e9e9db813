//! Formats of `java.text.SimpleDateFormat`, compiled and read.

use super::civil::{self, Moment};

/// Parts of a format at most; longer formats are not understood.
const MOST_PARTS: usize = 64;

/// A compiled format.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(in super::super) struct Format {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    /// Text that stands there as it is.
    Text(Vec<u8>),
    /// A number: which; how many digits it has if the next part is a number too (zero: all that follow); how many at least.
    Number(What, usize, usize),
    /// The name of a month.
    Month,
    /// `AM` or `PM`.
    HalfDay,
    /// `+0100`, `+01:00`, `+01` or `Z`.
    Offset,
    /// Letters that say nothing new: the name of a day or an era.
    Word,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum What {
    Year,
    /// A year without its century.
    ShortYear,
    Month,
    Day,
    Hour,
    /// 1 to 24.
    HourFromOne,
    /// 0 to 11.
    HalfHour,
    Minute,
    Second,
    Millisecond,
    /// Weeks and days of the year: known otherwise.
    Other,
}

impl Format {
    /// What `pattern` means; `None` for what cannot be read back, such as names of zones.
    pub(in super::super) fn compile(pattern: &str) -> Option<Self> {
        let mut parts: Vec<Part> = Vec::new();
        let mut rest = pattern;
        while let Some(first) = rest.chars().next() {
            if parts.len() >= MOST_PARTS {
                return None;
            }
            let length = if first == '\'' {
                let (text, length) = quoted(rest)?;
                push_text(&mut parts, text.as_bytes());
                length
            } else if first.is_ascii_alphabetic() {
                let count = rest.chars().take_while(|&letter| letter == first).count();
                parts.push(part(first, count)?);
                count
            } else {
                let length = first.len_utf8();
                push_text(&mut parts, rest.as_bytes().get(..length)?);
                length
            };
            rest = rest.get(length..)?;
        }
        // Digits are counted only where another number follows at once.
        for at in 0..parts.len() {
            let numbers_follow = matches!(parts.get(at + 1), Some(Part::Number(..)));
            if let Some(Part::Number(_, width, _)) = parts.get_mut(at)
                && !numbers_follow
            {
                *width = 0;
            }
        }
        Some(Self { parts })
    }

    /// Reads the beginning of `text` into `moment`; returns how long that is.
    pub(in super::super) fn read(&self, text: &[u8], moment: &mut Moment) -> Option<usize> {
        let mut rest = text;
        for part in &self.parts {
            rest = part.read(rest, moment)?;
        }
        Some(text.len() - rest.len())
    }

    /// The glob that file names in this format match.
    pub(in super::super) fn glob(&self) -> String {
        let mut glob = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => glob.push_str(&globset::escape(&String::from_utf8_lossy(text))),
                Part::Number(_, _, 1) => glob.push_str("[0-9]*"),
                Part::Number(_, _, least) => glob.push_str(&"[0-9]".repeat(*least)),
                Part::Month | Part::HalfDay | Part::Offset | Part::Word => glob.push('*'),
            }
        }
        glob
    }
}

/// The text in quotes at the beginning of `rest`, and how long that is. Two quotes are one.
fn quoted(rest: &str) -> Option<(String, usize)> {
    let mut text = String::new();
    let inside = rest.get(1..)?;
    if inside.starts_with('\'') {
        return Some(("'".to_owned(), 2));
    }
    let mut letters = inside.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != '\'' {
            text.push(letter);
        } else if letters.peek().is_some_and(|(_, next)| *next == '\'') {
            text.push('\'');
            letters.next();
        } else {
            return Some((text, at + 2));
        }
    }
    None
}

fn push_text(parts: &mut Vec<Part>, text: &[u8]) {
    match parts.last_mut() {
        Some(Part::Text(last)) => last.extend_from_slice(text),
        _ => parts.push(Part::Text(text.to_vec())),
    }
}

fn part(letter: char, count: usize) -> Option<Part> {
    let number = |what| Part::Number(what, count, count);
    Some(match (letter, count) {
        ('y' | 'Y', 2) => number(What::ShortYear),
        ('y' | 'Y', _) => Part::Number(What::Year, count.max(4), count.max(4)),
        ('M' | 'L', 3..) => Part::Month,
        ('M' | 'L', _) => number(What::Month),
        ('d', _) => number(What::Day),
        ('H', _) => number(What::Hour),
        ('k', _) => number(What::HourFromOne),
        ('K' | 'h', _) => number(What::HalfHour),
        ('m', _) => number(What::Minute),
        ('s', _) => number(What::Second),
        ('S', _) => number(What::Millisecond),
        ('D' | 'w' | 'W' | 'F' | 'u', _) => number(What::Other),
        ('a', _) => Part::HalfDay,
        ('E' | 'G', _) => Part::Word,
        ('Z' | 'X', _) => Part::Offset,
        _ => return None,
    })
}

impl Part {
    /// Reads it from the beginning of `text` and returns the rest.
    fn read<'t>(&self, text: &'t [u8], moment: &mut Moment) -> Option<&'t [u8]> {
        match self {
            Self::Text(expected) => text.strip_prefix(expected.as_slice()),
            Self::Number(what, width, _) => {
                let all = text.iter().take(18).take_while(|byte| byte.is_ascii_digit()).count();
                let length = if *width == 0 { all } else { all.min(*width) };
                let (digits, rest) = text.split_at_checked(length)?;
                set(*what, civil::digits(digits)?, moment);
                Some(rest)
            }
            Self::Month => {
                let length = letters(text);
                let (name, rest) = text.split_at_checked(length)?;
                moment.month = civil::month(name.get(..3)?)?;
                // `Sept` and full names begin alike; a full stop may follow an abbreviation.
                Some(rest.strip_prefix(b".").unwrap_or(rest))
            }
            Self::HalfDay => {
                let (name, rest) = text.split_at_checked(2)?;
                moment.afternoon = Some(match name.to_ascii_uppercase().as_slice() {
                    b"AM" => false,
                    b"PM" => true,
                    _ => return None,
                });
                Some(rest)
            }
            Self::Offset => {
                if let Some(rest) = text.strip_prefix(b"Z") {
                    moment.offset = Some(0);
                    return Some(rest);
                }
                let length = [6, 5, 3]
                    .into_iter()
                    .find(|&length| text.get(..length).is_some_and(|shown| civil::offset(shown).is_some()))?;
                let (shown, rest) = text.split_at_checked(length)?;
                moment.offset = civil::offset(shown);
                Some(rest)
            }
            Self::Word => {
                let length = letters(text);
                let rest = text.get(length..)?;
                (length > 0).then(|| rest.strip_prefix(b".").unwrap_or(rest))
            }
        }
    }
}

/// Length of the letters at the beginning of `text`; bytes of characters beyond ASCII count.
fn letters(text: &[u8]) -> usize {
    text.iter().take(32).take_while(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii()).count()
}

fn set(what: What, number: i64, moment: &mut Moment) {
    match what {
        What::Year => moment.year = number,
        // Within 80 years before and 20 after now, as Java reads them; logs are never that old.
        What::ShortYear => moment.year = 2000 + number % 100,
        What::Month => moment.month = number,
        What::Day => {
            moment.day = number;
            moment.dated = true;
        }
        What::Hour | What::HalfHour => moment.hour = number,
        What::HourFromOne => moment.hour = number % 24,
        What::Minute => moment.minute = number,
        What::Second => moment.second = number,
        What::Millisecond => moment.nanos = number.min(999) * 1_000_000,
        What::Other => {}
    }
}
