//! The thread that waits for the disk, so that writes need not.

use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use edgewatch_core::ack::Ack;

use super::disk::File;
use super::queue::Queue;

/// Something that has been written and is to be synced.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) queue: Arc<Queue>,
    pub(super) file: Arc<dyn File>,
    /// Whether the directory has changed, too.
    pub(super) directory: bool,
    /// Of the batches in it.
    pub(super) acks: Vec<Ack>,
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
    /// When they are to be synced.
    due: Option<Instant>,
    stopped: bool,
}

impl Syncer {
    /// Syncs `job` after at most `delay`, together with what comes until then.
    pub(super) fn add(&self, job: Job, delay: Duration) {
        let due = Instant::now() + delay;
        let mut state = self.lock();
        state.jobs.push(job);
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

    /// The thread.
    pub(super) fn run(&self) {
        while let Some(jobs) = self.next() {
            for jobs in by_queue(jobs) {
                sync(jobs);
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
fn sync(jobs: Vec<Job>) {
    let Some(queue) = jobs.first().map(|job| Arc::clone(&job.queue)) else { return };
    let start = Instant::now();
    let mut synced: Vec<Arc<dyn File>> = Vec::new();
    let mut outcome = Ok(());
    for job in &jobs {
        if !synced.iter().any(|file| Arc::ptr_eq(file, &job.file)) {
            outcome = outcome.and_then(|()| job.file.sync());
            synced.push(Arc::clone(&job.file));
        }
    }
    if jobs.iter().any(|job| job.directory) {
        outcome = outcome.and_then(|()| queue.sync_directory());
    }
    queue.synced(start.elapsed(), outcome.as_ref().err());
    for ack in jobs.into_iter().flat_map(|job| job.acks) {
        match &outcome {
            Ok(()) => ack.delivered(),
            Err(error) => ack.refused(&super::writer::refusal(error)),
        }
    }
}
