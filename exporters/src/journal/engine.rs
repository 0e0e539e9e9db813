//! The thread that writes, for all queues of a storage.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, Sender};
use edgewatch_core::batch::Batch;
use edgewatch_core::refusal::Refusal;
use tokio::sync::oneshot;

use super::backlog::{Backlog, Debt};
use super::codec::Encoder;
use super::mailbox::{Mailbox, Post, mailbox};
use super::options::Options;
use super::queue::{Queue, Settlement};
use super::syncer::{Syncer, Unsynced};
use super::writer::Group;

/// Most commands that are looked at together.
const COMMANDS: usize = 256;

/// How many times a disk in trouble is tried at the end.
const LAST_TRIES: usize = 3;

/// Work for the thread.
#[derive(Debug)]
pub(super) enum Command {
    Append {
        queue: Arc<Queue>,
        batch: Batch,
        debt: Debt,
    },
    Settle {
        queue: Arc<Queue>,
        settlement: Settlement,
    },
    /// A sync has failed; `taken` is told when everything that was not synced is in the hands of this thread.
    Distrust {
        queue: Arc<Queue>,
        unsynced: Vec<Unsynced>,
        taken: Sender<()>,
    },
    /// Nothing more will be appended.
    Stop,
    /// The sync thread has ended.
    Synced,
}

/// Records that are settled, and who waits until that is written.
pub(super) type Done = Option<oneshot::Sender<()>>;

/// The threads of a storage. They end when it is dropped, after they have done everything.
#[derive(Debug)]
pub(super) struct Engine {
    commands: Post<Command>,
    pub(super) backlog: Arc<Backlog>,
    threads: Vec<JoinHandle<()>>,
}

impl Engine {
    /// Starts the threads. `lock` is held until they end.
    pub(super) fn start(options: &Options, lock: impl Send + Sync + 'static) -> io::Result<Self> {
        let (commands, receiver) = mailbox();
        let syncer = Arc::new(Syncer::default());
        let lock = Arc::new(lock);
        let backlog = Arc::new(Backlog::new(options.backlog_bytes));
        let mut engine = Self { commands, backlog, threads: Vec::new() };
        let own_commands = engine.commands.clone();
        let (own_syncer, own_lock) = (Arc::clone(&syncer), Arc::clone(&lock));
        let mut writing = Writing {
            encoder: Encoder::new(options.compress),
            group: Group::default(),
            syncer: Arc::clone(&syncer),
            troubled: Vec::new(),
            retry_every: options.retry_every,
            retry_at: Instant::now(),
        };
        let build = |name: &str| std::thread::Builder::new().name(name.to_owned());
        engine.threads.push(build("journal-sync").spawn(move || {
            own_syncer.run(&own_commands);
            // What could not be synced is written again before the end.
            let _ = own_commands.send(Command::Synced);
            drop(own_lock);
        })?);
        let writing = build("journal-write").spawn(move || {
            writing.run(&receiver);
            drop(lock);
        });
        // Nobody else would tell the other thread to end.
        engine.threads.push(writing.inspect_err(|_| syncer.stop())?);
        Ok(engine)
    }

    /// Hands `command` to the thread.
    pub(super) fn send(&self, command: Command) {
        // The thread is there as long as this is. A batch that it does not take refuses itself.
        let _ = self.commands.send(command);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.send(Command::Stop);
        for thread in self.threads.drain(..) {
            let _ended = thread.join();
        }
    }
}

/// The writing thread.
struct Writing {
    encoder: Encoder,
    group: Group,
    syncer: Arc<Syncer>,
    /// Queues whose disk is full or fails.
    troubled: Vec<Arc<Queue>>,
    /// How often to see whether that is over, and when next.
    retry_every: Duration,
    retry_at: Instant,
}

/// What one queue has to do.
struct Work {
    queue: Arc<Queue>,
    batches: Vec<(Batch, Debt)>,
    settlements: Vec<Settlement>,
}

/// How far the end is.
#[derive(Clone, Copy, Debug, Default)]
struct End {
    /// Nothing more will be appended.
    asked: bool,
    /// The sync thread has ended.
    synced: bool,
}

impl Writing {
    fn run(&mut self, commands: &Mailbox<Command>) {
        let mut work = Vec::new();
        let mut end = End::default();
        while let Some(first) = self.next(commands) {
            self.sort(&mut work, first, &mut end);
            for command in commands.ready().take(COMMANDS) {
                self.sort(&mut work, command, &mut end);
            }
            for Work { queue, batches, settlements } in work.drain(..) {
                if !settlements.is_empty() {
                    queue.settle_now(settlements, &self.syncer);
                }
                if !batches.is_empty() {
                    self.append(&queue, batches);
                }
                if queue.is_failing() && !self.troubled.iter().any(|other| Arc::ptr_eq(other, &queue)) {
                    self.troubled.push(queue);
                    self.retry_at = Instant::now() + self.retry_every;
                }
            }
            if end.asked {
                // Only now has everything been written that is to be synced. Goes on: a sync may fail.
                self.syncer.stop();
            }
            if end.synced && commands.is_empty() {
                for _ in 0..LAST_TRIES {
                    self.troubled.retain(|queue| !queue.retry(&mut self.encoder));
                }
                return;
            }
        }
    }

    /// The next command; while there is trouble, sees from time to time whether it is over.
    fn next(&mut self, commands: &Mailbox<Command>) -> Option<Command> {
        while !self.troubled.is_empty() {
            // First of all, because in a busy storage there is always a command.
            if self.retry_at <= Instant::now() {
                let encoder = &mut self.encoder;
                self.troubled.retain(|queue| !queue.retry(encoder));
                self.retry_at = Instant::now() + self.retry_every;
                continue;
            }
            match commands.next(Some(self.retry_at)) {
                Ok(command) => return Some(command),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        commands.next(None).ok()
    }

    /// Puts `command` to the work of its queue.
    fn sort(&mut self, work: &mut Vec<Work>, command: Command, end: &mut End) {
        match command {
            Command::Append { queue, batch, debt } => {
                work_of(work, &queue, |work| work.batches.push((batch, debt)));
            }
            Command::Settle { queue, settlement } => {
                work_of(work, &queue, |work| work.settlements.push(settlement));
            }
            Command::Distrust { queue, mut unsynced, taken } => {
                let rest = self.syncer.take(&queue).into_iter().flat_map(|job| job.unsynced);
                unsynced.extend(rest);
                queue.distrust(unsynced);
                // It waits for this.
                let _ = taken.send(());
                work_of(work, &queue, |_| {});
            }
            Command::Stop => end.asked = true,
            Command::Synced => end.synced = true,
        }
    }

    fn append(&mut self, queue: &Arc<Queue>, batches: Vec<(Batch, Debt)>) {
        let mut writer = queue.writer();
        for (batch, debt) in batches {
            if self.group.is_full() || writer.wants_segment(&self.group, &queue.options()) {
                queue.write(&mut writer, &mut self.group, &self.syncer);
            }
            if let Err(refusal) = queue.make_room(&mut writer, &self.group, &batch) {
                queue.refuse(batch, &refusal);
                continue;
            }
            if let Err(batch) = writer.add(&mut self.group, batch, debt, &mut self.encoder) {
                queue.refuse(
                    batch,
                    &Refusal::permanent("the batch is larger than a sending queue on disk takes"),
                );
            }
        }
        queue.write(&mut writer, &mut self.group, &self.syncer);
    }
}

fn work_of(work: &mut Vec<Work>, queue: &Arc<Queue>, add: impl FnOnce(&mut Work)) {
    match work.iter_mut().find(|work| Arc::ptr_eq(&work.queue, queue)) {
        Some(work) => add(work),
        None => {
            let mut new = Work { queue: Arc::clone(queue), batches: Vec::new(), settlements: Vec::new() };
            add(&mut new);
            work.push(new);
        }
    }
}
