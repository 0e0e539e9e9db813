//! A tailer that gathers what it reads, with time in the test's hands.

use std::fs::{self, Metadata};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use edgewatch_core::telemetry::{Registry, Telemetry};
use edgewatch_core::testing::reading;
use tempfile::TempDir;

use crate::tailing::{
    Body, FileTelemetry, Options, Pattern, Record, Records, StartAt, Store, Tag, Tailer, telemetry_names,
};

/// Gathers records as `tag name: text`, in batches of one tag.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) texts: Vec<String>,
    tags: Vec<Tag>,
    pub(super) batches: Vec<Vec<Tag>>,
}

impl Records for Gathered {
    type Labels = (Tag, String);

    fn labels(&self, tag: Tag, path: &Path, _metadata: &Metadata) -> (Tag, String) {
        (tag, path.file_name().unwrap_or_default().to_string_lossy().into_owned())
    }

    fn fits(&self, labels: &(Tag, String)) -> bool {
        self.tags.iter().all(|tag| *tag == labels.0)
    }

    fn record(&mut self, (tag, name): &(Tag, String), record: Record<'_>) {
        let text = match record.body {
            Body::Text(text) | Body::Mended(text) => text.to_owned(),
            Body::Bytes(bytes) => format!("{bytes:?}"),
            Body::Empty => String::new(),
        };
        self.tags.push(*tag);
        self.texts.push(format!("{} {name}: {text}", tag.0));
    }

    fn is_full(&self) -> bool {
        false
    }

    fn bytes(&self) -> usize {
        0
    }

    fn finish(&mut self) -> (Bytes, usize) {
        self.batches.push(std::mem::take(&mut self.tags));
        (Bytes::new(), 0)
    }
}

/// A directory for logs, one for state, and a tailer.
pub(super) struct Bench {
    pub(super) directory: TempDir,
    state: TempDir,
    options: Options,
    pub(super) tailer: Tailer<Gathered>,
    registry: Registry,
    now: Instant,
}

impl Bench {
    pub(super) fn new(options: Options) -> Self {
        let directory = TempDir::new().expect("a directory");
        let state = TempDir::new().expect("a directory");
        let registry = Registry::default();
        let tailer = tailer(&options, state.path(), &registry);
        Self { directory, state, options, tailer, registry, now: Instant::now() }
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        let before = fs::read(&path).unwrap_or_default();
        let mut file = fs::File::options().append(true).create(true).open(path).expect("open");
        std::io::Write::write_all(&mut file, text.as_bytes()).expect("write");
        assert_eq!(file.metadata().expect("metadata").len(), (before.len() + text.len()) as u64);
    }

    /// Files in the directory.
    pub(super) fn pattern(&self, glob: &str, tag: u64) -> Pattern {
        Pattern::new(&format!("{}/{glob}", self.directory.path().display()), Tag(tag))
    }

    /// Files of a process whose root directory is `root` in the directory.
    pub(super) fn rooted(&self, root: &str, glob: &str, tag: u64) -> Pattern {
        let root: Arc<Path> = self.directory.path().join(root).into();
        Pattern { root: Some(root), ..Pattern::new(glob, Tag(tag)) }
    }

    /// What is read after `time`, sorted.
    pub(super) fn look_after(&mut self, time: Duration) -> Vec<String> {
        self.now += time;
        self.tailer.look(self.now, SystemTime::now());
        let mut texts = std::mem::take(&mut self.tailer.records().texts);
        texts.sort();
        texts
    }

    pub(super) fn look(&mut self) -> Vec<String> {
        self.look_after(Duration::from_secs(2))
    }

    /// Ends the agent orderly and starts it again, without patterns.
    pub(super) fn restart(&mut self) {
        self.tailer.finish(Vec::new(), SystemTime::now());
        self.tailer = tailer(&self.options, self.state.path(), &self.registry);
    }

    pub(super) fn count(&self, name: &str) -> usize {
        reading(&self.registry, name, &[]) as usize
    }
}

fn tailer(options: &Options, state: &Path, registry: &Registry) -> Tailer<Gathered> {
    let telemetry = FileTelemetry::new(&Telemetry::new(registry.clone()), telemetry_names!("test"));
    let store = Store::new(state, "test", "test");
    store.prepare().expect("a directory for state");
    let gathered = Gathered::default();
    let made = Tailer::new(options.clone(), Vec::new(), gathered, "test", Some(store), telemetry);
    let mut tailer = made.expect("valid options");
    tailer.limit_for_tests(100);
    tailer.load();
    tailer
}

pub(super) fn from_end(pattern: Pattern) -> Pattern {
    Pattern { start_at: StartAt::End, ..pattern }
}
