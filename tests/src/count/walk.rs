//! The walk.

use std::slice;

use bytes::Bytes;

use crate::Signal;

/// The bytes are no OTLP request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Malformed;

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the bytes are no OTLP request")
    }
}

impl std::error::Error for Malformed {}

/// For each level of nesting, the fields that lead to the items.
type Route = &'static [&'static [u64]];

/// `resource_spans`, `scope_spans`, `spans`; the logs' fields have the same numbers.
const SPANS_OR_LOGS: Route = &[&[1], &[2], &[2]];
/// `resource_metrics`, `scope_metrics`, `metrics`, the five kinds of `data`, `data_points`.
const POINTS: Route = &[&[1], &[2], &[2], &[5, 7, 9, 10, 11], &[1]];

/// Counts the spans, data points or log records of the request that `chunks` make up.
///
/// # Errors
/// When a length or a tag on the way to the items does not fit.
pub fn items(signal: Signal, chunks: &[Bytes]) -> Result<u64, Malformed> {
    let route = match signal {
        Signal::Traces | Signal::Logs => SPANS_OR_LOGS,
        Signal::Metrics => POINTS,
    };
    let total = chunks.iter().map(Bytes::len).sum();
    let mut cursor = Cursor { chunk: &[], chunks: chunks.iter(), left: total };
    cursor.count(route, 0)
}

struct Cursor<'a> {
    chunk: &'a [u8],
    chunks: slice::Iter<'a, Bytes>,
    left: usize,
}

impl Cursor<'_> {
    /// Counts within one message, which ends where `end` bytes of the request are left.
    fn count(&mut self, route: Route, end: usize) -> Result<u64, Malformed> {
        let (wanted, deeper) = route.split_first().ok_or(Malformed)?;
        let mut count = 0;
        while self.left > end {
            let tag = self.varint()?;
            match tag & 7 {
                0 => {
                    self.varint()?;
                }
                1 => self.skip(8)?,
                5 => self.skip(4)?,
                2 => {
                    let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
                    let rest = self.left.checked_sub(length).filter(|rest| *rest >= end).ok_or(Malformed)?;
                    if !wanted.contains(&(tag >> 3)) {
                        self.skip(length)?;
                    } else if deeper.is_empty() {
                        count += 1;
                        self.skip(length)?;
                    } else {
                        count += self.count(deeper, rest)?;
                    }
                }
                _ => return Err(Malformed),
            }
        }
        if self.left == end { Ok(count) } else { Err(Malformed) }
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        loop {
            if let Some((first, rest)) = self.chunk.split_first() {
                self.chunk = rest;
                self.left -= 1;
                return Ok(*first);
            }
            self.chunk = self.chunks.next().ok_or(Malformed)?;
        }
    }

    fn skip(&mut self, mut length: usize) -> Result<(), Malformed> {
        self.left = self.left.checked_sub(length).ok_or(Malformed)?;
        loop {
            if let Some(rest) = self.chunk.get(length..) {
                self.chunk = rest;
                return Ok(());
            }
            length -= self.chunk.len();
            self.chunk = self.chunks.next().ok_or(Malformed)?;
        }
    }
}
