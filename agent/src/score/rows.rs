//! A row of CSV for each row of the input.

use std::borrow::Cow;
use std::io::{self, Write};

use edgewatch_processors::anomaly::detector::{Edge, Scored};

use super::report::Row;
use super::scorer::Verdict;
use crate::text_file::csv::field;

/// Less likely rows say why.
const TELLING: f64 = 0.01;

/// The header; `series` is there when the input has several.
pub(super) fn head(series: bool, out: &mut impl Write) -> io::Result<()> {
    let last = if series { ",series" } else { "" };
    writeln!(out, "timestamp,value,score,p,event,reason{last}")
}

/// The row for `row`.
pub(super) fn row(row: &Row<'_>, out: &mut impl Write) -> io::Result<()> {
    field(row.timestamp, out)?;
    out.write_all(b",")?;
    field(row.value, out)?;
    match &row.verdict {
        Verdict::Refused(why) => {
            out.write_all(b",,,,")?;
            field(why.as_bytes(), out)?;
        }
        Verdict::Open => out.write_all(b",0,1,,")?,
        Verdict::Scored(scored) => {
            write!(out, ",{},{},{},", scored.score, Probability(scored.probability()), event(scored.event))?;
            field(reason(scored, row.time).as_bytes(), out)?;
        }
    }
    if let Some(label) = row.label {
        out.write_all(b",")?;
        field(label.as_bytes(), out)?;
    }
    out.write_all(b"\n")
}

const fn event(edge: Option<Edge>) -> &'static str {
    match edge {
        Some(Edge::Start) => "start",
        Some(Edge::End) => "end",
        None => "",
    }
}

/// What there is to say about a step.
fn reason(scored: &Scored, time: Option<u64>) -> Cow<'static, str> {
    let words = match scored.event {
        Some(Edge::End) => Cow::Borrowed("calm again"),
        None if scored.probability() > TELLING => return Cow::Borrowed(""),
        Some(Edge::Start) | None => scored.reason.to_string().into(),
    };
    if Some(scored.time) == time { words } else { format!("until {}: {words}", instant(scored.time)).into() }
}

/// Nanoseconds since 1970 as RFC 3339.
pub(super) fn instant(time: u64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(time))
        .map_or_else(|_| time.to_string(), |time| time.to_string())
}

/// A probability with as many digits as it is worth.
pub(super) struct Probability(pub(super) f64);

impl std::fmt::Display for Probability {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            p if p >= 1.0 => out.write_str("1"),
            p if p >= 1e-3 => {
                let places = (2.0 - p.log10().floor()) as usize;
                write!(out, "{p:.places$}")
            }
            p => write!(out, "{p:.2e}"),
        }
    }
}
