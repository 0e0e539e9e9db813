//! Garbage collection logs that JVMs write, tailed into single pauses.
//!
//! [`GcLogs`] is a neighbour of the receiver with a thread of its own, on which [`Logs`] reads what was added, once a second and when
//! somebody waits for it: positions are kept in memory only. A JVM is tailed when its collector is known, and it writes a log that has
//! every pause of that collector: one that its command line names, or one that was switched on over the attach socket.
//!
//! What is read is only sent. What counts is decided where the counters are ([`subject`](super::subject)), so nothing depends on the moment
//! in which a log is opened or given up. What a log holds when it is opened was before, and is not told.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
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

/// Time between two looks that somebody waits for, at least.
const GAP: Duration = Duration::from_millis(100);

/// Pauses that are kept until they are told; more are dropped and counted. A pause takes some 100 bytes.
const MOST_PAUSES: usize = 20_000;

/// Pauses of one message.
const TOGETHER: usize = 1000;

/// Longest line that is looked at. No line of a pause is that long.
const LONGEST: usize = 4096;

/// The neighbour that tells pauses from logs.
pub(super) struct GcLogs {
    watch: Watch,
    /// Whether logs are read that command lines name.
    named: bool,
    woken: Instant,
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// JVMs that are there.
#[derive(Clone, Debug, Default)]
struct Watch(Arc<Mutex<HashMap<ProcessId, Watched>>>);

/// A JVM, and where its log is.
#[derive(Clone, Debug)]
struct Watched {
    root: Arc<Path>,
    collector: Collector,
    /// As the JVM sees it; none: its command line names no log that is of use.
    glob: Option<String>,
}

impl Watch {
    fn lock(&self) -> MutexGuard<'_, HashMap<ProcessId, Watched>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells where the log is that was switched on in a JVM, as the JVM sees it.
type SwitchedOn = Box<dyn Fn(ProcessId) -> Option<Arc<str>> + Send>;

impl GcLogs {
    /// Tails logs for the receiver `id`, and tells `mailbox`: those that command lines name, if `named`, and those that are `switched_on`.
    ///
    /// # Errors
    ///
    /// The system has no thread for it.
    pub(super) fn new(
        id: &str,
        (named, switched_on): (bool, SwitchedOn),
        mailbox: Mailbox,
        telemetry: &Telemetry,
    ) -> std::io::Result<Self> {
        let watch = Watch::default();
        let logs = Logs::new(id, watch.clone(), switched_on, telemetry);
        let (wake, woken) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("jvm-gc-logs".to_owned())
            .spawn(move || work(logs, &mailbox, &woken))?;
        Ok(Self { watch, named, woken: Instant::now(), wake: Some(wake), thread: Some(thread) })
    }
}

impl Drop for GcLogs {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            let _failed = thread.join();
        }
    }
}

impl Neighbour for GcLogs {
    fn came(&mut self, jvm: &Newcomer<'_>) {
        let (Some(collector), Some((layout, block))) = (jvm.collector, jvm.counters) else { return };
        let process = jvm.process;
        let root: Arc<Path> = process.root.as_path().into();
        let watch = |glob| self.watch.lock().insert(process.id, Watched { root, collector, glob });
        if !self.named {
            watch(None);
            return;
        }
        let arguments = layout.text(block, "java.rt.vmArgs").unwrap_or_default();
        let outputs = Outputs::of(
            arguments.split_whitespace(),
            &working_directory(process),
            process.ns_pid,
            jvm.feature,
        );
        let output = outputs.0.into_iter().find(|output| output.tells_pauses(collector));
        watch(output.map(|output| output.glob));
    }

    fn gone(&mut self, id: ProcessId) {
        self.watch.lock().remove(&id);
    }

    fn wanted(&mut self) {
        if self.woken.elapsed() >= GAP {
            self.woken = Instant::now();
            // A full channel has woken it already.
            let _full = self.wake.as_ref().map(|wake| wake.try_send(()));
        }
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

fn work(mut logs: Logs, mailbox: &Mailbox, woken: &Receiver<()>) {
    while let Ok(()) | Err(RecvTimeoutError::Timeout) = woken.recv_timeout(POLL) {
        logs.look(Instant::now(), SystemTime::now());
        logs.tell(|message| mailbox.put(message).is_ok());
    }
}

/// The logs themselves.
struct Logs {
    watch: Watch,
    switched_on: SwitchedOn,
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
    start_at: StartAt,
    /// The receiver knows that its log is tailed.
    told: bool,
    /// It is not wanted any more.
    ends: bool,
}

impl Logs {
    fn new(id: &str, watch: Watch, switched_on: SwitchedOn, telemetry: &Telemetry) -> Self {
        let files = FileTelemetry::new(telemetry, telemetry_names!("edgewatch_jvm_gc_log"));
        let options = Options {
            poll_interval: GAP / 2,
            max_record_size: LONGEST,
            fingerprint_size: 256,
            // Half of a line tells nothing.
            half_line_period: Duration::ZERO,
            ..Options::default()
        };
        Self {
            watch,
            switched_on,
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
        let watch = self.watch.clone();
        let watched = watch.lock();
        let glob_of = |id: ProcessId| {
            let watched = watched.get(&id)?;
            // One that was switched on is new, and all of it is of interest.
            let switched_on = || Some((Pattern::literal(&(self.switched_on)(id)?), StartAt::Beginning));
            watched.glob.clone().map(|glob| (glob, StartAt::End)).or_else(switched_on)
        };
        for tailed in self.jvms.values_mut().filter(|tailed| !tailed.ends) {
            tailed.ends = glob_of(tailed.id).is_none_or(|(glob, _)| glob != tailed.glob);
            changed |= tailed.ends;
        }
        for (id, Watched { root, collector, .. }) in watched.iter() {
            if self.jvms.values().any(|tailed| tailed.id == *id) {
                continue;
            }
            let Some((glob, start_at)) = glob_of(*id) else { continue };
            self.next += 1;
            let tag = Tag(self.next);
            self.jvms.insert(tag, Tailed { id: *id, glob, start_at, told: false, ends: false });
            self.tailer.records().kinds.insert(tag, (*collector, Arc::clone(root)));
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
            Some(Pattern { root: Some(Arc::clone(root)), start_at: tailed.start_at, ..pattern })
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
            // Also as long as there is no file, or nothing in it: the first line may be that of a pause that is seen before.
            if !tailed.told && !tailed.ends {
                tailed.told = put(Message::Tailing(tailed.id, true));
            }
            let mut read = pauses.remove(&tag).unwrap_or_default();
            while !read.is_empty() {
                let behind = read.split_off(read.len().min(TOGETHER));
                let together = std::mem::replace(&mut read, behind);
                let count = together.len();
                if !put(Message::Logged(tailed.id, together)) {
                    self.lost.add(count);
                }
            }
            if tailed.ends && (!tailed.told || put(Message::Tailing(tailed.id, false))) {
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
            middle: event.middle(),
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
