//! Walks through the records of a segment, and finds the next one behind damage.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use memchr::memmem;

use super::disk::File;
use super::format::{RECORD_HEADER, RECORD_MAGIC, RecordHeader, SEGMENT_HEADER};

/// Bytes read at a time, when records are not larger.
const CHUNK: usize = 1 << 20;

/// Reads a segment from one place to another.
#[derive(Debug)]
pub(super) struct Scanner {
    file: Arc<dyn File>,
    /// Of the queue, when it is known; otherwise that of the first record found counts.
    journal: Option<u32>,
    /// Least sequence that the next record can have.
    expected: u64,
    at: u64,
    end: u64,
    buffer: Vec<u8>,
    /// Where the buffer begins in the file.
    buffered_at: u64,
}

/// What stands at a place.
#[derive(Debug)]
pub(super) enum Found {
    /// A record, whose payload is in [`Scanner::bytes`]; not checked yet.
    Record { header: RecordHeader, payload: Range<usize> },
    /// Bytes that belong to no record, before the next one.
    Damage { bytes: u64 },
    /// Nothing but `rest` bytes that belong to no record.
    End { rest: u64 },
}

impl Scanner {
    /// Reads `file` from `at` to `end`.
    pub(super) fn new(file: Arc<dyn File>, journal: Option<u32>, expected: u64, at: u64, end: u64) -> Self {
        let at = at.max(SEGMENT_HEADER as u64);
        Self { file, journal, expected, at, end, buffer: Vec::new(), buffered_at: 0 }
    }

    /// Where the next record is looked for.
    pub(super) const fn position(&self) -> u64 {
        self.at
    }

    pub(super) const fn journal(&self) -> Option<u32> {
        self.journal
    }

    /// The file has grown.
    pub(super) fn extend(&mut self, end: u64) {
        self.end = end;
    }

    /// The buffer's bytes at `range`.
    pub(super) fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or_default()
    }

    /// What stands next. Records whose sequence has been seen are passed over: a segment that could not be synced is written again
    /// into the next one.
    pub(super) fn next(&mut self) -> io::Result<Found> {
        loop {
            if self.at >= self.end {
                return Ok(Found::End { rest: 0 });
            }
            match self.header_at(self.at)? {
                Some(header) => {
                    let start = self.at + RECORD_HEADER as u64;
                    let payload = self.fill(start, header.stored as usize)?;
                    self.at += header.length();
                    if header.sequence >= self.expected {
                        self.expected = header.sequence + 1;
                        self.journal = Some(header.journal);
                        return Ok(Found::Record { header, payload });
                    }
                }
                None => {
                    let from = self.at;
                    return Ok(match self.search(from + 1)? {
                        Some(at) => {
                            self.at = at;
                            Found::Damage { bytes: at - from }
                        }
                        None => Found::End { rest: self.end - from },
                    });
                }
            }
        }
    }

    /// The header at `at`, when it is one and its record fits into the segment.
    fn header_at(&mut self, at: u64) -> io::Result<Option<RecordHeader>> {
        if self.end.saturating_sub(at) < RECORD_HEADER as u64 {
            return Ok(None);
        }
        let range = self.fill(at, RECORD_HEADER)?;
        let header = RecordHeader::decode(self.bytes(range));
        Ok(header.filter(|header| {
            self.journal.is_none_or(|journal| journal == header.journal)
                && header.length() <= self.end - at
                && header.sequence < u64::MAX
        }))
    }

    /// The next place from `from` on where a record begins that has not been seen.
    fn search(&mut self, from: u64) -> io::Result<Option<u64>> {
        let mut at = from;
        while self.end.saturating_sub(at) >= RECORD_HEADER as u64 {
            let range = self.window(at)?;
            let chunk = self.bytes(range);
            if chunk.len() < RECORD_HEADER {
                break;
            }
            let Some(offset) = memmem::find(chunk, &RECORD_MAGIC) else {
                // The magic may begin in the last bytes of the chunk.
                at += (chunk.len() - (RECORD_MAGIC.len() - 1)) as u64;
                continue;
            };
            let candidate = at + offset as u64;
            match self.header_at(candidate)? {
                Some(header) if header.sequence >= self.expected => return Ok(Some(candidate)),
                _ => at = candidate + 1,
            }
        }
        Ok(None)
    }

    /// What is in memory from `at` on, when it is enough for a header; otherwise what is read next.
    fn window(&mut self, at: u64) -> io::Result<Range<usize>> {
        let offset = at.checked_sub(self.buffered_at).and_then(|offset| usize::try_from(offset).ok());
        match offset.filter(|offset| offset.saturating_add(RECORD_HEADER) <= self.buffer.len()) {
            Some(offset) => Ok(offset..self.buffer.len()),
            None => {
                self.fill(at, RECORD_HEADER)?;
                Ok(0..self.buffer.len())
            }
        }
    }

    /// Makes `length` bytes at `at` available, as far as the file has them.
    fn fill(&mut self, at: u64, length: usize) -> io::Result<Range<usize>> {
        let offset = at.checked_sub(self.buffered_at).and_then(|offset| usize::try_from(offset).ok());
        if let Some(offset) = offset.filter(|offset| offset.saturating_add(length) <= self.buffer.len()) {
            return Ok(offset..offset + length);
        }
        let left = usize::try_from(self.end.saturating_sub(at)).unwrap_or(usize::MAX);
        self.buffer.resize(length.max(CHUNK).min(left), 0);
        let read = self.file.read_at(&mut self.buffer, at).inspect_err(|_| self.buffer.clear())?;
        self.buffer.truncate(read);
        self.buffered_at = at;
        Ok(0..length.min(read))
    }
}
