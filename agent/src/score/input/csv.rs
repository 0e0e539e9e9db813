//! Points out of CSV.

use std::borrow::Cow;
use std::io::{self, BufRead};

use anyhow::{Context, bail};
use edgewatch_processors::anomaly::detector::Settings;

use super::super::report::{Report, Row};
use super::super::scorer::{Scorer, Verdict};
use super::records::{Record, Records, fields};
use super::{BYTE_ORDER_MARK, time};
use crate::text_file::{Progress, Source};

/// What separates fields, the most usual first. The header shows which.
const DELIMITERS: [u8; 3] = *b",;\t";

/// Scores the rows of `source`.
pub(super) fn score(
    source: &mut Source,
    settings: &Settings,
    report: &mut Report,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    let name = source.name().to_owned();
    let mut records = Records::new(source);
    let mut record = Vec::new();
    let Some(columns) = header(&mut records, &mut record).with_context(|| format!("cannot read {name}"))?
    else {
        bail!("{name} is empty; its first line must name the columns `timestamp` and `value`");
    };
    let columns = columns.map_err(|found| {
        anyhow::anyhow!(
            "{name}, line {}: no columns `timestamp` and `value` in the header, which has {found}",
            records.line()
        )
    })?;
    report.begin(false)?;
    let mut scorer = Scorer::default();
    while let Some(shape) =
        records.next(&mut record, columns.delimiter).with_context(|| format!("cannot read {name}"))?
    {
        let (timestamp, value) = columns.of(&record);
        let row = match shape {
            Record::Whole => read(&timestamp, &value),
            Record::Unclosed => Err("a quote is not closed"),
        };
        let verdict = match row {
            Ok((time, value)) => scorer.take(settings, time, value),
            Err(why) => Verdict::refused(why),
        };
        report.row(&Row {
            line: records.line(),
            timestamp: &timestamp,
            value: &value,
            time: row.ok().map(|(time, _)| time),
            number: row.ok().map(|(_, number)| number),
            series: 0,
            label: None,
            verdict,
            anomalous: scorer.is_anomalous(),
        })?;
        if records.is_even() && records.source().is_drained() {
            report.flush()?;
        }
        progress.at(usize::try_from(report.summary.rows).unwrap_or(usize::MAX), records.bytes());
    }
    report.flush()?;
    let summary = &report.summary;
    if summary.rows == summary.refused {
        match &summary.first {
            Some((line, why)) => bail!(
                "{name}: nothing can be scored; line {line}: {why}; timestamps are {}, values are numbers",
                time::ACCEPTED
            ),
            None => bail!("{name}, line {}: nothing follows the header", records.line()),
        }
    }
    Ok(())
}

/// The point of a row.
fn read(timestamp: &[u8], value: &[u8]) -> Result<(u64, f64), &'static str> {
    let time = time::parse(timestamp)?;
    let value = value.trim_ascii();
    if value.is_empty() {
        return Err("there is no value");
    }
    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
    Ok((time, number.ok_or("the value is not a number")?))
}

/// Where the two columns are.
struct Columns {
    delimiter: u8,
    timestamp: usize,
    value: usize,
}

/// Reads the header; `None` when there is nothing at all, and what was found when it lacks a column.
fn header<R: BufRead>(
    records: &mut Records<'_, R>,
    record: &mut Vec<u8>,
) -> io::Result<Option<Result<Columns, String>>> {
    // No quote of a header reaches into the next line: the delimiter is not known yet, and none has this one.
    if records.next(record, 0)?.is_none() {
        return Ok(None);
    }
    if let Some(rest) = record.strip_prefix(BYTE_ORDER_MARK) {
        *record = rest.to_vec();
    }
    let columns = DELIMITERS.into_iter().find_map(|delimiter| {
        let at = |name: &str| {
            fields(record, delimiter)
                .position(|field| field.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
        };
        Some(Columns { delimiter, timestamp: at("timestamp")?, value: at("value")? })
    });
    Ok(Some(columns.ok_or_else(|| shown(record))))
}

/// A header as a message shows it.
fn shown(record: &[u8]) -> String {
    const MOST: usize = 100;
    let text = String::from_utf8_lossy(record.get(..4 * MOST).unwrap_or(record));
    let text: String = text.chars().take(MOST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("`{}`", text.trim())
}

impl Columns {
    /// Timestamp and value of a record, empty where it has none.
    fn of<'a>(&self, record: &'a [u8]) -> (Cow<'a, [u8]>, Cow<'a, [u8]>) {
        let (mut timestamp, mut value) = (Cow::default(), Cow::default());
        let last = self.timestamp.max(self.value);
        for (at, field) in fields(record, self.delimiter).take(last + 1).enumerate() {
            if at == self.timestamp {
                timestamp = field;
            } else if at == self.value {
                value = field;
            }
        }
        (timestamp, value)
    }
}
