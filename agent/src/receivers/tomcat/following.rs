//! Follows the logs of Tomcats: which files there are, what their lines are, and where that goes.
//!
//! A [`Log`] is all files of one valve or handler. The engine knows it by its tag; [`Book`] is what both sides look up. [`Lines`] is
//! what the engine gives records to: it writes them for pipelines of logs, and counts requests for pipelines of metrics, on a helper thread.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use edgewatch_core::telemetry::{Counter, Telemetry};
use edgewatch_hotspot::find::ProcessId;
use edgewatch_proto::encode::{Attributes, LogsWriter};

use super::access::redact::redact;
use super::access::request::Request;
use super::access::{self, Outcome, Release};
use super::config;
use super::instances::Instance;
use super::juli;
use super::logs::{self, AccessLog, ServerLog};
use super::records::{self, Origin};
use super::requests::Requests;
use crate::measuring::report::Report;
use crate::tailing::{Begins, Body, Pattern, Record, Records, Tag};

/// Records of one batch at most.
const MAX_RECORDS: usize = 1000;

/// Bytes of one batch at most, unless a single record is larger.
const MAX_BYTES: usize = 256 * 1024;

/// Logs that are remembered at most; those of Tomcats that ended longest ago are forgotten first.
const MOST_LOGS: usize = 10_000;

/// Files of a process that are looked at.
const MOST_OPEN: usize = 10_000;

/// The scope of the records.
const SCOPE: &str = "edgewatch/tomcat";

/// The requests of one Tomcat.
#[derive(Debug)]
pub(super) struct Counting {
    /// Since when they are counted, in nanoseconds since 1970.
    pub(super) since: u64,
    requests: Mutex<Requests>,
}

impl Counting {
    /// The requests counted so far.
    pub(super) fn requests(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All files of one valve or handler.
#[derive(Debug)]
struct Log {
    instance: Arc<Instance>,
    scheme: Option<String>,
    reader: Mutex<Reader>,
    /// Whether its requests are counted: each stands in one such log.
    counting: Option<Arc<Counting>>,
}

#[derive(Debug)]
enum Reader {
    Access(Box<access::Reader>),
    Server(Box<juli::Reader>),
}

/// What is known of logs, by tag, and of Tomcats, by process.
#[derive(Clone, Debug, Default)]
pub(super) struct Book(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    logs: BTreeMap<u64, Arc<Log>>,
    counting: BTreeMap<ProcessId, Arc<Counting>>,
}

impl Book {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        let Self(entries) = self;
        entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The requests of a Tomcat, when its access logs are read.
    pub(super) fn counting(&self, id: ProcessId) -> Option<Arc<Counting>> {
        self.entries().counting.get(&id).cloned()
    }
}

/// Says which files are to be followed.
#[derive(Debug)]
pub(super) struct Plan {
    config: config::Logs,
    book: Book,
    patterns: BTreeMap<ProcessId, Vec<Pattern>>,
    next: u64,
    report: Report,
}

impl Plan {
    pub(super) fn new(config: config::Logs, book: Book, receiver: &str) -> Self {
        Self { config, book, patterns: BTreeMap::new(), next: 0, report: Report::new(receiver) }
    }

    /// The files of `instances`. Reads the configuration of those that are new.
    pub(super) fn patterns(&mut self, instances: &[Arc<Instance>], now: u64) -> Arc<[Pattern]> {
        self.report.begin("logs");
        self.patterns.retain(|id, _| instances.iter().any(|instance| instance.id == *id));
        let gone = |id: &ProcessId| instances.iter().all(|instance| instance.id != *id);
        self.book.entries().counting.retain(|id, _| !gone(id));
        for instance in instances {
            if !self.patterns.contains_key(&instance.id) {
                let patterns = self.of(instance, now);
                self.patterns.insert(instance.id, patterns);
            }
        }
        let mut entries = self.book.entries();
        while entries.logs.len() > MOST_LOGS && entries.logs.pop_first().is_some() {}
        self.patterns.values().flatten().cloned().collect()
    }

    fn of(&mut self, instance: &Arc<Instance>, now: u64) -> Vec<Pattern> {
        let root = instance.root();
        let open = open_files(&instance.process);
        let properties = properties(&fs::read(instance.process.join("cmdline")).unwrap_or_default());
        let tz = time_zone(&fs::read(instance.process.join("environ")).unwrap_or_default());
        let found = logs::find(&logs::Tomcat {
            root: &root,
            base: &instance.base,
            home: &instance.home,
            properties: &properties,
            tz: tz.as_deref(),
            release: instance.version.map(|version| Release { major: version.major, minor: version.minor }),
            open: &open,
        });
        for problem in &found.problems {
            self.report.failed(1, format!("logs of {}: {problem}", instance.name), "assumed to be as usual");
        }
        let counting = Arc::new(Counting { since: now, requests: Mutex::default() });
        let root: Arc<Path> = root.into();
        let mut patterns = Vec::new();
        let mut add = |glob: String, reader, begins, counting| {
            let tag = Tag(self.next);
            self.next += 1;
            let (scheme, instance) = (found.scheme.clone(), Arc::clone(instance));
            let log = Log { instance, scheme, reader: Mutex::new(reader), counting };
            self.book.entries().logs.insert(tag.0, Arc::new(log));
            let start_at = self.config.start_at;
            patterns.push(Pattern { glob, root: Some(Arc::clone(&root)), tag, start_at, begins });
        };
        if self.config.access {
            for AccessLog { glob, format, counts, buffered: _ } in found.access {
                let reader = access::Reader::new(format, found.zone.clone());
                add(glob, Reader::Access(Box::new(reader)), None, counts.then(|| Arc::clone(&counting)));
            }
            self.book.entries().counting.insert(instance.id, counting);
        }
        if self.config.juli {
            for ServerLog { glob, layout } in found.server {
                let reader = juli::Reader::new(layout.clone(), found.zone.clone());
                let begins = Begins::new(move |line| layout.begins(line));
                add(glob, Reader::Server(Box::new(reader)), Some(begins), None);
            }
        }
        patterns
    }
}

/// The files that a process has open, as it sees them.
fn open_files(process: &Path) -> Vec<PathBuf> {
    let Ok(links) = fs::read_dir(process.join("fd")) else { return Vec::new() };
    let open = links.take(MOST_OPEN).flatten().filter_map(|link| fs::read_link(link.path()).ok());
    open.filter(|path| path.is_absolute()).collect()
}

/// The properties of a command line: words such as `-Dname=value`.
fn properties(line: &[u8]) -> Vec<(String, String)> {
    let words = line.split(|byte| *byte == 0).filter_map(|word| std::str::from_utf8(word).ok());
    let pairs = words.filter_map(|word| word.strip_prefix("-D")?.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The variable `TZ` of an environment, of which nothing else is kept.
fn time_zone(environment: &[u8]) -> Option<String> {
    let mut variables = environment.split(|byte| *byte == 0);
    let value = variables.find_map(|variable| variable.strip_prefix(b"TZ="))?;
    OsStr::from_bytes(value).to_str().map(str::to_owned)
}

/// What every record of a file carries.
#[derive(Clone, Debug)]
pub(super) struct Labels {
    log: Option<Arc<Log>>,
    file: Arc<str>,
}

/// Makes log records and numbers of lines.
#[derive(Debug)]
pub(super) struct Lines {
    book: Book,
    /// Whether records are written; otherwise requests are counted only.
    writes: bool,
    /// The request in the making, and whose it is.
    writer: Option<(ProcessId, LogsWriter)>,
    /// A line without its secrets.
    line: String,
    scratch: String,
    malformed: Counter,
}

impl Lines {
    pub(super) fn new(book: Book, writes: bool, telemetry: &Telemetry) -> Self {
        let malformed = telemetry.counter(
            "edgewatch_tomcat_malformed_lines",
            "{lines}",
            "Lines of access logs that are not as the pattern of their valve says. They are sent as they are.",
        );
        Self { book, writes, writer: None, line: String::new(), scratch: String::new(), malformed }
    }
}

impl Records for Lines {
    type Labels = Labels;

    fn labels(&self, tag: Tag, path: &Path, _metadata: &Metadata) -> Labels {
        let log = self.book.entries().logs.get(&tag.0).cloned();
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        Labels { log, file: file.into() }
    }

    fn fits(&self, labels: &Labels) -> bool {
        let (Some((owner, writer)), Some(log)) = (&self.writer, &labels.log) else { return true };
        *owner == log.instance.id || writer.is_empty()
    }

    fn record(&mut self, labels: &Labels, record: Record<'_>) {
        let Some(log) = &labels.log else { return };
        let Self { writer, line, scratch, malformed, .. } = self;
        let text = match record.body {
            Body::Text(text) | Body::Mended(text) => text,
            // The encoding has no such records.
            Body::Bytes(_) | Body::Empty => return,
        };
        let id = log.instance.id;
        let writer = match writer {
            _ if !self.writes => None,
            Some((owner, writer)) if *owner == id => Some(writer),
            other => {
                let describe = |attributes: &mut Attributes<'_>| log.instance.describe(attributes);
                let fresh = LogsWriter::new(describe, SCOPE, env!("CARGO_PKG_VERSION"));
                Some(&mut other.insert((id, fresh)).1)
            }
        };
        let origin = Origin { file: &labels.file, scheme: log.scheme.as_deref(), observed: record.observed };
        match &mut *log.reader.lock().unwrap_or_else(PoisonError::into_inner) {
            Reader::Access(reader) => {
                let text = redact(text, line);
                let mut request = Request::default();
                let outcome = reader.read(text, &mut request);
                match (&log.counting, outcome) {
                    (Some(counting), Outcome::Request) => {
                        counting.requests().add(&request, log.scheme.as_deref());
                    }
                    (_, Outcome::Malformed) => malformed.add(1),
                    (None, Outcome::Request) | (_, Outcome::Comment) => {}
                }
                if let Some(writer) = writer.filter(|_| outcome != Outcome::Comment) {
                    records::request(writer, text, (outcome, &request), reader.format(), origin, scratch);
                }
            }
            Reader::Server(reader) => {
                if let Some(writer) = writer {
                    records::entry(writer, &reader.read(text), origin);
                }
            }
        }
    }

    fn is_full(&self) -> bool {
        self.writer
            .as_ref()
            .is_some_and(|(_, writer)| writer.records() >= MAX_RECORDS || writer.bytes() >= MAX_BYTES)
    }

    fn bytes(&self) -> usize {
        self.writer.as_ref().map_or(0, |(_, writer)| writer.bytes())
    }

    fn finish(&mut self) -> (Bytes, usize) {
        let Some((_, writer)) = &mut self.writer else { return (Bytes::new(), 0) };
        let items = writer.records();
        (writer.finish(), items)
    }
}
