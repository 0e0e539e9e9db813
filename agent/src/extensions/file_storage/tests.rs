//! What users may write, and what they are told.

use std::collections::HashSet;
use std::path::Path;

use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::{Duration, ProcessEnvironment, load};
use edgewatch_core::extension::Extension;
use edgewatch_core::factory::{ComponentConfig, ExtensionSpec};
use edgewatch_core::storage::Storage;
use edgewatch_core::telemetry::Telemetry;
use edgewatch_core::testing::context;
use edgewatch_exporters::journal::{Journals, Options};

use super::FileStorage;
use super::config::{Config, Fsync};
use super::extension::file_name;
use super::unclaimed::look;

fn config(json: serde_json::Value) -> Config {
    serde_json::from_value(json).expect("settings")
}

fn extension(directory: &Path, timeout: u64) -> FileStorage {
    let (context, _) = context("file_storage");
    let directory = directory.to_string_lossy().into_owned();
    let config = Config { directory, timeout: Duration::from_millis(timeout), ..Config::default() };
    FileStorage::build(config, &context).expect("valid")
}

#[test]
fn fsync_is_written_as_in_the_collector_or_by_name() {
    for (written, meant) in [
        (serde_json::json!(true), Fsync::Always),
        (serde_json::json!("always"), Fsync::Always),
        (serde_json::json!(false), Fsync::Interval),
        (serde_json::json!("interval"), Fsync::Interval),
    ] {
        assert_eq!(config(serde_json::json!({"fsync": written})).fsync, meant);
    }
    assert_eq!(Config::default().fsync, Fsync::Always);
}

#[test]
fn a_configuration_of_the_collector_is_taken_as_it_is() {
    let text = "{extensions: {file_storage: {directory: /var/lib/otelcol, timeout: 10s, fsync: true, recreate: true, \
                max_size: 1073741824, create_directory: true, directory_permissions: \"0700\", compaction: {on_start: true, \
                on_rebound: true, directory: /tmp, rebound_needed_threshold_mib: 5, rebound_trigger_threshold_mib: 3, \
                max_transaction_size: 65_536, check_interval: 5s, cleanup_on_start: true}}}}";
    let mut loaded = load(&[("a.yaml".to_owned(), text.to_owned())], &[], &ProcessEnvironment);
    let mut problems = std::mem::take(&mut loaded.problems);
    let node = loaded.root.get("extensions").and_then(|node| node.get("file_storage")).expect("written");
    let factory = edgewatch_core::factory::ExtensionFactory::of::<FileStorage>();
    let prepared = factory.prepare(node, "extensions.file_storage", &mut problems);
    assert!(prepared.is_some(), "{}", problems.render(&loaded.sources, false));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for (settings, key) in [
        (serde_json::json!({"directory_permissions": "rwx"}), "directory_permissions"),
        (serde_json::json!({"max_size": "10KiB"}), "max_size"),
        (serde_json::json!({"fsync": false, "fsync_interval": "0s"}), "fsync_interval"),
    ] {
        let error = config(settings).validate().expect_err(key);
        assert!(error.to_string().contains(key), "{error}");
    }
    Config::default().validate().expect("valid");
}

#[test]
fn every_id_has_a_directory_of_its_own() {
    assert_eq!(file_name("file_storage"), "file_storage");
    assert_eq!(file_name("file_storage/a b"), "file_storage~002Fa~0020b");
}

#[tokio::test]
async fn the_directory_is_made_and_held() {
    let root = tempfile::tempdir().expect("a directory");
    let directory = root.path().join("a").join("b");
    let mut first = extension(&directory, 0);
    first.open().await.expect("made");
    assert!(first.offers().storage.is_some());

    let error = extension(&directory, 100).open().await.expect_err("held").to_string();

    assert!(error.contains(&*directory.to_string_lossy()), "{error}");
    assert!(error.contains(&std::process::id().to_string()), "it names the process: {error}");
}

#[tokio::test]
async fn a_directory_that_is_let_go_of_in_time_is_waited_for() {
    let root = tempfile::tempdir().expect("a directory");
    let mut first = extension(root.path(), 0);
    first.open().await.expect("free");
    let mut second = extension(root.path(), 60_000);
    let opening = tokio::spawn(async move { second.open().await });

    drop(first);

    opening.await.expect("no panic").expect("let go of");
}

#[tokio::test]
async fn what_cannot_be_used_is_named_with_a_way_out() {
    let root = tempfile::tempdir().expect("a directory");
    let file = root.path().join("file");
    std::fs::write(&file, "text").expect("written");

    let error = extension(&file.join("below"), 0).open().await.expect_err("a file is in the way").to_string();
    assert!(error.contains("file/below") && error.contains("--state-directory"), "{error}");

    let mut strict = extension(&root.path().join("missing"), 0);
    strict.config.create_directory = false;
    let error = strict.open().await.expect_err("missing").to_string();
    assert!(error.contains("create_directory: true"), "{error}");
}

#[tokio::test]
async fn queues_that_no_exporter_uses_are_told_of_once() {
    let root = tempfile::tempdir().expect("a directory");
    let storage = Journals::open(root.path(), Options::default()).expect("free");
    for owner in ["gone", "stays"] {
        let queue = storage.queue(owner, Signal::Logs, &Telemetry::default()).expect("a queue");
        let (ack, mut receipt) = Ack::pair(None);
        queue.append(Batch::new(Signal::Logs, vec![1; 9].into(), 1, ack));
        receipt.delivered().await.expect("there is room");
    }
    drop(storage);

    let storage = Journals::open(root.path(), Options::default()).expect("free");
    let used = storage.queue("stays", Signal::Logs, &Telemetry::default()).expect("a queue");
    let mut told = HashSet::new();
    let mut tell = || {
        let found = look(&storage, &mut told).expect("readable");
        found.into_iter().map(|queue| queue.exporter).collect::<Vec<_>>()
    };
    assert_eq!(tell(), ["gone"]);
    assert!(tell().is_empty());
    // As a reload does it.
    drop(used);
    assert_eq!(tell(), ["stays"]);
}
