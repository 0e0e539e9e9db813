//! The receiver on its lane: what is sent, what is sent again, and when positions move.

use std::fs;
use std::path::Path;
use std::time::Duration;

use edgewatch_core::batch::Batch;
use edgewatch_core::budget::Budget;
use edgewatch_core::factory::ReceiverSpec;
use edgewatch_core::receiver::{ReceiveError, Receiver};
use edgewatch_core::refusal::{Refusal, RefusalKind};
use edgewatch_core::telemetry::Registry;
use edgewatch_core::testing::{self, Recorder, reading};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::super::receiver::FileLog;
use super::bench::{body, records};
use crate::tailing::Chunk;

/// A receiver at work.
struct Running {
    task: JoinHandle<Result<(), ReceiveError>>,
    recorder: Recorder,
    stop: CancellationToken,
    registry: Registry,
}

async fn start(directory: &Path, state: &Path, budget: Budget) -> Running {
    let config = serde_json::from_value(json!({
        "include": [directory.join("*.log")],
        "start_at": "beginning",
        "poll_interval": "20ms",
        "retry_on_failure": { "initial_interval": "100ms" },
    }));
    let (mut context, registry) = testing::context("file_log");
    context.state_directory = Some(state.to_path_buf());
    context.budget = budget;
    let mut receiver = FileLog::build(config.expect("settings"), &context).expect("valid");
    receiver.open().await.expect("opens");
    let (outlets, recorder) = Recorder::outlets();
    let stop = CancellationToken::new();
    let task = tokio::spawn(Box::new(receiver).run(outlets, stop.clone()));
    Running { task, recorder, stop, registry }
}

impl Running {
    async fn next(&mut self) -> Batch {
        timeout(Duration::from_secs(30), self.recorder.next()).await.expect("in time").expect("not the end")
    }

    /// Whether nothing arrives for a long while.
    async fn is_silent(&mut self) -> bool {
        timeout(Duration::from_millis(90), self.recorder.next()).await.is_err()
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("no panic").expect("no error");
    }

    fn count(&self, name: &str) -> usize {
        reading(&self.registry, name, &[]) as usize
    }
}

fn lines(batch: &Batch) -> Vec<String> {
    let request = batch.segments().concat().into();
    records(&Chunk { request, items: batch.items(), positions: Vec::new() }).iter().map(body).collect()
}

fn directories() -> (TempDir, TempDir) {
    (TempDir::new().unwrap(), TempDir::new().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_was_not_delivered_is_read_again_after_a_kill() {
    let (logs, state) = directories();
    fs::write(logs.path().join("app.log"), "one\n").unwrap();
    let mut running = start(logs.path(), state.path(), Budget::unlimited()).await;
    assert_eq!(lines(&running.next().await), ["one"]);
    running.task.abort();
    assert!(running.task.await.unwrap_err().is_cancelled());

    let mut again = start(logs.path(), state.path(), Budget::unlimited()).await;
    let batch = again.next().await;
    assert_eq!(lines(&batch), ["one"]);
    batch.deliver();
    again.stop().await;

    let mut third = start(logs.path(), state.path(), Budget::unlimited()).await;
    assert!(third.is_silent().await);
}

#[tokio::test(start_paused = true)]
async fn the_end_closes_the_way_out_first_and_waits_for_what_was_sent() {
    let (logs, state) = directories();
    fs::write(logs.path().join("app.log"), "one\n").unwrap();
    let mut running = start(logs.path(), state.path(), Budget::unlimited()).await;
    let batch = running.next().await;

    running.stop.cancel();
    assert!(running.recorder.next().await.is_none(), "pipelines may drain");
    assert!(!running.task.is_finished(), "the receiver waits for the receipt");
    batch.deliver();
    running.task.await.unwrap().unwrap();

    let mut again = start(logs.path(), state.path(), Budget::unlimited()).await;
    assert!(again.is_silent().await);
}

#[tokio::test(start_paused = true)]
async fn the_end_does_not_wait_for_ever() {
    let (logs, state) = directories();
    fs::write(logs.path().join("app.log"), "one\n").unwrap();
    let mut running = start(logs.path(), state.path(), Budget::unlimited()).await;
    let _kept = running.next().await;

    running.stop().await;

    let mut again = start(logs.path(), state.path(), Budget::unlimited()).await;
    assert_eq!(lines(&again.next().await), ["one"]);
}

#[tokio::test(start_paused = true)]
async fn refused_lines_are_sent_again_and_nothing_new_before_them() {
    let (logs, state) = directories();
    let path = logs.path().join("app.log");
    fs::write(&path, "one\n").unwrap();
    let mut running = start(logs.path(), state.path(), Budget::unlimited()).await;
    running.next().await.refuse(&Refusal::unavailable("down"));
    fs::write(&path, "one\ntwo\n").unwrap();

    let again = running.next().await;
    assert_eq!(lines(&again), ["one"]);
    let asked = RefusalKind::Busy { retry_after: Duration::from_mins(10) };
    let before = tokio::time::Instant::now();
    again.refuse(&Refusal { kind: asked, reason: "full".into() });
    let batch =
        tokio::time::timeout(Duration::from_hours(1), running.recorder.next()).await.unwrap().unwrap();
    assert_eq!(lines(&batch), ["one"]);
    assert!(before.elapsed() >= Duration::from_mins(10), "as long as it was asked to wait");
    batch.deliver();

    let batch = running.next().await;
    assert_eq!(lines(&batch), ["two"]);
    batch.deliver();
    assert_eq!(running.count("otelcol_receiver_refused_log_records"), 2);
    assert_eq!(running.count("edgewatch_file_log_retried_records"), 2);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn lines_refused_for_good_are_counted_and_left_behind() {
    let (logs, state) = directories();
    let path = logs.path().join("app.log");
    fs::write(&path, "one\n").unwrap();
    let mut running = start(logs.path(), state.path(), Budget::unlimited()).await;
    running.next().await.refuse(&Refusal::permanent("never"));
    fs::write(&path, "one\ntwo\n").unwrap();

    let batch = running.next().await;
    assert_eq!(lines(&batch), ["two"]);
    batch.deliver();
    assert_eq!(running.count("edgewatch_file_log_dropped_records"), 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn while_the_destination_is_full_rotation_is_followed_and_nothing_is_read() {
    let (logs, state) = directories();
    let path = logs.path().join("app.log");
    fs::write(&path, "one\n").unwrap();
    let mut running = start(logs.path(), state.path(), Budget::unlimited()).await;
    running.recorder.refuse(Some(Refusal::busy("full")));
    assert!(running.is_silent().await);
    fs::rename(&path, logs.path().join("app.log.1")).unwrap();
    fs::write(&path, "two\n").unwrap();
    assert!(running.is_silent().await);

    running.recorder.refuse(None);
    let mut read = Vec::new();
    while read.len() < 2 {
        let batch = running.next().await;
        read.extend(lines(&batch));
        batch.deliver();
    }
    read.sort();
    assert_eq!(read, ["one", "two"]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_is_bounded() {
    let (logs, state) = directories();
    fs::write(logs.path().join("app.log"), "0123456789\n".repeat(1_000_000)).unwrap();
    let mut running = start(logs.path(), state.path(), Budget::unlimited()).await;
    let mut held = Vec::new();
    while let Ok(Some(batch)) = timeout(Duration::from_secs(10), running.recorder.next()).await {
        held.push(batch);
    }
    let bytes: usize = held.iter().map(Batch::bytes).sum();
    assert!((7 << 20..10 << 20).contains(&bytes), "{bytes}");

    let mut records: usize = held.iter().map(Batch::items).sum();
    held.into_iter().for_each(Batch::deliver);
    while records < 1_000_000 {
        let batch = running.next().await;
        records += batch.items();
        batch.deliver();
    }
    assert_eq!(records, 1_000_000);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_memory_of_the_agent_is_waited_for() {
    let (logs, state) = directories();
    fs::write(logs.path().join("app.log"), "one\n").unwrap();
    let budget = Budget::new(1000);
    let taken = budget.lease(1000).unwrap();
    let mut running = start(logs.path(), state.path(), budget).await;
    assert!(running.is_silent().await);

    drop(taken);
    running.next().await.deliver();
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_place_for_state_lines_are_read_all_the_same() {
    let (logs, state) = directories();
    fs::write(logs.path().join("app.log"), "one\n").unwrap();
    let no_directory = state.path().join("file");
    fs::write(&no_directory, "").unwrap();
    let mut running = start(logs.path(), &no_directory, Budget::unlimited()).await;
    running.next().await.deliver();
    running.stop().await;
}
