use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::config::ByteSize;
use edgewatch_core::delivery::DeadLetterSettings;
use edgewatch_core::refusal::Refusal;
use edgewatch_core::storage::{Storage, StoredQueue};
use edgewatch_core::telemetry::{Registry, Telemetry};
use edgewatch_core::testing::reading;

use super::boxes::size;
use super::{DeadLetters, Note, boxes};
use crate::journal::{Journals, Options};
use crate::otlp::testing::batch_for;

fn letters(directory: &Path, max_size: ByteSize) -> (DeadLetters, Registry) {
    let registry = Registry::default();
    let settings = DeadLetterSettings { directory: directory.to_string_lossy().into_owned(), max_size };
    let letters = DeadLetters::new(&settings, "otlp/a", &Telemetry::new(registry.clone())).expect("made");
    (letters, registry)
}

fn queue(path: &Path) -> Arc<dyn StoredQueue> {
    let storage = Journals::open(path, Options::default()).expect("nobody holds it");
    storage.queue("otlp/a", Signal::Traces, &Telemetry::default()).expect("opens")
}

#[tokio::test]
async fn a_letter_is_kept_with_its_reason_and_time() {
    let root = tempfile::tempdir().expect("a directory");
    let directory = root.path().join("letters");
    let (letters, registry) = letters(&directory, ByteSize::mib(1));
    let batch = batch_for(2, 3, Ack::none());

    letters.keep(&batch, &Refusal::permanent("because")).await;
    letters.close().await;

    assert_eq!(reading(&registry, "edgewatch_exporter_dead_letter_items", &[]), 6.0);
    let boxes = boxes(&directory).expect("a directory");
    let [path] = boxes.as_slice() else { panic!("one box: {boxes:?}") };
    let queue = queue(path);
    let stored = queue.consumer().await.next().await;
    let (segments, note) = Note::take(&stored.segments);
    let note = note.expect("a note");
    assert_eq!(note.reason, "because");
    assert!(note.time.elapsed().expect("past") < Duration::from_secs(60));
    let kept: Vec<u8> = segments.iter().flatten().copied().collect();
    assert_eq!(kept, batch.segments().iter().flatten().copied().collect::<Vec<u8>>());
    assert_eq!(stored.items, 6);
}

#[tokio::test]
async fn two_exporters_may_share_a_directory() {
    let root = tempfile::tempdir().expect("a directory");
    let (first, _) = letters(root.path(), ByteSize::mib(1));
    let (second, registry) = letters(root.path(), ByteSize::mib(1));

    first.keep(&batch_for(1, 1, Ack::none()), &Refusal::permanent("because")).await;
    second.keep(&batch_for(1, 2, Ack::none()), &Refusal::permanent("because")).await;

    assert_eq!(reading(&registry, "edgewatch_exporter_dead_letter_items", &[]), 2.0);
    assert_eq!(boxes(root.path()).expect("a directory").len(), 2);
}

#[tokio::test]
async fn the_oldest_letters_make_room_and_are_counted() {
    let root = tempfile::tempdir().expect("a directory");
    let limit = 512 << 10;
    let (letters, registry) = letters(root.path(), ByteSize::bytes(limit));
    let mut boxes_seen = 0;
    // The first box holds more than one letter, in one file.
    letters.keep(&batch_for(1, 1, Ack::none()), &Refusal::permanent("because")).await;
    letters.keep(&batch_for(1, 1, Ack::none()), &Refusal::permanent("because")).await;
    let first = boxes(root.path()).expect("a directory").remove(0).join("otlp%2fa.traces");
    let files = std::fs::read_dir(first).expect("a queue").flatten();
    assert_eq!(files.filter(|file| file.file_name().to_string_lossy().ends_with(".seg")).count(), 1);
    for _ in 0..40 {
        letters.keep(&batch_for(10, 1000, Ack::none()), &Refusal::permanent("because")).await;
        boxes_seen = boxes_seen.max(boxes(root.path()).expect("a directory").len());
    }
    letters.close().await;

    assert!(boxes_seen > 1);
    let left: u64 = boxes(root.path()).expect("a directory").iter().map(|path| size(path)).sum();
    assert!(left <= limit + (limit / 2), "{left}");
    assert!(reading(&registry, "edgewatch_exporter_dead_letter_dropped", &[]) > 0.0);
    assert_eq!(reading(&registry, "edgewatch_exporter_dead_letter_lost_items", &[]), 0.0);
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_named() {
    let root = tempfile::tempdir().expect("a directory");
    let file = root.path().join("file");
    std::fs::write(&file, "").expect("written");
    let settings = DeadLetterSettings {
        directory: file.join("below").to_string_lossy().into_owned(),
        max_size: ByteSize::mib(1),
    };

    let error =
        DeadLetters::new(&settings, "otlp", &Telemetry::default()).err().expect("refused").to_string();

    assert!(error.contains("file/below") && error.contains("may write"), "{error}");
}
