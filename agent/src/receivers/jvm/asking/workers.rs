//! Who asks which JVM when.

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use edgewatch_hotspot::find::ProcessId;

use super::super::neighbours::Mailbox;
use super::interview::{Interview, Outcome, Settings};
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
    /// No further question is to be asked.
    stopping: AtomicBool,
    list: Mutex<List>,
    /// Something is to be done earlier than everybody thinks.
    changed: Condvar,
}

#[derive(Default)]
struct List {
    jvms: HashMap<ProcessId, Entry>,
    /// Those that are not there any more and are to be left as they were found.
    ending: Vec<Interview>,
    /// When everything has to be done, once the agent stops.
    end: Option<Instant>,
}

struct Entry {
    /// `None` while a worker has it.
    interview: Option<Interview>,
    /// What was learnt meanwhile.
    news: Option<Askable>,
    /// It went meanwhile. It comes back when more is known about it, and is not begun anew then: a JVM gets one signal.
    gone: bool,
    /// `None`: it is never asked again.
    due: Option<Instant>,
    answers: Option<Answers>,
    /// The log that was switched on in it.
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
    End(Interview, Duration),
    Stop,
}

impl Workers {
    pub(super) fn new(settings: Settings, mailbox: Mailbox) -> Self {
        let shared = Inner {
            settings,
            mailbox,
            stopping: AtomicBool::new(false),
            list: Mutex::default(),
            changed: Condvar::new(),
        };
        Self { shared: Arc::new(shared), threads: Mutex::default() }
    }

    pub(super) fn add(&self, jvm: Askable) {
        if !self.shared.settings.wants(&jvm) {
            return;
        }
        let mut list = self.shared.lock();
        match list.jvms.entry(jvm.process.id) {
            Occupied(mut known) => {
                let entry = known.get_mut();
                entry.gone = false;
                match &mut entry.interview {
                    Some(interview) => {
                        interview.learn(jvm);
                        entry.due = Some(Instant::now());
                    }
                    None => entry.news = Some(jvm),
                }
            }
            Vacant(place) => {
                let interview = Some(Interview::new(jvm));
                let due = Some(Instant::now());
                place.insert(Entry { interview, news: None, gone: false, due, answers: None, log: None });
            }
        }
        let wanted = list.jvms.len().min(WORKERS);
        drop(list);
        self.shared.changed.notify_all();
        self.hire(wanted);
    }

    pub(super) fn remove(&self, jvm: ProcessId) {
        let mut list = self.shared.lock();
        match list.jvms.get_mut(&jvm) {
            // The worker that has it will bring it back.
            Some(entry) if entry.interview.is_none() => entry.gone = true,
            Some(_) => {
                let gone = list.jvms.remove(&jvm).and_then(|entry| entry.interview);
                list.ending.extend(gone);
            }
            None => {}
        }
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
        // Whoever hangs costs all of this time, which is for all of them together.
        list.end = Some(Instant::now() + self.shared.settings.timeout);
        self.shared.stopping.store(true, Ordering::Relaxed);
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
                Task::End(interview, patience) => interview.end(&self.settings, patience),
                Task::Ask(id, mut interview) => {
                    let outcome = interview.round(&self.settings, &self.stopping);
                    self.bring_back(id, interview, outcome);
                }
            }
        }
    }

    /// Takes a JVM back from its worker.
    fn bring_back(&self, id: ProcessId, mut interview: Interview, outcome: Outcome) {
        let mut list = self.lock();
        let stopping = list.end.is_some();
        let Some(entry) = list.jvms.get_mut(&id).filter(|entry| !entry.gone && !stopping) else {
            list.jvms.remove(&id);
            list.ending.push(interview);
            return;
        };
        entry.due = outcome.again.map(|again| Instant::now() + again);
        if let Some(news) = entry.news.take() {
            interview.learn(news);
            entry.due = Some(Instant::now());
        }
        if outcome.answers.is_some() || entry.is_too_old(&self.settings) {
            entry.answers = outcome.answers;
            report(&self.mailbox, id, interview.collector(), entry.answers.as_ref());
        }
        entry.log = interview.log().map(Arc::from);
        entry.interview = Some(interview);
        // Others may have planned without it.
        self.changed.notify_one();
    }

    /// Waits for something to do.
    fn next(&self) -> Task {
        let mut list = self.lock();
        loop {
            let now = Instant::now();
            if let Some(interview) = list.ending.pop() {
                let left = list.end.map(|end| end.saturating_duration_since(now));
                return Task::End(interview, left.unwrap_or(self.settings.timeout));
            }
            if list.end.is_some() {
                return Task::Stop;
            }
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
