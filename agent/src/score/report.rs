//! What is told of every row, and to whom.

use std::io::{self, Write};

use super::picture::Pictures;
use super::rows;
use super::scorer::Verdict;
use super::summary::Summary;

/// A row of the input and what is said about it.
#[derive(Clone, Debug)]
pub(super) struct Row<'a> {
    /// The line of the input that it stands in, from 1.
    pub(super) line: u64,
    /// The timestamp as written.
    pub(super) timestamp: &'a [u8],
    /// The value as written.
    pub(super) value: &'a [u8],
    /// Nanoseconds since 1970, where that can be told.
    pub(super) time: Option<u64>,
    /// The number, where it is one.
    pub(super) number: Option<f64>,
    /// Number of the series, from 0 in the order in which they came.
    pub(super) series: usize,
    /// Its name, where there are several.
    pub(super) label: Option<&'a str>,
    /// What is said about it.
    pub(super) verdict: Verdict,
    /// Whether an event is on, after it.
    pub(super) anomalous: bool,
}

/// Who listens.
pub(super) struct Report {
    /// Rows of CSV, if they are wanted.
    pub(super) rows: Option<Box<dyn Write>>,
    /// Pictures, if they are wanted.
    pub(super) pictures: Option<Pictures>,
    /// What is said at the end.
    pub(super) summary: Summary,
}

impl Report {
    /// Before the first row; `series` when there may be several of them.
    pub(super) fn begin(&mut self, series: bool) -> io::Result<()> {
        self.rows.as_mut().map_or(Ok(()), |out| rows::head(series, out))
    }

    /// Tells of a row.
    pub(super) fn row(&mut self, row: &Row<'_>) -> io::Result<()> {
        self.summary.note(row);
        if let (Some(pictures), Some(time), Some(value)) = (&mut self.pictures, row.time, row.number) {
            match &row.verdict {
                Verdict::Refused(_) => {}
                Verdict::Open => pictures.add(row, time, value, 0.0),
                Verdict::Scored(scored) => pictures.add(row, time, value, scored.score),
            }
        }
        self.rows.as_mut().map_or(Ok(()), |out| rows::row(row, out))
    }

    /// Hands on what was told so far.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.rows.as_mut().map_or(Ok(()), Write::flush)
    }
}
