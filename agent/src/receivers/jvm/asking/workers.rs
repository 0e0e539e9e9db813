//! Who asks which JVM when.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use edgewatch_hotspot::find::ProcessId;

use super::interview::{Interview, Settings};
use super::{Answers, Askable};

/// So many JVMs may hang before others have to wait for them.
const WORKERS: usize = 4;

/// Questions need little room, answers are on the heap.
const STACK: usize = 256 << 10;

/// The threads and what they share.
pub(super) struct Workers {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    settings: Settings,
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
    answers: Option<Arc<Answers>>,
    log: Option<Arc<str>>,
}

/// What a worker does next.
enum Task {
    Ask(ProcessId, Interview),
    End(Interview),
    Stop,
}

impl Workers {
    pub(super) fn new(settings: Settings) -> Self {
        let shared = Shared { settings, list: Mutex::default(), changed: Condvar::new() };
        Self { shared: Arc::new(shared), threads: Mutex::default() }
    }

    pub(super) fn set(&self, jvms: impl IntoIterator<Item = Askable>) {
        let mut list = self.shared.lock();
        let mut there = HashSet::new();
        for jvm in jvms.into_iter().filter(|jvm| self.shared.settings.wants(jvm)) {
            let id = jvm.process.id;
            there.insert(id);
            list.jvms.entry(id).or_insert_with(|| Entry {
                interview: Some(Interview::new(jvm)),
                due: Some(Instant::now()),
                answers: None,
                log: None,
            });
        }
        let gone: Vec<Entry> =
            list.jvms.extract_if(|id, _| !there.contains(id)).map(|(_, entry)| entry).collect();
        // Who is being asked is noticed when the worker brings it back.
        list.ending.extend(gone.into_iter().filter_map(|entry| entry.interview));
        let wanted = list.jvms.len().max(list.ending.len()).min(WORKERS);
        drop(list);
        self.shared.changed.notify_all();
        self.hire(wanted);
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

    pub(super) fn answers(&self, jvm: ProcessId, now: Instant) -> Option<Arc<Answers>> {
        let list = self.shared.lock();
        let answers = list.jvms.get(&jvm)?.answers.as_ref()?;
        let age = now.saturating_duration_since(answers.at);
        (age <= self.shared.settings.lifetime()).then(|| Arc::clone(answers))
    }

    pub(super) fn logs_on(&self, jvm: ProcessId) -> Option<Arc<str>> {
        self.shared.lock().jvms.get(&jvm)?.log.clone()
    }

    pub(super) fn finish(self) {
        // Dropped, it stops the workers; what they have not seen to is seen to by them before they end.
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

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.lock().stopping = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
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
                            entry.answers = outcome.answers.or_else(|| entry.answers.take());
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
