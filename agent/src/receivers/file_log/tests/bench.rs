//! A tailer over a temporary directory, with time in the test's hands.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use edgewatch_core::telemetry::{Registry, Telemetry};
use edgewatch_core::testing::reading;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;
use serde_json::json;
use tempfile::TempDir;

use super::super::config::Config;
use super::super::lines::Lines;
use crate::tailing::{Chunk, FileId, FileTelemetry, Position, Step, Store, Tailer, telemetry_names};

/// A directory for logs, one for state, and a tailer.
pub(super) struct Bench {
    directory: TempDir,
    state: TempDir,
    config: Config,
    pub(super) tailer: Tailer<Lines>,
    registry: Registry,
    pub(super) now: Instant,
    pub(super) open_limit: usize,
    /// Delivered, and to be told with the next step.
    delivered: Vec<(FileId, Position)>,
}

impl Bench {
    /// Follows `*.log` in the directory from the beginning, with `settings` over that.
    pub(super) fn new(settings: serde_json::Value) -> Self {
        let directory = TempDir::new().expect("a directory");
        let state = TempDir::new().expect("a directory");
        let mut keys = json!({
            "include": [directory.path().join("*.log")],
            "start_at": "beginning",
        });
        let serde_json::Value::Object(settings) = settings else { panic!("settings are a map") };
        for (key, value) in settings {
            let globs = value.as_array().filter(|list| list.iter().all(serde_json::Value::is_string));
            // Globs are meant below the directory.
            let below = |glob: &serde_json::Value| json!(directory.path().join(glob.as_str().unwrap()));
            keys[key] = globs.map(|globs| globs.iter().map(below).collect()).unwrap_or(value.clone());
        }
        let config: Config = serde_json::from_value(keys).expect("settings");
        let registry = Registry::default();
        let tailer = tailer(&config, state.path(), &registry, 1000);
        Self {
            directory,
            state,
            config,
            tailer,
            registry,
            now: Instant::now(),
            open_limit: 1000,
            delivered: Vec::new(),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn append(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        let file = OpenOptions::new().append(true).create(true).open(path);
        file.expect("open").write_all(text.as_ref()).expect("write");
    }

    pub(super) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).expect("rename");
    }

    pub(super) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).expect("remove");
    }

    pub(super) fn copy(&self, from: &str, to: &str) {
        fs::copy(self.path(from), self.path(to)).expect("copy");
    }

    pub(super) fn truncate(&self, name: &str) {
        File::options().write(true).open(self.path(name)).expect("open").set_len(0).expect("truncate");
    }

    /// One step without delivery.
    pub(super) fn step(&mut self, room: usize) -> (Vec<Chunk>, bool) {
        let delivered = std::mem::take(&mut self.delivered);
        let step = Step { now: self.now, wall: SystemTime::now(), room, delivered };
        let stepped = self.tailer.step(step);
        (stepped.chunks, stepped.more)
    }

    /// From now on `chunks` are delivered.
    pub(super) fn deliver(&mut self, chunks: Vec<Chunk>) {
        self.delivered.extend(chunks.into_iter().flat_map(|chunk| chunk.positions));
    }

    /// Lets `time` pass, then polls until there is nothing more; everything is delivered.
    pub(super) fn poll_after(&mut self, time: Duration) -> Vec<String> {
        self.records_after(time).iter().map(body).collect()
    }

    pub(super) fn records_after(&mut self, time: Duration) -> Vec<LogRecord> {
        self.now += time;
        let mut found = Vec::new();
        loop {
            let (chunks, more) = self.step(usize::MAX);
            found.extend(chunks.iter().flat_map(records));
            self.deliver(chunks);
            if !more {
                return found;
            }
        }
    }

    /// The next poll, in which directories are looked at, too.
    pub(super) fn poll(&mut self) -> Vec<String> {
        self.poll_after(Duration::from_secs(2))
    }

    /// Ends the agent without a word and starts it anew.
    pub(super) fn kill(&mut self) {
        self.delivered.clear();
        self.tailer = tailer(&self.config, self.state.path(), &self.registry, self.open_limit);
    }

    /// Ends the agent orderly.
    pub(super) fn stop(&mut self) {
        let delivered = std::mem::take(&mut self.delivered);
        self.tailer.finish(delivered, SystemTime::now());
    }

    pub(super) fn count(&self, name: &str) -> usize {
        reading(&self.registry, name, &[]) as usize
    }

    pub(super) fn state(&self) -> &Path {
        self.state.path()
    }
}

fn tailer(config: &Config, state: &Path, registry: &Registry, open_limit: usize) -> Tailer<Lines> {
    let names = telemetry_names!("edgewatch_file_log");
    let telemetry = FileTelemetry::new(&Telemetry::new(registry.clone()), names);
    let store = Store::new(state, "file_log", "file_log");
    store.prepare().expect("a directory for state");
    let mut tailer = Tailer::new(
        config.options(),
        config.patterns(),
        Lines::new(config),
        "file_log",
        Some(store),
        telemetry,
    )
    .expect("valid settings");
    tailer.limit_for_tests(open_limit);
    tailer.load();
    tailer
}

pub(super) fn records(chunk: &Chunk) -> Vec<LogRecord> {
    let request = ExportLogsServiceRequest::decode(chunk.request.clone()).expect("well-formed OTLP");
    let scopes = request.resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
    let records: Vec<_> = scopes.flat_map(|scope| scope.log_records).collect();
    assert_eq!(records.len(), chunk.items, "the count of a batch is the number of its records");
    records
}

pub(super) fn body(record: &LogRecord) -> String {
    match record.body.as_ref().and_then(|body| body.value.clone()) {
        Some(Value::StringValue(text)) => text,
        Some(Value::BytesValue(bytes)) => format!("{bytes:?}"),
        other => panic!("neither text nor bytes: {other:?}"),
    }
}

/// The attributes of a record as `key=value`.
pub(super) fn attributes(record: &LogRecord) -> Vec<String> {
    let value = |value: Option<Value>| match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("neither text nor number: {other:?}"),
    };
    let pairs = record.attributes.iter();
    pairs.map(|pair| format!("{}={}", pair.key, value(pair.value.clone().unwrap().value))).collect()
}
