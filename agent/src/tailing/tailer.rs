//! The state machine that knows and reads files. Everything that touches a disk happens here, step by step, on a helper thread.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use edgewatch_core::config::ConfigError;
use rustix::process::{Resource, getrlimit};
use tracing::{info, warn};

use super::access::Location;
use super::checkpoint::{Checkpoint, Loaded, Remembered, Store};
use super::files::{FileId, Files};
use super::finder::Finder;
use super::identity::{Facts, Place, Position};
use super::options::Options;
use super::pattern::Pattern;
use super::records::{Batches, Chunk, Records};
use super::telemetry::FileTelemetry;
use super::turn::{Ended, Moment, Turns};
use super::warnings::Warnings;

/// Bytes that one step reads at most, so that what has been delivered is not left waiting for long.
const STEP: usize = 1024 * 1024;

/// How often positions are written at most.
const SAVE_INTERVAL: Duration = Duration::from_secs(1);

/// Scans and checkpoints take no more than one part in so many of the time.
const SHARE: u32 = 100;

/// How far the birth of a file may lie before a checkpoint that does not know it. File systems take the time of the last tick of the
/// kernel (at most 10 ms ago), and a scan may have passed its directory already; lines that come twice are better than lines that never come.
const BIRTH_TOLERANCE: Duration = Duration::from_secs(1);

/// Files that are gone and still remembered: those given up longest ago are forgotten first.
const MOST_REMEMBERED: usize = 10_000;

/// Follows files.
#[derive(Debug)]
pub(crate) struct Tailer<R: Records> {
    pub(super) options: Options,
    pub(super) finder: Finder,
    pub(super) files: Files<R::Labels>,
    /// Files that are not followed now, and how far they were read.
    pub(super) remembered: Vec<Remembered>,
    /// Files that are passed over: compressed ones.
    pub(super) ignored: HashMap<Place, Location>,
    pub(super) warnings: Warnings,
    pub(super) telemetry: FileTelemetry,
    pub(super) open_limit: usize,
    /// When the checkpoint that was found had been written; none when there was none.
    pub(super) resumed_from: Option<u64>,
    pub(super) scanned_once: bool,
    /// Something has changed that the checkpoint does not say.
    pub(super) unsaved: bool,
    /// When the first step was taken, in nanoseconds since 1970.
    pub(super) begun: Option<u64>,
    turns: Turns,
    pub(super) batches: Batches<R>,
    store: Option<Store>,
    next_poll: Option<Instant>,
    next_scan: Option<Instant>,
    next_save: Option<Instant>,
    last_served: FileId,
    /// See [`SHARE`]. Zero in tests, whose time does not depend on how long anything takes.
    pub(super) share: u32,
}

/// What a step is given.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) now: Instant,
    pub(crate) wall: SystemTime,
    /// Bytes that may be written; zero: only look after the files.
    pub(crate) room: usize,
    /// Positions that have been delivered, in order.
    pub(crate) delivered: Vec<(FileId, Position)>,
}

/// What a step brought.
#[derive(Debug)]
pub(crate) struct Stepped {
    pub(crate) chunks: Vec<Chunk>,
    /// Another step would bring more at once.
    pub(crate) more: bool,
}

impl<R: Records> Tailer<R> {
    /// A tailer of the receiver `id`. Without a store positions are kept in memory.
    ///
    /// # Errors
    ///
    /// Every pattern that is not a glob.
    pub(crate) fn new(
        options: Options,
        patterns: Vec<Pattern>,
        records: R,
        id: &str,
        store: Option<Store>,
        telemetry: FileTelemetry,
    ) -> Result<Self, ConfigError> {
        let finder = Finder::new(patterns, &options.exclude, options.exclude_older_than)?;
        Ok(Self::with(finder, options, records, id, store, telemetry))
    }

    fn with(
        finder: Finder,
        options: Options,
        records: R,
        id: &str,
        store: Option<Store>,
        telemetry: FileTelemetry,
    ) -> Self {
        Self {
            finder,
            files: Files::default(),
            remembered: Vec::new(),
            ignored: HashMap::new(),
            warnings: Warnings::new(id),
            turns: Turns::new(&options, telemetry.clone()),
            batches: Batches::new(records),
            telemetry,
            open_limit: open_limit().min(options.max_open_files).max(1),
            resumed_from: None,
            scanned_once: false,
            begun: None,
            unsaved: false,
            store,
            next_poll: None,
            next_scan: None,
            next_save: None,
            last_served: FileId(0),
            share: SHARE,
            options,
        }
    }

    /// A tailer that keeps positions in memory and gets its patterns later.
    pub(crate) fn in_memory(options: Options, records: R, id: &str, telemetry: FileTelemetry) -> Self {
        Self::with(Finder::default(), options, records, id, None, telemetry)
    }

    /// Looks for `patterns` from the next step on. Files that none of them matches are read to their end and given up.
    pub(crate) fn set_patterns(&mut self, patterns: Vec<Pattern>) {
        self.finder.set(patterns, &mut self.warnings);
        self.next_poll = None;
        self.next_scan = None;
    }

    /// What records are made into.
    pub(crate) fn records(&mut self) -> &mut R {
        &mut self.batches.records
    }

    /// With at most `open_limit` open files, and as often as asked, whatever it costs.
    #[cfg(test)]
    pub(crate) fn limit_for_tests(&mut self, open_limit: usize) {
        self.open_limit = open_limit.min(self.options.max_open_files).max(1);
        self.share = 0;
    }

    /// How many files are followed.
    #[cfg(test)]
    pub(crate) fn followed(&self) -> usize {
        self.files.iter().count()
    }

    /// Writes no checkpoints.
    pub(crate) fn keep_in_memory(&mut self) {
        self.store = None;
    }

    /// Reads the checkpoint, once, before the first step.
    pub(crate) fn load(&mut self) {
        let Some(store) = &self.store else { return };
        let path = store.path().display().to_string();
        let checkpoint = match store.load() {
            Ok(Loaded::Nothing) => return,
            Ok(Loaded::Newest(checkpoint)) => checkpoint,
            Ok(Loaded::Previous(checkpoint)) => {
                warn!(
                    path,
                    "the newest checkpoint is damaged; going on from the one before, lines may come twice"
                );
                checkpoint
            }
            Ok(Loaded::Damaged) => {
                warn!(path, "the checkpoint is damaged; all files are treated as never seen");
                return;
            }
            Err(error) => {
                warn!(path, %error, "cannot read the checkpoint; all files are treated as never seen");
                return;
            }
        };
        info!(path, files = checkpoint.files.len(), "resuming from the checkpoint");
        self.resumed_from = Some(checkpoint.written);
        self.remembered = checkpoint.files;
    }

    /// Looks after the files, and reads as far as there is room.
    pub(crate) fn step(&mut self, step: Step) -> Stepped {
        self.deliver(step.delivered);
        self.begun.get_or_insert_with(|| nanoseconds(step.wall));
        let polled = self.next_poll.is_none_or(|due| due <= step.now);
        if polled {
            self.next_poll = Some(step.now + self.options.poll_interval);
            self.observe(step.now, step.wall);
            if self.next_scan.is_none_or(|due| due <= step.now) {
                let begun = Instant::now();
                self.scan(step.now, step.wall);
                let pause = (begun.elapsed() * self.share).max(self.options.poll_interval);
                // A little earlier than the poll that it belongs to.
                self.next_scan = Some(step.now + pause - self.options.poll_interval / 2);
            }
        }
        let more = step.room > 0 && self.read(step.now, step.wall, step.room.min(STEP));
        if polled && (more || step.room == 0) {
            self.verify(step.now);
        }
        if self.unsaved && self.next_save.is_none_or(|due| due <= step.now) {
            let begun = Instant::now();
            self.save(step.wall);
            self.next_save = Some(step.now + (begun.elapsed() * self.share).max(SAVE_INTERVAL));
        }
        self.telemetry.open_files.set(self.files.open_count() as u64);
        Stepped { chunks: self.batches.take(), more }
    }

    /// Reads all there is, which is delivered as soon as it is read: for what is not sent anywhere. Bounded by the files themselves, as the
    /// records are.
    pub(crate) fn look(&mut self, now: Instant, wall: SystemTime) {
        let mut delivered = Vec::new();
        loop {
            let stepped = self.step(Step { now, wall, room: usize::MAX, delivered });
            delivered = stepped.chunks.into_iter().flat_map(|chunk| chunk.positions).collect();
            if !stepped.more {
                return self.deliver(delivered);
            }
        }
    }

    /// Writes the last checkpoint.
    pub(crate) fn finish(&mut self, delivered: Vec<(FileId, Position)>, wall: SystemTime) {
        self.deliver(delivered);
        if self.unsaved {
            self.save(wall);
        }
    }

    fn deliver(&mut self, delivered: Vec<(FileId, Position)>) {
        for (id, position) in delivered {
            if let Some(file) = self.files.get_mut(id) {
                file.delivered = position;
                self.unsaved = true;
            }
        }
    }

    fn read(&mut self, now: Instant, wall: SystemTime, room: usize) -> bool {
        self.batches.observed = nanoseconds(wall);
        let waiting = self.files.waiting(self.last_served, now);
        self.telemetry.reading_files.set(waiting.len() as u64);
        let mut more = false;
        for id in waiting {
            if self.batches.bytes() >= room {
                return true;
            }
            self.last_served = id;
            more |= self.turn(id, now, room);
        }
        more
    }

    /// Lets one file have its turn; true when it has more.
    fn turn(&mut self, id: FileId, now: Instant, room: usize) -> bool {
        if let Err(error) = self.files.open(id, self.open_limit) {
            self.postpone(id, &error);
            return false;
        }
        let Some(file) = self.files.get_mut(id) else { return false };
        let Some(handle) = file.handle.clone() else { return false };
        let moment = Moment { now, room, last: file.ending };
        match self.turns.take(id, file, &handle, moment, &mut self.batches) {
            Ok(Ended::Read) => {
                file.dirty = false;
                false
            }
            Ok(Ended::More) => {
                file.dirty = true;
                true
            }
            Ok(Ended::Rewritten) => {
                let unread = file.verified.saturating_sub(file.read.offset);
                drop(handle);
                self.truncated(id, unread, now);
                true
            }
            Err(error) => {
                self.postpone(id, &error);
                false
            }
        }
    }

    /// `id` cannot be read now: it waits until it changes, or the next scan knows better.
    fn postpone(&mut self, id: FileId, error: &std::io::Error) {
        let Some(file) = self.files.get_mut(id) else { return };
        if error.kind() != std::io::ErrorKind::NotFound {
            self.warnings.unreadable(&file.location.shown(), error);
            file.dirty = false;
        }
    }

    fn save(&mut self, wall: SystemTime) {
        self.forget();
        let Some(store) = &self.store else { return };
        let followed = self.files.iter().filter(|(_, file)| file.copy_of.is_none());
        let mut files: Vec<_> = followed.map(|(_, file)| file.remember(None)).collect();
        files.extend(self.remembered.iter().cloned());
        match store.save(&Checkpoint { written: nanoseconds(wall), files }) {
            Ok(()) => {
                self.unsaved = false;
                self.warnings.passed(|| store.path().to_path_buf());
            }
            Err(error) => {
                self.telemetry.checkpoint_failed.add(1);
                self.warnings.unreadable(store.path(), &error);
            }
        }
    }

    fn forget(&mut self) {
        let excess = self.remembered.len().saturating_sub(MOST_REMEMBERED);
        if excess > 0 {
            self.remembered.sort_by_key(|file| file.gone);
            self.remembered.drain(..excess);
        }
    }

    /// Whether the file called `name` with `facts` was made while the receiver was not running, or so shortly before that no scan had seen it.
    pub(super) fn came_meanwhile(&self, name: &Path, facts: &Facts) -> bool {
        let unseen = BIRTH_TOLERANCE.saturating_add(self.options.poll_interval);
        let unseen = u64::try_from(unseen.as_nanos()).unwrap_or(u64::MAX);
        match (self.resumed_from, facts.born) {
            (None, _) => false,
            (Some(stopped), Some(born)) => born.saturating_add(unseen) > stopped,
            // The new file of a rotation has a known name.
            (Some(_), None) => self.remembered.iter().any(|file| file.name == name),
        }
    }
}

/// Half of the files that the process may open: the rest is for sockets.
fn open_limit() -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(limit / 2).unwrap_or(usize::MAX)
}

/// Nanoseconds since 1970.
pub(crate) fn nanoseconds(time: SystemTime) -> u64 {
    let age = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(age.as_nanos()).unwrap_or(u64::MAX)
}
