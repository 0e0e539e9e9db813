//! The thread that waits for the disk, so that writes need not.

use std::io;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use edgewatch_core::ack::Ack;

use super::backlog::Debt;
use super::disk::File;
use super::engine::Command;
use super::mailbox::Post;
use super::queue::Queue;
use super::state::Record;
use super::totals::Totals;
use super::trouble::announce;

/// Most bytes of records that wait for the interval to end: they are in memory until then.
const MOST_BYTES: u64 = 32 << 20;

/// Something that has been written and is to be synced.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) queue: Arc<Queue>,
    pub(super) file: Arc<dyn File>,
    /// Whether the directory has changed, too.
    pub(super) directory: bool,
    /// The records in it; none when it is about acknowledgements.
    pub(super) unsynced: Vec<Unsynced>,
}

/// A record that is not safe yet. It can be written again.
#[derive(Debug)]
pub(super) struct Unsynced {
    pub(super) record: Record,
    pub(super) ack: Ack,
    pub(super) debt: Debt,
    /// What was appended before.
    pub(super) before: Totals,
}

impl Unsynced {
    /// Says that it is safe.
    pub(super) fn safe(mut self) {
        // Before the senders know: they may ask at once whether more is taken.
        drop(self.debt);
        self.ack.accepted();
        self.ack.delivered();
    }
}

impl Job {
    pub(super) fn of_acks(queue: Arc<Queue>, file: Arc<dyn File>) -> Self {
        Self { queue, file, directory: false, unsynced: Vec::new() }
    }

    fn bytes(&self) -> u64 {
        self.unsynced.iter().map(|unsynced| unsynced.record.totals.bytes).sum()
    }
}

/// Work for the thread.
#[derive(Debug, Default)]
pub(super) struct Syncer {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct State {
    jobs: Vec<Job>,
    /// Of the records in them.
    bytes: u64,
    /// When they are to be synced.
    due: Option<Instant>,
    stopped: bool,
}

impl Syncer {
    /// Syncs `job` after at most `delay`, together with what comes until then.
    pub(super) fn add(&self, job: Job, delay: Duration) {
        let now = Instant::now();
        let mut state = self.lock();
        state.bytes += job.bytes();
        state.jobs.push(job);
        let due = if state.bytes > MOST_BYTES { now } else { now + delay };
        // The thread need not be woken when it will look in time by itself.
        let sooner = state.due.is_none_or(|planned| due < planned);
        if sooner {
            state.due = Some(due);
        }
        drop(state);
        if sooner {
            self.wake.notify_one();
        }
    }

    /// Syncs what is there, then ends.
    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.wake.notify_one();
    }

    /// The jobs of `queue` that have not been begun.
    pub(super) fn take(&self, queue: &Arc<Queue>) -> Vec<Job> {
        let mut state = self.lock();
        let (own, others) =
            mem::take(&mut state.jobs).into_iter().partition(|job| Arc::ptr_eq(&job.queue, queue));
        state.jobs = others;
        state.bytes = state.jobs.iter().map(Job::bytes).sum();
        own
    }

    /// The thread. What cannot be synced goes to `commands`, to be written again.
    pub(super) fn run(&self, commands: &Post<Command>) {
        while let Some(jobs) = self.next() {
            for jobs in by_queue(jobs) {
                sync(jobs, commands);
            }
        }
    }

    /// What is due; waits for it. `None` at the end.
    fn next(&self) -> Option<Vec<Job>> {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            match state.due {
                Some(due) if due > now && !state.stopped => {
                    let waited = self.wake.wait_timeout(state, due - now);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                Some(_) => {
                    state.due = None;
                    state.bytes = 0;
                    return Some(mem::take(&mut state.jobs));
                }
                None if state.stopped => return None,
                None => state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn by_queue(jobs: Vec<Job>) -> Vec<Vec<Job>> {
    let mut groups: Vec<Vec<Job>> = Vec::new();
    for job in jobs {
        let same = |group: &&mut Vec<Job>| group.iter().any(|other| Arc::ptr_eq(&other.queue, &job.queue));
        match groups.iter_mut().find(same) {
            Some(group) => group.push(job),
            None => groups.push(vec![job]),
        }
    }
    groups
}

/// Syncs what was written to one queue, each file once.
fn sync(jobs: Vec<Job>, commands: &Post<Command>) {
    let Some(queue) = jobs.first().map(|job| Arc::clone(&job.queue)) else { return };
    let start = Instant::now();
    queue.syncing_acks();
    let outcome = sync_files(&queue, &jobs);
    queue.synced(start.elapsed(), outcome.as_ref().err());
    let last = jobs.iter().filter_map(|job| job.unsynced.last()).map(|last| last.record.sequence).max();
    let unsynced = jobs.into_iter().flat_map(|job| job.unsynced);
    match outcome {
        Ok(()) => {
            if let Some(last) = last {
                queue.state().synced = last + 1;
            }
            unsynced.for_each(Unsynced::safe);
        }
        Err(error) => {
            announce(&queue, &error);
            // Nothing more of this queue is synced until the writing thread has taken all there is.
            let (taken, done) = crossbeam_channel::bounded(1);
            let _ = commands.send(Command::Distrust { queue, unsynced: unsynced.collect(), taken });
            let _ = done.recv();
        }
    }
}

fn sync_files(queue: &Queue, jobs: &[Job]) -> io::Result<()> {
    let mut synced: Vec<&Arc<dyn File>> = Vec::new();
    for job in jobs {
        if !synced.iter().any(|file| Arc::ptr_eq(file, &job.file)) {
            job.file.sync()?;
            synced.push(&job.file);
        }
    }
    if jobs.iter().any(|job| job.directory) {
        queue.sync_directory()?;
    }
    Ok(())
}
