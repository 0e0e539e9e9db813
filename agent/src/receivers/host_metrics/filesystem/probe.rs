//! Asks file systems how full they are, without waiting for those that do not answer.
//!
//! `statvfs` on a dead network file system hangs in the kernel, where nothing can end it. It is therefore
//! called on a thread of its own. When a question is not answered in time, its thread is left to it, the
//! place counts as silent and is not asked again until the answer comes, and the next questions go to a new
//! thread. The number of threads that are left behind is capped.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::StatVfs;

/// How long the file systems of a round may take to answer, together. Live ones take microseconds.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long each may take when others have used up the patience.
const LEAST_PATIENCE: Duration = Duration::from_millis(20);
/// Most places that are silent at the same time; further ones are not asked.
const MOST_SILENT: usize = 16;

/// How full a file system is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Usage {
    /// Size of a block in bytes.
    pub(super) block: u64,
    pub(super) blocks: u64,
    pub(super) free_blocks: u64,
    /// Blocks that users without privileges can have.
    pub(super) available_blocks: u64,
    pub(super) inodes: u64,
    pub(super) free_inodes: u64,
}

impl From<StatVfs> for Usage {
    fn from(stat: StatVfs) -> Self {
        Self {
            block: stat.f_frsize,
            blocks: stat.f_blocks,
            free_blocks: stat.f_bfree,
            available_blocks: stat.f_bavail,
            inodes: stat.f_files,
            free_inodes: stat.f_ffree,
        }
    }
}

/// How a file system is asked: `statvfs`, or what a test says.
pub(super) type Ask = fn(&Path) -> io::Result<Usage>;

/// Asks the kernel.
pub(super) fn statvfs(path: &Path) -> io::Result<Usage> {
    Ok(rustix::fs::statvfs(path)?.into())
}

/// Asks file systems on a thread.
pub(super) struct Prober {
    ask: Ask,
    patience: Duration,
    left: Duration,
    worker: Option<Worker>,
    silent: HashMap<PathBuf, Worker>,
}

struct Worker {
    questions: SyncSender<PathBuf>,
    answers: Receiver<io::Result<Usage>>,
}

impl Worker {
    /// Starts a thread, which ends when the worker is dropped and the thread is not waiting for an answer.
    fn start(ask: Ask) -> io::Result<Self> {
        let (questions, inbox) = sync_channel::<PathBuf>(1);
        let (outbox, answers) = sync_channel(1);
        let work = move || {
            while let Ok(path) = inbox.recv() {
                if outbox.send(ask(&path)).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new().name("statvfs".to_owned()).stack_size(64 << 10).spawn(work)?;
        Ok(Self { questions, answers })
    }
}

fn ended() -> io::Error {
    io::Error::other("the thread that asks file systems has ended")
}

impl Prober {
    pub(super) fn new() -> Self {
        Self::with(statvfs, PATIENCE)
    }

    pub(super) fn with(ask: Ask, patience: Duration) -> Self {
        Self { ask, patience, left: patience, worker: None, silent: HashMap::new() }
    }

    /// How full the file system at `path` is.
    pub(super) fn ask(&mut self, path: &Path) -> io::Result<Usage> {
        if let Some(worker) = self.silent.get(path) {
            match worker.answers.try_recv() {
                Ok(answer) => {
                    self.silent.remove(path);
                    return answer;
                }
                Err(TryRecvError::Empty) => {
                    return Err(io::Error::new(io::ErrorKind::TimedOut, "still does not answer"));
                }
                Err(TryRecvError::Disconnected) => {
                    self.silent.remove(path);
                }
            }
        }
        if self.silent.len() >= MOST_SILENT {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "too many others do not answer"));
        }
        let worker = match self.worker.take() {
            Some(worker) => worker,
            None => Worker::start(self.ask)?,
        };
        worker.questions.send(path.to_owned()).map_err(|_| ended())?;
        let asked = Instant::now();
        let answer = worker.answers.recv_timeout(self.left.max(LEAST_PATIENCE));
        self.left = self.left.saturating_sub(asked.elapsed());
        match answer {
            Ok(answer) => {
                self.worker = Some(worker);
                answer
            }
            Err(RecvTimeoutError::Timeout) => {
                self.silent.insert(path.to_owned(), worker);
                Err(io::Error::new(io::ErrorKind::TimedOut, "does not answer; skipped until it does"))
            }
            Err(RecvTimeoutError::Disconnected) => Err(ended()),
        }
    }

    /// Begins a round: forgets the silent places that are no longer mounted, and is patient again.
    pub(super) fn begin(&mut self, mut mounted: impl FnMut(&Path) -> bool) {
        self.silent.retain(|path, _| mounted(path));
        self.left = self.patience;
    }
}
