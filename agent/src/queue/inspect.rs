//! `edgewatch queue inspect` and `edgewatch queue verify`.

use std::time::SystemTime;

use edgewatch_exporters::journal::{self, QueueReport, Verification};
use edgewatch_exporters::queue::letters::{Letters, letters, queues_at};
use serde::Serialize;

use crate::cli::InspectArguments;
use crate::table::Column::{Numbers, Words};
use crate::table::{Column, table};

/// What lies in a storage, or among dead letters, for people or programs.
///
/// # Errors
///
/// When the directory cannot be read, or holds something else.
pub fn inspect(arguments: &InspectArguments) -> anyhow::Result<String> {
    if let Some(letters) = letters(&arguments.path)? {
        return show(&letters, arguments.json);
    }
    let reports = journal::inspect(&arguments.path)?;
    if arguments.json {
        return Ok(format!("{:#}\n", serde_json::to_value(&reports)?));
    }
    let head = [
        Words("EXPORTER"),
        Words("SIGNAL"),
        Numbers("BATCHES"),
        Numbers("ITEMS"),
        Numbers("BYTES"),
        Numbers("ON DISK"),
        Numbers("SEGMENTS"),
        Numbers("QUARANTINED"),
    ];
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
    Ok(queues(&head, rows.collect()))
}

/// A table of queues, if there are any.
fn queues(head: &[Column], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() { "no queues\n".to_owned() } else { table(head, rows) }
}

/// Dead letters and why they died.
fn show(letters: &[Letters], json: bool) -> anyhow::Result<String> {
    let time = |time: SystemTime| humantime::format_rfc3339_seconds(time).to_string();
    if json {
        let report = |letters: &Letters| {
            serde_json::json!({
                "exporter": letters.exporter,
                "signal": letters.signal,
                "records": letters.records,
                "items": letters.items,
                "bytes": letters.bytes,
                "first": time(letters.first),
                "last": time(letters.last),
                "reason": letters.reason,
            })
        };
        return Ok(format!("{:#}\n", letters.iter().map(report).collect::<serde_json::Value>()));
    }
    let head = [
        Words("EXPORTER"),
        Words("SIGNAL"),
        Numbers("BATCHES"),
        Numbers("ITEMS"),
        Numbers("BYTES"),
        Numbers("FIRST"),
        Numbers("LAST"),
        Words("REASON"),
    ];
    let rows = letters.iter().map(|letters| {
        vec![
            letters.exporter.clone(),
            letters.signal.to_owned(),
            letters.records.to_string(),
            letters.items.to_string(),
            letters.bytes.to_string(),
            time(letters.first),
            time(letters.last),
            letters.reason.clone(),
        ]
    });
    Ok(queues(&head, rows.collect()))
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

/// Reads everything in a storage, or all dead letters: what was found, for people or programs, and whether nothing is damaged.
///
/// # Errors
///
/// When the directory cannot be read, or holds something else.
pub fn verify(arguments: &InspectArguments) -> anyhow::Result<(String, bool)> {
    let reports = queues_at(&arguments.path)?;
    let found = reports.iter().map(journal::verify).collect::<Result<Vec<_>, _>>()?;
    let sound = found.iter().all(Verification::is_sound);
    let pairs = reports.iter().zip(&found);
    if arguments.json {
        let verified: Vec<Verified<'_>> =
            pairs.map(|(queue, found)| Verified { queue, found, sound: found.is_sound() }).collect();
        return Ok((format!("{:#}\n", serde_json::to_value(&verified)?), sound));
    }
    let head = [
        Words("EXPORTER"),
        Words("SIGNAL"),
        Numbers("WHOLE"),
        Numbers("DAMAGED"),
        Numbers("DAMAGED BYTES"),
        Numbers("DAMAGED ACKS"),
        Numbers("UNFINISHED BYTES"),
        Words(""),
    ];
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
    Ok((queues(&head, rows.collect()), sound))
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

    #[test]
    fn a_directory_that_holds_something_else_is_no_storage() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("hosts"), "localhost").expect("writable");
        let arguments = InspectArguments { path: directory.path().to_owned(), json: false };

        for error in [inspect(&arguments).map(drop), verify(&arguments).map(drop)] {
            let error = error.expect_err("nothing to look at").to_string();
            assert!(error.contains("holds no queues; name the directory of a storage"), "{error}");
        }
    }

    #[test]
    fn dead_letters_are_listed_by_their_cause() {
        let letters = Letters {
            exporter: "otlp/a".to_owned(),
            signal: "logs",
            reason: "backend refused the request:\u{1b}[31m no such tenant".to_owned(),
            records: 3,
            items: 7,
            bytes: 420,
            first: SystemTime::UNIX_EPOCH,
            last: SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(86_400),
        };

        let listed = show(std::slice::from_ref(&letters), false).expect("a table");
        assert_eq!(
            listed,
            "EXPORTER  SIGNAL  BATCHES  ITEMS  BYTES                 FIRST                  LAST  REASON\n\
             otlp/a    logs          3      7    420  1970-01-01T00:00:00Z  1970-01-02T00:00:00Z  \
             backend refused the request: [31m no such tenant\n"
        );
        let json: serde_json::Value =
            serde_json::from_str(&show(&[letters], true).expect("JSON")).expect("JSON");
        assert_eq!((&json[0]["items"], &json[0]["last"]), (&7.into(), &"1970-01-02T00:00:00Z".into()));
    }
}
