//! Points out of files: CSV or OTLP JSON lines.

mod csv;
mod label;
mod otlp;
mod records;
mod time;

use std::io::{self, BufRead};

use edgewatch_processors::anomaly::detector::Settings;

use super::cli::Format;
use super::report::Report;
use crate::text_file::{Progress, Source};

#[cfg(test)]
pub(super) use self::{records::Records, records::fields, time::parse};

/// What the first character says the input is.
pub(super) fn format(source: &mut Source) -> io::Result<Format> {
    let start = source.fill_buf()?;
    let start = start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(start).trim_ascii_start();
    Ok(if start.first() == Some(&b'{') { Format::Otlp } else { Format::Csv })
}

/// What some editors put in front of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Scores everything in `source` and reports it.
///
/// # Errors
///
/// When the input cannot be read, nothing in it can be used, or the report cannot be written.
pub(super) fn score(
    source: &mut Source,
    format: Format,
    settings: &Settings,
    report: &mut Report,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    match format {
        Format::Csv => csv::score(source, settings, report, progress),
        Format::Otlp => otlp::score(source, settings, report, progress),
    }
}
