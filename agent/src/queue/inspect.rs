//! `edgewatch queue inspect` and `edgewatch queue verify`.

use std::fmt::Write as _;

use edgewatch_exporters::journal::{self, QueueReport, Verification};
use serde::Serialize;

use crate::cli::InspectArguments;

/// What lies in a storage, for people or programs.
///
/// # Errors
///
/// When the directory cannot be read, or holds something else.
pub fn inspect(arguments: &InspectArguments) -> anyhow::Result<String> {
    let reports = journal::inspect(&arguments.path)?;
    if arguments.json {
        return Ok(format!("{:#}\n", serde_json::to_value(&reports)?));
    }
    let head = ["EXPORTER", "SIGNAL", "BATCHES", "ITEMS", "BYTES", "ON DISK", "SEGMENTS", "QUARANTINED"];
    let rows = reports.iter().map(|report| {
        vec![
            report.exporter.clone(),
            report.signal.to_owned(),
            report.records.to_string(),
            report.items.to_string(),
            report.bytes.to_string(),
            report.disk_bytes.to_string(),
            report.segments.to_string(),
            report.quarantined_segments.to_string(),
        ]
    });
    Ok(table(&head, rows.collect()))
}

/// A queue and what was found in it.
#[derive(Serialize)]
struct Verified<'a> {
    #[serde(flatten)]
    queue: &'a QueueReport,
    #[serde(flatten)]
    found: &'a Verification,
    sound: bool,
}

/// Reads everything in a storage: what was found, for people or programs, and whether nothing is damaged.
///
/// # Errors
///
/// When the directory cannot be read, or holds something else.
pub fn verify(arguments: &InspectArguments) -> anyhow::Result<(String, bool)> {
    let reports = journal::inspect(&arguments.path)?;
    let found = reports.iter().map(journal::verify).collect::<Result<Vec<_>, _>>()?;
    let sound = found.iter().all(Verification::is_sound);
    let pairs = reports.iter().zip(&found);
    if arguments.json {
        let verified: Vec<Verified<'_>> =
            pairs.map(|(queue, found)| Verified { queue, found, sound: found.is_sound() }).collect();
        return Ok((format!("{:#}\n", serde_json::to_value(&verified)?), sound));
    }
    let head =
        ["EXPORTER", "SIGNAL", "WHOLE", "DAMAGED", "DAMAGED BYTES", "DAMAGED ACKS", "UNFINISHED BYTES", ""];
    let rows = pairs.map(|(report, found)| {
        vec![
            report.exporter.clone(),
            report.signal.to_owned(),
            found.whole_records.to_string(),
            found.damaged_records.to_string(),
            found.damaged_bytes.to_string(),
            found.damaged_acknowledgements.to_string(),
            found.unfinished_bytes.to_string(),
            if found.is_sound() { "sound" } else { "damaged" }.to_owned(),
        ]
    });
    Ok((table(&head, rows.collect()), sound))
}

/// Columns as wide as what is in them: words to the left, numbers to the right.
fn table(head: &[&str], mut rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return "no queues\n".to_owned();
    }
    rows.insert(0, head.iter().map(|&title| title.to_owned()).collect());
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let words = column < 2 || head.get(column).is_some_and(|title| title.is_empty());
            // Writing to a string does not fail.
            let _ = if words { write!(line, "{cell:<width$}  ") } else { write!(line, "{cell:>width$}  ") };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use bytes::Bytes;
    use edgewatch_core::Signal;
    use edgewatch_core::ack::Ack;
    use edgewatch_core::batch::Batch;
    use edgewatch_core::storage::Storage;
    use edgewatch_core::telemetry::Telemetry;
    use edgewatch_exporters::journal::{Journals, Options};

    use super::*;

    #[tokio::test]
    async fn queues_are_listed_and_damage_in_them_is_found() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().to_owned();
        let mut arguments = InspectArguments { path: path.clone(), json: false };
        assert_eq!(inspect(&arguments).expect("readable"), "no queues\n");
        {
            let storage = Journals::open(&path, Options::default()).expect("the directory is free");
            let queue = storage.queue("otlp/a", Signal::Logs, &Telemetry::default()).expect("a queue");
            for n in 1..=3 {
                let (ack, mut receipt) = Ack::pair(None);
                queue.append(Batch::new(Signal::Logs, Bytes::from(vec![n; 50]), 2, ack));
                receipt.delivered().await.expect("there is room");
            }
            let consumer = Arc::clone(&queue).consumer().await;
            consumer.settle(consumer.next().await.id).await;
            // Also while an agent is using it.
            assert!(
                inspect(&arguments).expect("readable").contains("otlp/a    logs          2      4    100")
            );
        }
        let listed = inspect(&arguments).expect("readable");
        assert!(
            listed.starts_with("EXPORTER  SIGNAL  BATCHES  ITEMS  BYTES  ON DISK  SEGMENTS  QUARANTINED\n"),
            "{listed}"
        );
        let (verified, sound) = verify(&arguments).expect("readable");
        assert!(
            sound
                && verified.ends_with(
                    "otlp/a    logs        2        0              0             0                 0  sound\n"
                ),
            "{verified}"
        );

        let segment = path.join("otlp%2fa.logs").join("0000000000-0000000000000000.seg");
        let mut bytes = fs::read(&segment).expect("readable");
        let last = bytes.len() - 10;
        bytes[last] ^= 1;
        fs::write(&segment, bytes).expect("writable");
        arguments.json = true;
        let (report, sound) = verify(&arguments).expect("readable");
        assert!(!sound);
        let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
        assert_eq!(report[0]["exporter"], "otlp/a");
        assert_eq!((&report[0]["whole_records"], &report[0]["sound"]), (&1.into(), &false.into()));
    }
}
