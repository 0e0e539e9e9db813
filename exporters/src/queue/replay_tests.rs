use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::config::ByteSize;
use edgewatch_core::delivery::DeadLetterSettings;
use edgewatch_core::refusal::Refusal;
use edgewatch_core::storage::Storage;
use edgewatch_core::telemetry::Telemetry;

use super::dead_letter::{DeadLetters, boxes};
use super::letters::{letters, queues_at};
use super::replay::{Progress, ReplayError, replay};
use super::tests::{Deed, Scripted, Shared};
use crate::journal::{Journals, Options};
use crate::otlp::testing::batch_for;

fn destination(script: impl IntoIterator<Item = Deed>) -> (Shared, Arc<Scripted>) {
    let scripted = Arc::new(Scripted::new(script, Duration::ZERO));
    (Shared(Arc::clone(&scripted)), scripted)
}

/// Keeps letters of so many spans each; returns the keeper, which holds the last box.
async fn bury(directory: &Path, letters: &[usize]) -> DeadLetters {
    let settings = DeadLetterSettings {
        directory: directory.to_string_lossy().into_owned(),
        max_size: ByteSize::mib(1),
    };
    let keeper = DeadLetters::new(&settings, "otlp", &Telemetry::default()).expect("made");
    for spans in letters {
        keeper.keep(&batch_for(1, *spans, Ack::none()), &Refusal::permanent("because")).await;
    }
    keeper
}

/// A storage with the queue of an agent that has stopped.
async fn stopped_agent(directory: &Path, records: &[usize]) {
    let storage = Journals::open(directory, Options::default()).expect("free");
    let queue = storage.queue("otlp_grpc/a", Signal::Traces, &Telemetry::default()).expect("opens");
    for spans in records {
        let (ack, mut receipt) = Ack::pair(None);
        queue.append(batch_for(1, *spans, ack));
        receipt.delivered().await.expect("written");
    }
}

#[tokio::test]
async fn a_queue_that_no_exporter_uses_is_sent_from_elsewhere_while_the_agent_runs() {
    let root = tempfile::tempdir().expect("a directory");
    let (storage, aside) = (root.path().join("storage"), root.path().join("aside"));
    stopped_agent(&storage, &[1, 2]).await;
    let running = Journals::open(&storage, Options::default()).expect("free");
    let _used = running.queue("otlp_grpc/b", Signal::Traces, &Telemetry::default()).expect("opens");
    let unclaimed = running.idle();
    assert_eq!(
        unclaimed.iter().map(|queue| (&*queue.exporter, queue.items)).collect::<Vec<_>>(),
        [("otlp_grpc/a", 3)]
    );

    std::fs::create_dir(&aside).expect("made");
    let from = &unclaimed[0].directory;
    std::fs::rename(from, aside.join(from.file_name().expect("a name"))).expect("moved");
    let (exporter, seen) = destination([]);
    replay(&aside, &exporter, |_| {}).await.expect("sent");
    assert_eq!(seen.attempts(), [1, 2]);
    assert_eq!(running.idle(), Vec::new());
}

#[tokio::test]
async fn dead_letters_that_are_taken_are_gone() {
    let root = tempfile::tempdir().expect("a directory");
    bury(root.path(), &[1, 2]).await.close().await;
    let (exporter, seen) = destination([]);
    let mut reports = Vec::new();

    let progress =
        replay(root.path(), &exporter, |progress| reports.push(progress.sent)).await.expect("sent");

    assert_eq!(progress, Progress { found: 3, sent: 3, ..Progress::default() });
    assert_eq!(reports, [0, 1, 3]);
    assert_eq!(seen.attempts(), [1, 2]);
    let taken: Vec<u8> = seen.taken.lock().expect("lock").first().expect("a request").to_vec();
    assert_eq!(taken, batch_for(1, 1, Ack::none()).segments().concat(), "without the note");
    assert!(boxes(root.path()).expect("a directory").is_empty());
    let again = replay(root.path(), &exporter, |_| {}).await.expect("nothing is no failure");
    assert_eq!(again, Progress::default());
}

#[tokio::test]
async fn letters_can_be_looked_at_by_their_cause() {
    let root = tempfile::tempdir().expect("a directory");
    assert_eq!(letters(root.path()).expect("readable"), None, "nothing died");
    let keeper = bury(root.path(), &[1, 2]).await;
    keeper.close().await;
    keeper.keep(&batch_for(1, 4, Ack::none()), &Refusal::permanent("another cause")).await;

    let found = letters(root.path()).expect("also in a box that the agent fills").expect("letters");

    let told: Vec<_> =
        found.iter().map(|letters| (letters.reason.as_str(), letters.records, letters.items)).collect();
    assert_eq!(told, [("another cause", 1, 4), ("because", 2, 3)]);
    assert!(found.iter().all(|letters| letters.exporter == "otlp" && letters.first <= letters.last));
    let bytes = batch_for(1, 4, Ack::none()).bytes() as u64;
    assert_eq!(found.first().expect("a cause").bytes, bytes, "without the note");
    assert_eq!(queues_at(root.path()).expect("readable").len(), 2, "one for each box");
}

#[tokio::test]
async fn a_box_that_the_agent_fills_is_left_alone() {
    let root = tempfile::tempdir().expect("a directory");
    bury(root.path(), &[1]).await.close().await;
    let _agent = bury(root.path(), &[2]).await;
    let (exporter, seen) = destination([]);

    let progress = replay(root.path(), &exporter, |_| {}).await.expect("sent");

    assert_eq!((progress.sent, progress.in_use.len()), (1, 1));
    assert_eq!(seen.attempts(), [1]);
    assert_eq!(boxes(root.path()).expect("a directory"), progress.in_use);
}

#[tokio::test]
async fn what_is_refused_again_is_kept() {
    let root = tempfile::tempdir().expect("a directory");
    bury(root.path(), &[1, 2, 3]).await.close().await;
    let (exporter, _) = destination([Deed::Take, Deed::Reject]);

    let progress = replay(root.path(), &exporter, |_| {}).await.expect("sent");
    assert_eq!((progress.found, progress.sent, progress.refused), (6, 4, 2));
    assert_eq!(progress.reason, "there refused the request: because");

    let (exporter, seen) = destination([]);
    replay(root.path(), &exporter, |_| {}).await.expect("sent");
    assert_eq!(seen.attempts(), [2]);
}

#[tokio::test]
async fn the_queue_of_a_stopped_agent_is_sent_and_an_interruption_loses_nothing() {
    let root = tempfile::tempdir().expect("a directory");
    stopped_agent(root.path(), &[1, 2, 3]).await;
    let (exporter, _) = destination([Deed::Take, Deed::Hang]);
    let interrupted =
        tokio::time::timeout(Duration::from_millis(500), replay(root.path(), &exporter, |_| {})).await;
    assert!(interrupted.is_err());

    let (exporter, seen) = destination([Deed::FindTooLarge]);
    let progress = replay(root.path(), &exporter, |_| {}).await.expect("sent");

    assert_eq!(seen.attempts(), [2, 1, 1, 3]);
    assert_eq!(progress.sent, 5);
}

#[tokio::test]
async fn the_queue_of_a_running_agent_is_left_alone() {
    let root = tempfile::tempdir().expect("a directory");
    stopped_agent(root.path(), &[1]).await;
    let _agent = Journals::open(root.path(), Options::default()).expect("free");
    let (exporter, _) = destination([]);

    let error = replay(root.path(), &exporter, |_| {}).await.expect_err("in use").to_string();

    assert!(error.contains(&std::process::id().to_string()), "it names the process: {error}");
}

#[tokio::test]
async fn something_else_is_not_touched() {
    let root = tempfile::tempdir().expect("a directory");
    std::fs::write(root.path().join("file"), "").expect("written");
    let (exporter, _) = destination([]);

    let error = replay(root.path(), &exporter, |_| {}).await.expect_err("nothing there");
    assert!(matches!(error, ReplayError::Nothing(_)), "{error}");
    let error = replay(&root.path().join("missing"), &exporter, |_| {}).await.expect_err("not there");
    assert!(matches!(error, ReplayError::Read { .. }), "{error}");
    assert_eq!(std::fs::read_dir(root.path()).expect("a directory").count(), 1);
}
