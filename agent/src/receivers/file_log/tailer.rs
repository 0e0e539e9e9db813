//! The state machine that knows and reads files. Everything that touches a disk happens here, step by step, on a helper thread.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use edgewatch_core::config::ConfigError;
use tracing::{info, warn};

use super::checkpoint::{Checkpoint, Loaded, Remembered, Store};
use super::chunks::{Chunk, Chunks};
use super::config::Config;
use super::files::{FileId, Files};
use super::finder::Finder;
use super::identity::{Facts, Place, Position};
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
pub(super) struct Tailer {
    pub(super) config: Config,
    pub(super) finder: Finder,
    pub(super) files: Files,
    /// Files that are not followed now, and how far they were read.
    pub(super) remembered: Vec<Remembered>,
    /// Files that are passed over: compressed ones.
    pub(super) ignored: HashMap<Place, PathBuf>,
    pub(super) warnings: Warnings,
    pub(super) telemetry: FileTelemetry,
    pub(super) open_limit: usize,
    /// When the checkpoint that was found had been written; none when there was none.
    pub(super) resumed_from: Option<u64>,
    pub(super) scanned_once: bool,
    /// Something has changed that the checkpoint does not say.
    pub(super) unsaved: bool,
    turns: Turns,
    chunks: Chunks,
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
pub(super) struct Step {
    pub(super) now: Instant,
    pub(super) wall: SystemTime,
    /// Bytes that may be written; zero: only look after the files.
    pub(super) room: usize,
    /// Positions that have been delivered, in order.
    pub(super) delivered: Vec<(FileId, Position)>,
}

/// What a step brought.
#[derive(Debug)]
pub(super) struct Stepped {
    pub(super) chunks: Vec<Chunk>,
    /// Another step would bring more at once.
    pub(super) more: bool,
}

impl Tailer {
    pub(super) fn new(
        config: Config,
        id: &str,
        store: Option<Store>,
        open_limit: usize,
        telemetry: FileTelemetry,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            finder: Finder::new(&config.include, &config.exclude, config.exclude_older_than.get())?,
            files: Files::default(),
            remembered: Vec::new(),
            ignored: HashMap::new(),
            warnings: Warnings::new(id),
            turns: Turns::new(&config, telemetry.clone()),
            chunks: Chunks::new(&config),
            telemetry,
            open_limit: open_limit.min(config.max_concurrent_files.get()).max(1),
            resumed_from: None,
            scanned_once: false,
            unsaved: false,
            store,
            next_poll: None,
            next_scan: None,
            next_save: None,
            last_served: FileId(0),
            share: SHARE,
            config,
        })
    }

    /// Writes no checkpoints.
    pub(super) fn keep_in_memory(&mut self) {
        self.store = None;
    }

    /// Reads the checkpoint, once, before the first step.
    pub(super) fn load(&mut self) {
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
    pub(super) fn step(&mut self, step: Step) -> Stepped {
        self.deliver(step.delivered);
        let polled = self.next_poll.is_none_or(|due| due <= step.now);
        if polled {
            self.next_poll = Some(step.now + self.config.poll_interval.get());
            self.observe(step.now, step.wall);
            if self.next_scan.is_none_or(|due| due <= step.now) {
                let begun = Instant::now();
                self.scan(step.now, step.wall);
                let pause = (begun.elapsed() * self.share).max(self.config.poll_interval.get());
                // A little earlier than the poll that it belongs to.
                self.next_scan = Some(step.now + pause - self.config.poll_interval.get() / 2);
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
        Stepped { chunks: self.chunks.take(), more }
    }

    /// Writes the last checkpoint.
    pub(super) fn finish(&mut self, delivered: Vec<(FileId, Position)>, wall: SystemTime) {
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
        self.chunks.observed = nanoseconds(wall);
        let waiting = self.files.waiting(self.last_served, now);
        self.telemetry.reading_files.set(waiting.len() as u64);
        let mut more = false;
        for id in waiting {
            if self.chunks.bytes() >= room {
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
        match self.turns.take(id, file, &handle, moment, &mut self.chunks) {
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
            self.warnings.unreadable(&file.location, error);
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
                self.warnings.passed(store.path());
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

    /// Whether `path` with `facts` was made while the receiver was not running, or so shortly before that no scan had seen it.
    pub(super) fn came_meanwhile(&self, path: &Path, facts: &Facts) -> bool {
        let unseen = BIRTH_TOLERANCE.saturating_add(self.config.poll_interval.get());
        let unseen = u64::try_from(unseen.as_nanos()).unwrap_or(u64::MAX);
        match (self.resumed_from, facts.born) {
            (None, _) => false,
            (Some(stopped), Some(born)) => born.saturating_add(unseen) > stopped,
            // The new file of a rotation has a known name.
            (Some(_), None) => self.remembered.iter().any(|file| file.name == path),
        }
    }
}

/// Nanoseconds since 1970.
pub(super) fn nanoseconds(time: SystemTime) -> u64 {
    let age = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(age.as_nanos()).unwrap_or(u64::MAX)
}
