//! What becomes of the lines of logs: records for pipelines of logs, and counts for those of metrics.

use std::collections::HashMap;
use std::fs::Metadata;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use edgewatch_hotspot::find::ProcessId;
use edgewatch_proto::encode::{self, LogsWriter, Times};
use jiff::tz::TimeZone;

use super::access::redact::redact;
use super::access::request::Request;
use super::access::{self, Format, Outcome};
use super::encoding::Metrics;
use super::instances::Instance;
use super::juli::{self, Layout};
use super::records;
use super::requests::{Counted, Requests};
use crate::measuring::metric::{Window, write_resource};
use crate::tailing::{Body, Record, Records, Tag};

/// Records of one batch at most.
const MOST_RECORDS: usize = 1000;

/// Bytes of one batch at most, unless a single record is larger.
const MOST_BYTES: usize = 256 * 1024;

/// How long what is counted of a Tomcat is told after its end: its last lines are written and read by then.
const AFTERLIFE: Duration = Duration::from_secs(30);

/// The scope of the records, and of what is counted.
const SCOPE: &str = "edgewatch/tomcat/logs";

/// How the lines of a log are written.
#[derive(Clone, Debug)]
pub(super) enum Written {
    /// Requests; and whether they are counted.
    Access(Format, bool),
    /// What the server says.
    Server(Layout),
}

/// A log that is followed.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) instance: Arc<Instance>,
    pub(super) written: Written,
    pub(super) zone: TimeZone,
    /// The scheme of all requests, if it is known.
    pub(super) scheme: Option<String>,
    pub(super) counts: Arc<Mutex<Counts>>,
}

/// What the access logs of a Tomcat say in numbers.
#[derive(Debug, Default)]
pub(super) struct Counts {
    requests: Requests,
    /// When counting began, in nanoseconds since 1970.
    since: u64,
    /// Whether pages are there to count what both could.
    has_pages: bool,
}

impl Counts {
    pub(super) fn new(since: u64) -> Self {
        Self { since, ..Self::default() }
    }
}

/// The logs that are followed, by tag, and what was counted of each Tomcat. Shared by those who find, read and send.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    inner: Arc<Mutex<Inner>>,
    /// Whether records are wanted.
    sends: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Inner {
    logs: HashMap<Tag, Arc<Log>>,
    counts: HashMap<ProcessId, Counting>,
    last_tag: u64,
}

/// What is counted of a Tomcat.
#[derive(Debug)]
struct Counting {
    instance: Arc<Instance>,
    counts: Arc<Mutex<Counts>>,
    /// Since when it is gone. Its last lines may not have been read yet.
    gone: Option<Instant>,
}

impl Table {
    /// From now on records are sent, not only counted.
    pub(super) fn send(&self) {
        self.sends.store(true, Ordering::Relaxed);
    }

    /// Adds a log and names it.
    pub(super) fn add(&self, log: Log) -> Tag {
        let mut inner = lock(&self.inner);
        inner.last_tag += 1;
        let tag = Tag(inner.last_tag);
        let counting = || {
            let (instance, counts) = (Arc::clone(&log.instance), Arc::clone(&log.counts));
            Counting { instance, counts, gone: None }
        };
        inner.counts.entry(log.instance.id).or_insert_with(counting);
        inner.logs.insert(tag, Arc::new(log));
        tag
    }

    /// Forgets the logs of Tomcats that are not in `instances`, and a little later their counts. What is still read of them keeps what it
    /// needs.
    pub(super) fn keep(&self, instances: &[Arc<Instance>], now: Instant) {
        let mut inner = lock(&self.inner);
        let lives = |id: ProcessId| instances.iter().any(|instance| instance.id == id);
        inner.logs.retain(|_, log| lives(log.instance.id));
        inner.counts.retain(|id, counting| {
            if lives(*id) {
                return true;
            }
            now.duration_since(*counting.gone.get_or_insert(now)) < AFTERLIFE
        });
    }

    /// The Tomcats that have ended, whose counts may still change.
    pub(super) fn ended(&self, now: Instant) -> Vec<Arc<Instance>> {
        let mut inner = lock(&self.inner);
        let ended = |counting: &Counting| counting.gone.map(|gone| now.duration_since(gone));
        inner.counts.retain(|_, counting| ended(counting).is_none_or(|since| since < AFTERLIFE));
        let gone = inner.counts.values().filter(|counting| counting.gone.is_some());
        gone.map(|counting| Arc::clone(&counting.instance)).collect()
    }

    /// Writes what was counted of `instance`; where pages are there to count, what only logs have. Of one that has
    /// ended (`None`) that is as it was.
    pub(super) fn write(
        &self,
        request: &mut encode::Request<'_, encode::Metrics>,
        instance: &Instance,
        has_pages: Option<bool>,
        metrics: &Metrics,
        now: u64,
    ) {
        let counting = |counting: &Counting| Arc::clone(&counting.counts);
        let Some(counts) = lock(&self.inner).counts.get(&instance.id).map(counting) else { return };
        let mut counts = lock(&counts);
        counts.has_pages = has_pages.unwrap_or(counts.has_pages);
        let counted = if counts.has_pages { Counted::Durations } else { Counted::All };
        if counts.requests.is_empty() {
            return;
        }
        let window = Window { start: counts.since, now };
        let times = Times::since(window.start, now);
        let describe = |attributes: &mut encode::Attributes<'_>| instance.describe(attributes);
        write_resource(request, SCOPE, window, describe, |out| {
            counts.requests.write(out, times, metrics, counted);
        });
    }

    /// Lines of access logs that were none of their format, of all Tomcats.
    pub(super) fn malformed(&self) -> u64 {
        let inner = lock(&self.inner);
        let counts: Vec<_> = inner.counts.values().map(|counting| Arc::clone(&counting.counts)).collect();
        drop(inner);
        counts.iter().map(|counts| lock(counts).requests.malformed()).sum()
    }
}

/// Nothing is left half done under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the records of a file have in common.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    log: Option<Arc<Log>>,
    name: Arc<str>,
    reader: Arc<Mutex<Reader>>,
}

#[derive(Debug)]
enum Reader {
    Access(access::Reader),
    Server(juli::Reader),
    /// Of a log that is not followed any more.
    Nobody,
}

/// Makes records and counts of lines.
#[derive(Debug)]
pub(super) struct Tailed {
    table: Table,
    writer: LogsWriter,
    /// Whose records are in the writer.
    of: Option<ProcessId>,
    redacted: String,
    scratch: String,
}

impl Tailed {
    pub(super) fn new(table: Table) -> Self {
        Self {
            table,
            writer: LogsWriter::new(|_| {}, SCOPE, env!("CARGO_PKG_VERSION")),
            of: None,
            redacted: String::new(),
            scratch: String::new(),
        }
    }
}

impl Origin {
    fn owner(&self) -> Option<ProcessId> {
        self.log.as_ref().map(|log| log.instance.id)
    }
}

impl Records for Tailed {
    type Labels = Origin;

    fn labels(&self, tag: Tag, path: &Path, _metadata: &Metadata) -> Origin {
        let log = lock(&self.table.inner).logs.get(&tag).cloned();
        let reader = match log.as_deref() {
            None => Reader::Nobody,
            Some(Log { written: Written::Access(format, _), zone, .. }) => {
                Reader::Access(access::Reader::new(format.clone(), zone.clone()))
            }
            Some(Log { written: Written::Server(layout), zone, .. }) => {
                Reader::Server(juli::Reader::new(layout.clone(), zone.clone()))
            }
        };
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        Origin { log, name: name.into(), reader: Arc::new(Mutex::new(reader)) }
    }

    fn fits(&self, origin: &Origin) -> bool {
        self.writer.is_empty() || self.of == origin.owner()
    }

    fn record(&mut self, origin: &Origin, record: Record<'_>) {
        let text = match record.body {
            Body::Text(text) | Body::Mended(text) => text,
            Body::Bytes(_) | Body::Empty => return,
        };
        let sends = self.table.sends.load(Ordering::Relaxed);
        if sends && self.writer.is_empty() && self.of != origin.owner() {
            let describe = |attributes: &mut encode::Attributes<'_>| {
                if let Some(log) = &origin.log {
                    log.instance.describe(attributes);
                }
            };
            self.writer = LogsWriter::new(describe, SCOPE, env!("CARGO_PKG_VERSION"));
            self.of = origin.owner();
        }
        let from = records::Origin {
            file: &origin.name,
            scheme: origin.log.as_ref().and_then(|log| log.scheme.as_deref()),
            observed: record.observed,
        };
        let Self { writer, redacted, scratch, .. } = self;
        match &mut *lock(&origin.reader) {
            Reader::Access(reader) => {
                let line = redact(text, redacted);
                let mut request = Request::default();
                let outcome = reader.read(line, &mut request);
                if outcome == Outcome::Comment {
                    return;
                }
                if let Some(log) = &origin.log {
                    log.count(outcome, &request);
                }
                if sends {
                    records::request(writer, line, (outcome, &request), reader.format(), from, scratch);
                }
            }
            Reader::Server(reader) if sends => records::entry(writer, &reader.read(text), from),
            Reader::Nobody if sends => records::entry(writer, &juli::Entry::plain(text), from),
            Reader::Server(_) | Reader::Nobody => {}
        }
    }

    fn is_full(&self) -> bool {
        self.writer.records() >= MOST_RECORDS || self.writer.bytes() >= MOST_BYTES
    }

    fn bytes(&self) -> usize {
        self.writer.bytes()
    }

    fn finish(&mut self) -> (Bytes, usize) {
        let items = self.writer.records();
        (self.writer.finish(), items)
    }
}

impl Log {
    #[inline]
    fn count(&self, outcome: Outcome, request: &Request<'_>) {
        let Written::Access(_, true) = self.written else { return };
        let requests = &mut lock(&self.counts).requests;
        match outcome {
            Outcome::Request => requests.add(request, self.scheme.as_deref()),
            Outcome::Malformed => requests.add_malformed(),
            Outcome::Comment => {}
        }
    }
}
