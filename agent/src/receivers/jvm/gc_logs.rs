//! Garbage collection logs that JVMs write, tailed into single pauses.
//!
//! [`GcLogs`] is a neighbour of the receiver with a thread of its own, on which [`Logs`] reads what was added, once a second: positions are
//! kept in memory only. A JVM is tailed when its collector is known, and it writes a log that has every pause of that collector.
//!
//! The rule for changing from counters to the log: as soon as the file is open and read to its end, `Tailing` is told; what was read until
//! then is dropped, because counters have told it. From then on every pause that is added to the log counts, and counters do not. When no file
//! is open any more, what is left of it is told first, then that it is not tailed. A pause that ends in the moment of a change (less than a
//! poll of counters) may be told twice or not at all; nothing else can.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use edgewatch_core::telemetry::{Counter, Telemetry};
use edgewatch_hotspot::collector::Collector;
use edgewatch_hotspot::find::{Process, ProcessId};
use edgewatch_hotspot::gc_log::{self, Line, Outputs};

use super::neighbours::{LoggedPause, Mailbox, Message, Neighbour, Newcomer};
use crate::tailing::{
    Body, FileTelemetry, Options, Pattern, Record, Records, StartAt, Tag, Tailer, telemetry_names,
};

/// How often logs are looked at. Histograms are sent less often.
const POLL: Duration = Duration::from_secs(1);

/// Pauses that are kept until they are told; more are dropped and counted. A pause takes some 100 bytes.
const MOST_PAUSES: usize = 20_000;

/// Pauses of one message.
const TOGETHER: usize = 1000;

/// Longest line that is looked at. No line of a pause is that long.
const LONGEST: usize = 4096;

/// The neighbour that tells pauses from logs.
pub(super) struct GcLogs {
    watch: Watch,
    /// Whether logs that JVMs write anyway are read, not only those that were switched on.
    all: bool,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Where it is said which logs are to be tailed.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch(Arc<Mutex<HashMap<ProcessId, Watched>>>);

/// A JVM, and where its log is.
#[derive(Clone, Debug)]
struct Watched {
    root: Arc<Path>,
    collector: Collector,
    /// As the JVM sees it; none: it writes no log that is of use.
    glob: Option<String>,
}

impl Watch {
    /// A log was switched on in JVM `id`, for all pauses of its collector: `path`, as the JVM sees it.
    pub(super) fn switched_on(&self, id: ProcessId, path: &str) {
        if let Some(watched) = self.lock().get_mut(&id) {
            watched.glob = Some(Pattern::literal(path));
        }
    }

    /// The log that was switched on in JVM `id` is not written any more.
    pub(super) fn switched_off(&self, id: ProcessId) {
        if let Some(watched) = self.lock().get_mut(&id) {
            watched.glob = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ProcessId, Watched>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GcLogs {
    /// Tails logs for the receiver `id`, and tells `mailbox`: `all` of them, or only those that were switched on.
    ///
    /// # Errors
    ///
    /// The system has no thread for it.
    pub(super) fn new(id: &str, all: bool, mailbox: Mailbox, telemetry: &Telemetry) -> std::io::Result<Self> {
        let watch = Watch::default();
        let logs = Logs::new(id, watch.clone(), telemetry);
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new()
            .name("jvm-gc-logs".to_owned())
            .spawn(move || work(logs, &mailbox, &stopped))?;
        Ok(Self { watch, all, stop: Some(stop), thread: Some(thread) })
    }

    /// For those who switch logs on.
    pub(super) fn watch(&self) -> Watch {
        self.watch.clone()
    }
}

impl Drop for GcLogs {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _failed = thread.join();
        }
    }
}

impl Neighbour for GcLogs {
    fn came(&mut self, jvm: &Newcomer<'_>) {
        let (Some(collector), Some((layout, block))) = (jvm.collector, jvm.counters) else { return };
        let process = jvm.process;
        let arguments = layout.text(block, "java.rt.vmArgs").unwrap_or_default();
        let outputs = Outputs::of(
            arguments.split_whitespace(),
            &working_directory(process),
            process.ns_pid,
            jvm.feature,
        );
        let output = outputs.0.into_iter().find(|output| self.all && output.tells_pauses(collector));
        let (root, glob) = (process.root.as_path().into(), output.map(|output| output.glob));
        let mut watched = self.watch.lock();
        // One that was switched on stays what is tailed.
        let glob = glob.or_else(|| watched.remove(&process.id).and_then(|before| before.glob));
        watched.insert(process.id, Watched { root, collector, glob });
    }

    fn gone(&mut self, id: ProcessId) {
        self.watch.lock().remove(&id);
    }
}

/// The current directory of a process, as it sees it.
fn working_directory(process: &Process) -> PathBuf {
    let read = |name: &str| fs::read_link(process.root.with_file_name(name));
    let Ok(directory) = read("cwd") else { return PathBuf::from("/") };
    match read("root").ok().and_then(|root| directory.strip_prefix(root).map(Path::to_path_buf).ok()) {
        Some(below) => Path::new("/").join(below),
        None => directory,
    }
}

fn work(mut logs: Logs, mailbox: &Mailbox, stopped: &Receiver<()>) {
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(POLL) {
        logs.look(Instant::now(), SystemTime::now());
        logs.tell(|message| mailbox.put(message).is_ok());
    }
}

/// The logs themselves.
#[derive(Debug)]
struct Logs {
    watch: Watch,
    tailer: Tailer<Pauses>,
    /// What is tailed, by tag, and what the receiver was told about it.
    jvms: HashMap<Tag, Tailed>,
    next: u64,
    lost: Counter,
}

#[derive(Debug)]
struct Tailed {
    id: ProcessId,
    glob: String,
    /// The receiver knows that its log is tailed.
    told: bool,
    /// It is not wanted any more.
    ends: bool,
}

impl Logs {
    fn new(id: &str, watch: Watch, telemetry: &Telemetry) -> Self {
        let files = FileTelemetry::new(telemetry, telemetry_names!("edgewatch_jvm_gc_log"));
        let options = Options {
            poll_interval: POLL / 2,
            max_record_size: LONGEST,
            fingerprint_size: 256,
            // Half of a line tells nothing.
            force_flush_period: Duration::ZERO,
            ..Options::default()
        };
        Self {
            watch,
            tailer: Tailer::in_memory(options, Pauses::default(), id, files),
            jvms: HashMap::new(),
            next: 0,
            lost: telemetry.counter(
                "edgewatch_jvm_gc_log_lost_pauses",
                "{pauses}",
                "Pauses in logs that came faster than they could be taken.",
            ),
        }
    }

    /// Reads what was added to the logs.
    fn look(&mut self, now: Instant, wall: SystemTime) {
        if self.agree() {
            let patterns = self.patterns();
            self.tailer.set_patterns(patterns);
        }
        if !self.jvms.is_empty() {
            self.tailer.look(now, wall);
        }
    }

    /// Follows what is wanted; whether that has changed.
    fn agree(&mut self) -> bool {
        let mut changed = false;
        let wanted = self.watch.lock();
        for tailed in self.jvms.values_mut().filter(|tailed| !tailed.ends) {
            let glob = wanted.get(&tailed.id).and_then(|watched| watched.glob.as_ref());
            tailed.ends = glob != Some(&tailed.glob);
            changed |= tailed.ends;
        }
        for (id, watched) in wanted.iter() {
            let Some(glob) = &watched.glob else { continue };
            if self.jvms.values().any(|tailed| tailed.id == *id) {
                continue;
            }
            self.next += 1;
            let tag = Tag(self.next);
            self.jvms.insert(tag, Tailed { id: *id, glob: glob.clone(), told: false, ends: false });
            self.tailer.records().kinds.insert(tag, (watched.collector, Arc::clone(&watched.root)));
            changed = true;
        }
        changed
    }

    fn patterns(&mut self) -> Vec<Pattern> {
        let kinds = &self.tailer.records().kinds;
        let wanted = self.jvms.iter().filter(|(_, tailed)| !tailed.ends);
        let patterns = wanted.filter_map(|(tag, tailed)| {
            let (_, root) = kinds.get(tag)?;
            let pattern = Pattern::new(&tailed.glob, *tag);
            Some(Pattern { root: Some(Arc::clone(root)), start_at: StartAt::End, ..pattern })
        });
        patterns.collect()
    }

    /// Tells what was read, as long as `put` takes it. What it does not take of pauses is lost and counted.
    fn tell(&mut self, mut put: impl FnMut(Message) -> bool) {
        let (mut pauses, lost) = self.tailer.records().take();
        self.lost.add(lost);
        let tags: Vec<Tag> = self.jvms.keys().copied().collect();
        for tag in tags {
            let Some(tailed) = self.jvms.get_mut(&tag) else { continue };
            let followed = self.tailer.follows(tag);
            let mut read = pauses.remove(&tag).unwrap_or_default();
            if tailed.told {
                while !read.is_empty() {
                    let behind = read.split_off(read.len().min(TOGETHER));
                    let together = std::mem::replace(&mut read, behind);
                    let count = together.len();
                    if !put(Message::Logged(tailed.id, together)) {
                        self.lost.add(count);
                    }
                }
            }
            let live = followed && !tailed.ends;
            if live != tailed.told && put(Message::Tailing(tailed.id, live)) {
                tailed.told = live;
            }
            if tailed.ends && !tailed.told {
                self.jvms.remove(&tag);
                self.tailer.records().kinds.remove(&tag);
            }
        }
    }
}

/// Pauses on their way from lines.
#[derive(Debug, Default)]
struct Pauses {
    /// Whose they are.
    kinds: HashMap<Tag, (Collector, Arc<Path>)>,
    read: HashMap<Tag, Vec<LoggedPause>>,
    count: usize,
    lost: usize,
}

impl Pauses {
    /// What was read since the last time, and how many more there were.
    fn take(&mut self) -> (HashMap<Tag, Vec<LoggedPause>>, usize) {
        self.count = 0;
        (std::mem::take(&mut self.read), std::mem::take(&mut self.lost))
    }
}

impl Records for Pauses {
    type Labels = Option<(Tag, Collector)>;

    fn labels(&self, tag: Tag, _path: &Path, _metadata: &fs::Metadata) -> Self::Labels {
        self.kinds.get(&tag).map(|(collector, _)| (tag, *collector))
    }

    fn record(&mut self, labels: &Self::Labels, record: Record<'_>) {
        let (Some((tag, collector)), Body::Text(line)) = (labels, record.body) else { return };
        let Some(Line::Event(event)) = gc_log::parse(line) else { return };
        let (Some((name, action)), Some(nanoseconds)) = (event.names(*collector), event.nanoseconds) else {
            return;
        };
        if self.count >= MOST_PAUSES {
            self.lost += 1;
            return;
        }
        self.count += 1;
        let pause = LoggedPause {
            name: Cow::Borrowed(name),
            action: Cow::Borrowed(action),
            cause: event.cause.map(str::to_owned),
            nanoseconds,
        };
        self.read.entry(*tag).or_default().push(pause);
    }

    fn is_full(&self) -> bool {
        false
    }

    fn bytes(&self) -> usize {
        0
    }

    fn finish(&mut self) -> (Bytes, usize) {
        (Bytes::new(), 0)
    }
}

#[cfg(test)]
#[path = "tests/gc_logs.rs"]
mod tests;
