//! Finds the records in a buffer. Pure: the outcome does not depend on where reads happened to end.

use memchr::{memchr, memchr_iter};

use super::options::{Encoding, Oversize};
use super::pattern::{Begins, Rule};
use super::separator::{Edge, Seen, Separator};

/// How files are cut into records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Framing {
    pub(super) encoding: Encoding,
    /// Largest record, in bytes of the file.
    pub(super) max: usize,
    pub(super) oversize: Oversize,
}

/// A record at the beginning of a buffer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Cut {
    /// Where it begins: what is in front of it is no part of a record.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// Where the next one begins.
    pub(super) next: usize,
    /// The record is only the first part of a longer line.
    pub(super) oversized: bool,
    /// The rest of the line is to be passed over with [`Framing::discard`].
    pub(super) discard: bool,
}

impl Framing {
    /// The record at the beginning of `buffer`; `None` when more bytes are needed to tell.
    #[inline]
    pub(super) fn next(&self, buffer: &[u8]) -> Option<Cut> {
        if self.encoding == Encoding::Nop {
            return (buffer.len() >= self.max).then(|| whole(self.max, self.max));
        }
        let limit = self.limit();
        match self.line_break(buffer) {
            Some(at) => {
                let next = at + self.unit();
                let end = self.without_return(buffer, at);
                if end <= limit {
                    return Some(whole(end, next));
                }
                let cut = self.boundary(buffer, limit);
                Some(match self.oversize {
                    Oversize::Split => Cut { start: 0, end: cut, next: cut, oversized: true, discard: false },
                    Oversize::Truncate => Cut { start: 0, end: cut, next, oversized: true, discard: false },
                })
            }
            // A line of `limit` bytes may still be followed by a carriage return.
            None if buffer.len() > limit + self.unit() => {
                let cut = self.boundary(buffer, limit);
                let discard = self.oversize == Oversize::Truncate;
                Some(Cut { start: 0, end: cut, next: cut, oversized: true, discard })
            }
            None => None,
        }
    }

    /// The record that `buffer` is when nothing follows any more. `None` when it is empty, or half a character.
    pub(super) fn last(&self, buffer: &[u8]) -> Option<Cut> {
        let length = buffer.len() - buffer.len() % self.unit();
        if length == 0 {
            return None;
        }
        if self.encoding != Encoding::Nop && length > self.limit() {
            let cut = self.boundary(buffer, self.limit());
            let discard = self.oversize == Oversize::Truncate;
            return Some(Cut { start: 0, end: cut, next: cut, oversized: true, discard });
        }
        Some(whole(length, length))
    }

    /// As [`Framing::next`], for records of several lines. What is too long is split.
    pub(super) fn next_of(&self, buffer: &[u8], rule: &Rule) -> Option<Cut> {
        // Zeros behind the text may be room for what will be written later.
        let written = if self.has_padding() && buffer.len() < self.lookahead() {
            text_end(buffer)
        } else {
            buffer.len()
        };
        let buffer = buffer.get(..written).unwrap_or_default();
        match rule {
            Rule::Begins(begins) => self.next_until(buffer, begins),
            Rule::Separated(separator) => self.separated(buffer, separator, Edge::More),
        }
    }

    /// As [`Framing::last`], for records of several lines. What is behind the record remains.
    pub(super) fn last_of(&self, buffer: &[u8], rule: &Rule) -> Option<Cut> {
        let length = buffer.len() - buffer.len() % self.unit();
        let buffer = buffer.get(..length).unwrap_or_default();
        match rule {
            _ if length == 0 => None,
            Rule::Begins(begins) => self.last_until(buffer, begins),
            Rule::Separated(separator) => self.separated(buffer, separator, Edge::End),
        }
    }

    /// The record at the beginning of `buffer`, behind which there is `edge`.
    fn separated(&self, buffer: &[u8], separator: &Separator, edge: Edge) -> Option<Cut> {
        let limit = self.limit();
        // An expression is given a little more than the longest record to match in.
        let (seen, edge) = match buffer.get(..limit + Begins::SIGHT) {
            Some(seen) => (seen, Edge::Sight),
            None => (buffer, edge),
        };
        match separator.look(self.encoding, seen, edge) {
            Seen::Pending => None,
            Seen::Record(record, next) if record.end <= limit => {
                Some(Cut { start: record.start, ..whole(record.end, next) })
            }
            Seen::Open(start) if seen.len() <= limit => Some(Cut { start, ..whole(seen.len(), seen.len()) }),
            Seen::Record(..) | Seen::Open(_) => Some(self.part(buffer)),
        }
    }

    /// The first line belongs to the record whatever it is.
    fn next_until(&self, buffer: &[u8], begins: &Begins) -> Option<Cut> {
        let limit = self.limit();
        let mut line = 0;
        while let Some(length) = self.line_break(buffer.get(line..).unwrap_or_default()) {
            let (at, next) = (line + length, line + length + self.unit());
            let end = self.without_return(buffer, at);
            if end > limit {
                return Some(self.part(buffer));
            }
            if self.begins(buffer.get(next..).unwrap_or_default(), begins)? {
                return Some(whole(end, next));
            }
            line = next;
        }
        // As in `next`, for the last line.
        (buffer.len() > limit + self.unit()).then(|| self.part(buffer))
    }

    fn last_until(&self, buffer: &[u8], begins: &Begins) -> Option<Cut> {
        let length = buffer.len();
        let (mut line, mut end) = (0, length);
        while let Some(found) = self.line_break(buffer.get(line..).unwrap_or_default()) {
            let (at, next) = (line + found, line + found + self.unit());
            end = self.without_return(buffer, at);
            let rest = buffer.get(next..).unwrap_or_default();
            if end > self.limit() {
                return Some(self.part(buffer));
            }
            let seen = rest.get(..rest.len().min(Begins::SIGHT)).unwrap_or_default();
            if !rest.is_empty() && self.begins(rest, begins).unwrap_or_else(|| begins.says(seen)) {
                return Some(whole(end, next));
            }
            line = next;
        }
        let end = if line < length { length } else { end };
        Some(if end > self.limit() { self.part(buffer) } else { whole(end, length) })
    }

    /// Whether the line at the beginning of `rest` begins a record; `None` when more bytes are needed to tell.
    fn begins(&self, rest: &[u8], begins: &Begins) -> Option<bool> {
        let seen = rest.get(..rest.len().min(Begins::SIGHT + self.unit())).unwrap_or_default();
        let end = match self.line_break(seen) {
            Some(at) => self.without_return(seen, at).min(Begins::SIGHT),
            None if seen.len() == Begins::SIGHT + self.unit() => Begins::SIGHT,
            None => return None,
        };
        Some(begins.says(seen.get(..end).unwrap_or_default()))
    }

    /// The first part of a record that is too long.
    fn part(&self, buffer: &[u8]) -> Cut {
        let cut = self.boundary(buffer, self.limit());
        Cut { start: 0, end: cut, next: cut, oversized: true, discard: false }
    }

    /// How many bytes of `buffer` belong to a line that is not wanted, and whether it ends there.
    pub(super) fn discard(&self, buffer: &[u8]) -> (usize, bool) {
        match self.line_break(buffer) {
            Some(at) => (at + self.unit(), true),
            None => (buffer.len() - buffer.len() % self.unit(), false),
        }
    }

    /// Whether `buffer` ends with a line.
    pub(super) fn ends_line(&self, buffer: &[u8]) -> bool {
        let last = buffer.len().saturating_sub(self.unit());
        self.line_break(buffer.get(last - last % self.unit()..).unwrap_or_default()).is_some()
    }

    /// Most bytes that are needed to decide.
    pub(super) fn lookahead(&self) -> usize {
        self.max + Begins::SIGHT + 3 * self.unit()
    }

    /// Length of the mark at the beginning of a file that says how it is encoded.
    pub(super) fn mark(&self, beginning: &[u8]) -> usize {
        let mark: &[u8] = match self.encoding {
            Encoding::Utf8 | Encoding::Utf8Raw => &[0xef, 0xbb, 0xbf],
            Encoding::Utf16Le => &[0xff, 0xfe],
            Encoding::Utf16Be => &[0xfe, 0xff],
            Encoding::Nop => return 0,
        };
        if beginning.starts_with(mark) { mark.len() } else { 0 }
    }

    /// Bytes of the smallest character.
    pub(super) fn unit(&self) -> usize {
        match self.encoding {
            Encoding::Utf8 | Encoding::Utf8Raw | Encoding::Nop => 1,
            Encoding::Utf16Le | Encoding::Utf16Be => 2,
        }
    }

    /// Whether zeros between lines are no text: room that was reserved, or left by a truncation.
    pub(super) fn has_padding(&self) -> bool {
        match self.encoding {
            Encoding::Utf8 | Encoding::Utf8Raw => true,
            Encoding::Utf16Le | Encoding::Utf16Be | Encoding::Nop => false,
        }
    }

    fn limit(&self) -> usize {
        self.max - self.max % self.unit()
    }

    #[inline]
    fn line_break(&self, buffer: &[u8]) -> Option<usize> {
        match self.encoding {
            Encoding::Utf8 | Encoding::Utf8Raw => memchr(b'\n', buffer),
            Encoding::Utf16Le => {
                memchr_iter(b'\n', buffer).find(|&at| at.is_multiple_of(2) && buffer.get(at + 1) == Some(&0))
            }
            Encoding::Utf16Be => memchr_iter(b'\n', buffer)
                .find(|&at| !at.is_multiple_of(2) && buffer.get(at - 1) == Some(&0))
                .map(|at| at - 1),
            Encoding::Nop => None,
        }
    }

    /// The end of a line whose break stands at `at`, without a carriage return in front of it.
    #[inline]
    fn without_return(&self, buffer: &[u8], at: usize) -> usize {
        let mark: &[u8] = match self.encoding {
            Encoding::Utf8 | Encoding::Utf8Raw => b"\r",
            Encoding::Utf16Le => &[b'\r', 0],
            Encoding::Utf16Be => &[0, b'\r'],
            Encoding::Nop => return at,
        };
        let line = buffer.get(..at).unwrap_or_default();
        line.strip_suffix(mark).map_or(at, <[u8]>::len)
    }

    /// `limit`, or a little less where that would be in the middle of a character.
    fn boundary(&self, buffer: &[u8], limit: usize) -> usize {
        let byte = |at: usize| buffer.get(at).copied().unwrap_or_default();
        match self.encoding {
            Encoding::Utf8 | Encoding::Utf8Raw => {
                let continues = |at: usize| byte(at) & 0xc0 == 0x80;
                let start = (0..4).filter_map(|back| limit.checked_sub(back)).find(|&at| !continues(at));
                start.filter(|&at| at > 0).unwrap_or(limit)
            }
            Encoding::Utf16Le | Encoding::Utf16Be => {
                let high = if self.encoding == Encoding::Utf16Le { limit - 1 } else { limit - 2 };
                let first_of_pair = (0xd8..0xdc).contains(&byte(high));
                if first_of_pair && limit > 2 { limit - 2 } else { limit }
            }
            Encoding::Nop => limit,
        }
    }
}

const fn whole(end: usize, next: usize) -> Cut {
    Cut { start: 0, end, next, oversized: false, discard: false }
}

/// Where `buffer` ends without the zeros at its end.
pub(super) fn text_end(buffer: &[u8]) -> usize {
    buffer.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}
