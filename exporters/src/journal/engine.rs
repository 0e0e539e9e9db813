//! The thread that writes, for all queues of a storage.

use std::io;
use std::mem;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender};
use edgewatch_core::batch::Batch;
use edgewatch_core::refusal::Refusal;
use tokio::sync::oneshot;

use super::codec::Encoder;
use super::options::Options;
use super::queue::{Queue, Settlement};
use super::syncer::Syncer;
use super::writer::Group;

/// Most commands that are looked at together.
const COMMANDS: usize = 256;

/// Work for the thread.
#[derive(Debug)]
pub(super) enum Command {
    Append { queue: Arc<Queue>, batch: Batch },
    Settle { queue: Arc<Queue>, settlement: Settlement },
}

/// Records that are settled, and who waits until that is written.
pub(super) type Done = Option<oneshot::Sender<()>>;

/// The threads of a storage. They end when it is dropped, after they have done everything.
#[derive(Debug)]
pub(super) struct Engine {
    commands: Option<Sender<Command>>,
    syncer: Arc<Syncer>,
    threads: Vec<JoinHandle<()>>,
}

impl Engine {
    /// Starts the threads. `lock` is held until they end.
    pub(super) fn start(options: &Options, lock: impl Send + Sync + 'static) -> io::Result<Self> {
        let (commands, receiver) = crossbeam_channel::unbounded();
        let syncer = Arc::new(Syncer::default());
        let lock = Arc::new(lock);
        let mut engine = Self { commands: Some(commands), syncer: Arc::clone(&syncer), threads: Vec::new() };
        let (own_syncer, own_lock) = (Arc::clone(&syncer), Arc::clone(&lock));
        let mut writing = Writing {
            encoder: Encoder::new(options.compress),
            group: Group::default(),
            syncer: Arc::clone(&syncer),
        };
        let build = |name: &str| std::thread::Builder::new().name(name.to_owned());
        engine.threads.push(build("journal-sync").spawn(move || {
            own_syncer.run();
            drop(own_lock);
        })?);
        engine.threads.push(build("journal-write").spawn(move || {
            writing.run(&receiver);
            drop(lock);
        })?);
        Ok(engine)
    }

    /// Hands `command` to the thread.
    pub(super) fn send(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // The thread is there as long as this is. A batch that it does not take refuses itself.
            let _ = commands.send(command);
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.commands = None;
        let writer = self.threads.pop();
        let _ended = writer.map(JoinHandle::join);
        self.syncer.stop();
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
}

/// What one queue has to do.
struct Work {
    queue: Arc<Queue>,
    batches: Vec<Batch>,
    settlements: Vec<Settlement>,
}

impl Writing {
    fn run(&mut self, commands: &Receiver<Command>) {
        let mut work = Vec::new();
        while let Ok(first) = commands.recv() {
            sort(&mut work, first);
            commands.try_iter().take(COMMANDS).for_each(|command| sort(&mut work, command));
            for Work { queue, batches, settlements } in mem::take(&mut work) {
                if !settlements.is_empty() {
                    queue.settle_now(settlements, &self.syncer);
                }
                self.append(&queue, batches);
            }
        }
    }

    fn append(&mut self, queue: &Arc<Queue>, batches: Vec<Batch>) {
        if batches.is_empty() {
            return;
        }
        let mut writer = queue.writer();
        for batch in batches {
            if self.group.is_full() || writer.wants_segment(&self.group, &queue.options) {
                queue.write(&mut writer, &mut self.group, &self.syncer);
            }
            if let Err(refusal) = queue.make_room(&mut writer, &batch) {
                queue.refuse(batch, &refusal);
                continue;
            }
            if let Err(batch) = writer.add(&mut self.group, batch, &mut self.encoder) {
                queue.refuse(
                    batch,
                    &Refusal::permanent("the batch is larger than a sending queue on disk takes"),
                );
            }
        }
        queue.write(&mut writer, &mut self.group, &self.syncer);
    }
}

fn sort(work: &mut Vec<Work>, command: Command) {
    let queue = match &command {
        Command::Append { queue, .. } | Command::Settle { queue, .. } => queue,
    };
    let at = match work.iter().position(|work| Arc::ptr_eq(&work.queue, queue)) {
        Some(at) => at,
        None => {
            work.push(Work { queue: Arc::clone(queue), batches: Vec::new(), settlements: Vec::new() });
            work.len() - 1
        }
    };
    if let Some(work) = work.get_mut(at) {
        match command {
            Command::Append { batch, .. } => work.batches.push(batch),
            Command::Settle { settlement, .. } => work.settlements.push(settlement),
        }
    }
}
