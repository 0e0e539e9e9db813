//! The records of a CSV file, and their fields.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, BufRead};

use crate::text_file::lines::{self, MAX_LINE};

/// A quoted field that goes on for longer than this was never closed.
const MAX_LINES: usize = 64;
const MAX_RECORD: usize = 16 * 1024;

/// Records, one after the other. A record is a line, unless a quoted field of it has several.
pub(in super::super) struct Records<'s, R> {
    source: &'s mut R,
    /// Lines that were read in search of a quote.
    ahead: VecDeque<Vec<u8>>,
    /// The line that the last record began with, from 1.
    line: u64,
    /// The line that comes next.
    next_line: u64,
    bytes: u64,
}

/// A record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) enum Record {
    /// From its beginning to its end.
    Whole,
    /// A quote of it is never closed; what follows its line is taken for further records.
    Unclosed,
}

impl<'s, R: BufRead> Records<'s, R> {
    pub(in super::super) const fn new(source: &'s mut R) -> Self {
        Self { source, ahead: VecDeque::new(), line: 0, next_line: 1, bytes: 0 }
    }

    /// The line that the last record began with, from 1.
    pub(in super::super) const fn line(&self) -> u64 {
        self.line
    }

    /// Bytes read.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether all that was read was also handed out.
    pub(super) fn is_even(&self) -> bool {
        self.ahead.is_empty()
    }

    /// The source, for those who ask it something.
    pub(super) const fn source(&self) -> &R {
        self.source
    }

    /// Reads a line into `line`; `false` at the end.
    pub(super) fn line_into(&mut self, line: &mut Vec<u8>) -> io::Result<bool> {
        if let Some(ahead) = self.ahead.pop_front() {
            *line = ahead;
            return Ok(true);
        }
        let read = lines::next(self.source, line, MAX_LINE)?;
        self.bytes += read;
        Ok(read > 0)
    }

    /// Reads the next record that is not empty; `None` at the end.
    pub(in super::super) fn next(
        &mut self,
        record: &mut Vec<u8>,
        delimiter: u8,
    ) -> io::Result<Option<Record>> {
        loop {
            if !self.line_into(record)? {
                return Ok(None);
            }
            self.line = self.next_line;
            self.next_line += 1;
            if !record.trim_ascii().is_empty() {
                break;
            }
        }
        if !is_open(record, delimiter) {
            return Ok(Some(Record::Whole));
        }
        let first = record.len();
        let mut taken: Vec<Vec<u8>> = Vec::new();
        while taken.len() < MAX_LINES && record.len() < MAX_RECORD {
            let mut line = Vec::new();
            if !self.line_into(&mut line)? {
                break;
            }
            record.push(b'\n');
            record.extend_from_slice(&line);
            taken.push(line);
            if !is_open(record, delimiter) {
                self.next_line += taken.len() as u64;
                return Ok(Some(Record::Whole));
            }
        }
        record.truncate(first);
        for line in taken.into_iter().rev() {
            self.ahead.push_front(line);
        }
        Ok(Some(Record::Unclosed))
    }
}

/// Whether a quoted field of `record` has no end.
fn is_open(record: &[u8], delimiter: u8) -> bool {
    if memchr::memchr(b'"', record).is_none() {
        return false;
    }
    let mut fields = fields(record, delimiter);
    while fields.next().is_some() {}
    fields.open
}

/// The fields of a record.
pub(in super::super) const fn fields(record: &[u8], delimiter: u8) -> Fields<'_> {
    Fields { rest: Some(record), delimiter, open: false }
}

/// See [`fields`].
pub(in super::super) struct Fields<'a> {
    rest: Option<&'a [u8]>,
    delimiter: u8,
    open: bool,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Cow<'a, [u8]>;

    fn next(&mut self) -> Option<Cow<'a, [u8]>> {
        let rest = self.rest.take()?;
        let quoted = if let [b'"', inner @ ..] = rest { closing(inner) } else { Some(0) };
        self.open |= quoted.is_none();
        let searched = quoted.unwrap_or(rest.len());
        let tail = rest.get(searched..).unwrap_or_default();
        let Some(length) = memchr::memchr(self.delimiter, tail).map(|at| searched + at) else {
            return Some(unquoted(rest));
        };
        self.rest = rest.get(length + 1..);
        Some(unquoted(rest.get(..length).unwrap_or_default()))
    }
}

/// Bytes of a quoted field, of which `inner` is what follows the first quote: up to and with the closing one.
fn closing(inner: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr::memchr(b'"', inner.get(from..)?)?;
        if inner.get(at + 1) != Some(&b'"') {
            return Some(at + 2);
        }
        from = at + 2;
    }
}

/// What a field says: without its quotes, and doubled ones once.
fn unquoted(field: &[u8]) -> Cow<'_, [u8]> {
    let [b'"', inner @ ..] = field else { return Cow::Borrowed(field) };
    let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
    let mut text = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().peekable();
    while let Some(&byte) = bytes.next() {
        text.push(byte);
        if byte == b'"' {
            bytes.next_if(|next| **next == b'"');
        }
    }
    Cow::Owned(text)
}
