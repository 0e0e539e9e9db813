//! JVMs, for people.

use std::fmt::Write as _;
use std::time::Duration;

use super::row::{Note, Row};
use crate::table::Column::{Numbers, Words};
use crate::table::table;

/// A table of JVMs, and below it what is missing in it and why.
pub(super) fn text(rows: &[Row], beyond: usize) -> String {
    let mut text = if rows.is_empty() {
        "no JVMs\n".to_owned()
    } else {
        let head = [
            Numbers("PID"),
            Words("NAME"),
            Words("USER"),
            Words("VERSION"),
            Words("COLLECTOR"),
            Numbers("UPTIME"),
            Numbers("HEAP USED"),
            Numbers("COMMITTED"),
            Numbers("LIMIT"),
            Numbers("GCS"),
            Numbers("GC TIME"),
            Numbers("THREADS"),
            Words("READ"),
        ];
        table(&head, rows.iter().map(cells).collect())
    };
    text.push_str(&notes(rows));
    if beyond > 0 {
        // Writing to a string does not fail.
        let _ = writeln!(text, "\n{beyond} processes were not looked at: there are more than are remembered");
    }
    text
}

fn cells(row: &Row) -> Vec<String> {
    let or = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let words = |value: &Option<String>| or(value.clone());
    let number = |value: Option<u64>| or(value.map(|value| value.to_string()));
    let size = |value: Option<u64>| or(value.map(size));
    vec![
        row.pid.to_string(),
        words(&row.name),
        words(&row.user),
        words(&row.version),
        or(row.collector.map(ToOwned::to_owned)),
        or(row.uptime_seconds.map(uptime)),
        size(row.heap_used_bytes),
        size(row.heap_committed_bytes),
        size(row.heap_limit_bytes),
        number(row.gc_count),
        or(row.gc_seconds.map(|seconds| format!("{seconds:.3} s"))),
        number(row.threads),
        or(row.read.map(ToOwned::to_owned)),
    ]
}

/// What is missing, each reason once with the JVMs that it is true of.
fn notes(rows: &[Row]) -> String {
    let mut notes: Vec<(&Note, Vec<String>)> = Vec::new();
    for row in rows {
        for note in &row.missing {
            let pid = row.pid.to_string();
            match notes.iter_mut().find(|(known, _)| *known == note) {
                Some((_, pids)) => pids.push(pid),
                None => notes.push((note, vec![pid])),
            }
        }
    }
    let mut text = String::new();
    for (index, (Note { what, why, way_out }, pids)) in notes.iter().enumerate() {
        if index == 0 {
            text.push_str("\nMissing:\n");
        }
        let line = format!("{what} of {}: {why}; {way_out}", pids.join(", "));
        let _ = writeln!(text, "  {}", line.replace(char::is_control, " "));
    }
    text
}

/// Bytes with three digits.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = bytes as f64 / 1024.0;
    let mut units = UNITS.iter();
    let mut unit = units.next().unwrap_or(&"KiB");
    while value >= 1000.0 {
        let Some(next) = units.next() else { break };
        (value, unit) = (value / 1024.0, next);
    }
    let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.decimals$} {unit}")
}

/// A time in its two largest units.
fn uptime(seconds: u64) -> String {
    let text = humantime::format_duration(Duration::from_secs(seconds)).to_string();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}
