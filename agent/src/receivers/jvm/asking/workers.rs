//! Who asks which JVM when.

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use edgewatch_hotspot::find::ProcessId;

use super::super::neighbours::Mailbox;
use super::interview::{Interview, Settings};
use super::neighbour::report;
use super::{Answers, Askable};

/// So many JVMs may hang before others have to wait for them.
const WORKERS: usize = 4;

/// Questions need little room, answers are on the heap.
const STACK: usize = 256 << 10;

/// The threads and what they share.
pub(super) struct Workers {
    shared: Shared,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What all know.
pub(super) type Shared = Arc<Inner>;

pub(super) struct Inner {
    settings: Settings,
    mailbox: Mailbox,
    list: Mutex<List>,
    /// Something is to be done earlier than everybody thinks.
    changed: Condvar,
}

#[derive(Default)]
struct List {
    jvms: HashMap<ProcessId, Entry>,
    /// Those that are not there any more and are to be left as they were found.
    ending: Vec<Interview>,
    stopping: bool,
}

struct Entry {
    /// `None` while a worker has it.
    interview: Option<Interview>,
    /// `None`: it is never asked again.
    due: Option<Instant>,
    answers: Option<Answers>,
    log: Option<Arc<str>>,
}

impl Entry {
    /// Whether what it has answered is not true any more.
    fn is_too_old(&self, settings: &Settings) -> bool {
        self.answers.as_ref().is_some_and(|answers| answers.at.elapsed() > settings.lifetime())
    }
}

/// What a worker does next.
enum Task {
    Ask(ProcessId, Interview),
    End(Interview),
    Stop,
}

impl Workers {
    pub(super) fn new(settings: Settings, mailbox: Mailbox) -> Self {
        let shared = Inner { settings, mailbox, list: Mutex::default(), changed: Condvar::new() };
        Self { shared: Arc::new(shared), threads: Mutex::default() }
    }

    pub(super) fn add(&self, jvm: Askable) {
        if !self.shared.settings.wants(&jvm) {
            return;
        }
        let mut list = self.shared.lock();
        match list.jvms.entry(jvm.process.id) {
            // A worker that has it now asks with what is known already.
            Occupied(mut known) => {
                let entry = known.get_mut();
                if let Some(interview) = &mut entry.interview {
                    interview.learn(jvm);
                    entry.due = Some(Instant::now());
                }
            }
            Vacant(place) => {
                let interview = Some(Interview::new(jvm));
                place.insert(Entry { interview, due: Some(Instant::now()), answers: None, log: None });
            }
        }
        let wanted = list.jvms.len().min(WORKERS);
        drop(list);
        self.shared.changed.notify_all();
        self.hire(wanted);
    }

    pub(super) fn remove(&self, jvm: ProcessId) {
        let mut list = self.shared.lock();
        // Who is being asked is noticed when the worker brings it back.
        let gone = list.jvms.remove(&jvm).and_then(|entry| entry.interview);
        list.ending.extend(gone);
        drop(list);
        self.shared.changed.notify_all();
    }

    pub(super) fn shared(&self) -> Shared {
        self.shared.clone()
    }

    /// Sees to it that there are `wanted` threads.
    fn hire(&self, wanted: usize) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        while threads.len() < wanted {
            let shared = Arc::clone(&self.shared);
            let builder = Builder::new().name("jvm-attach".to_owned()).stack_size(STACK);
            match builder.spawn(move || shared.work()) {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    tracing::warn!(%error, "no thread to ask JVMs with; tried again when JVMs are looked for");
                    return;
                }
            }
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // What is left to do the workers do before they end.
        let mut list = self.shared.lock();
        let all: Vec<Interview> = list.jvms.drain().filter_map(|(_, entry)| entry.interview).collect();
        list.ending.extend(all);
        list.stopping = true;
        drop(list);
        self.shared.changed.notify_all();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A panic of a worker was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log that was switched on in `jvm`.
    pub(super) fn logs_on(&self, jvm: ProcessId) -> Option<Arc<str>> {
        self.lock().jvms.get(&jvm)?.log.clone()
    }

    /// The life of a worker.
    fn work(&self) {
        loop {
            match self.next() {
                Task::Stop => return,
                Task::End(interview) => interview.end(&self.settings),
                Task::Ask(id, mut interview) => {
                    let outcome = interview.round(&self.settings);
                    let mut list = self.lock();
                    let stopping = list.stopping;
                    match list.jvms.get_mut(&id).filter(|_| !stopping) {
                        Some(entry) => {
                            entry.due = outcome.again.map(|again| Instant::now() + again);
                            if outcome.answers.is_some() || entry.is_too_old(&self.settings) {
                                entry.answers = outcome.answers;
                                let answers = entry.answers.as_ref();
                                report(&self.mailbox, id, interview.collector(), answers);
                            }
                            entry.log = interview.log().map(Arc::from);
                            entry.interview = Some(interview);
                            // Others may have planned without it.
                            self.changed.notify_one();
                        }
                        None => list.ending.push(interview),
                    }
                }
            }
        }
    }

    /// Waits for something to do.
    fn next(&self) -> Task {
        let mut list = self.lock();
        loop {
            if let Some(interview) = list.ending.pop() {
                return Task::End(interview);
            }
            if list.stopping {
                return Task::Stop;
            }
            let now = Instant::now();
            let waiting = list.jvms.iter_mut().filter(|(_, entry)| entry.interview.is_some());
            let first = waiting
                .filter_map(|(id, entry)| Some((entry.due?, *id, entry)))
                .min_by_key(|(due, _, _)| *due);
            match first {
                Some((due, id, entry)) if due <= now => {
                    if let Some(interview) = entry.interview.take() {
                        return Task::Ask(id, interview);
                    }
                }
                Some((due, _, _)) => {
                    let wait = due.saturating_duration_since(now);
                    list = self.changed.wait_timeout(list, wait).unwrap_or_else(PoisonError::into_inner).0;
                }
                None => list = self.changed.wait(list).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}
