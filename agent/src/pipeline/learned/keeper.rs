//! When what is read and saved: the part that lives in the task of a pipeline.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use edgewatch_core::learned::PART;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking, yield_now};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::reading::{Whose, restore};
use super::report::{Kept, Kin};
use crate::pipeline::graph::Hold;
use crate::pipeline::stage::Chain;

/// Time between two savings, if there was anything to learn from: what a crash makes the agent forget at most.
const INTERVAL: Duration = Duration::from_secs(5 * 60);
/// Longest wait for a predecessor to end and save.
const HANDOVER: Duration = Duration::from_secs(10);
/// How long saving goes on after no time is left: less than the agent then waits for its tasks.
const LAST_MOMENT: Duration = Duration::from_millis(300);
/// Parts that wait for the disk. One more is being written, and one is being made.
const WAITING: usize = 1;

/// Keeps what the processors of one chain have learned.
#[derive(Default)]
pub(in crate::pipeline) struct Keeper {
    kept: Vec<Kept>,
    fuse: Fuse,
    /// Fire when those have ended whose state this chain goes on with.
    predecessors: Vec<CancellationToken>,
    /// Batches have been processed since the last saving began.
    touched: bool,
    due: Option<Instant>,
    save: Option<Save>,
    /// Helper threads that may not have ended: a file has one writer at a time.
    written: Vec<JoinHandle<()>>,
}

/// A saving under way.
struct Save {
    /// Its place in the list of what is kept.
    at: usize,
    /// Where the next part begins.
    position: usize,
    writer: Writer,
}

/// A helper thread that writes one file.
struct Writer {
    parts: mpsc::Sender<Part>,
    written: JoinHandle<()>,
}

struct Part {
    bytes: Vec<u8>,
    is_last: bool,
}

/// What became of the part that is asked for.
enum Step {
    More(usize),
    Done,
}

impl Keeper {
    /// Keeps all of `kept`, which `predecessors` may still save.
    pub(in crate::pipeline) fn new<'a>(
        kept: Vec<Kept>,
        predecessors: impl Iterator<Item = &'a Hold>,
    ) -> Self {
        let predecessors =
            if kept.is_empty() { Vec::new() } else { predecessors.map(|hold| hold.ended.clone()).collect() };
        Self { kept, predecessors, ..Self::default() }
    }

    /// Whether anything is kept.
    pub(in crate::pipeline) fn keeps(&self) -> bool {
        !self.kept.is_empty()
    }

    /// Hands `chain` what was saved before, when those have ended who may still save.
    pub(in crate::pipeline) async fn restore(&mut self, chain: &mut Chain) {
        let predecessors = std::mem::take(&mut self.predecessors);
        let ended = async {
            for predecessor in &predecessors {
                predecessor.cancelled().await;
            }
        };
        if timeout(HANDOVER, ended).await.is_err() {
            self.kept.iter().for_each(|kept| kept.file.not_waited_for());
        }
        for kept in std::mem::take(&mut self.kept) {
            self.fuse.0.push(Arc::clone(&kept.file));
            if restore(&kept, chain).await == Whose::Ours {
                self.kept.push(kept);
            }
        }
        self.due = Some(Instant::now() + INTERVAL);
    }

    /// A batch has been processed: there may be something new.
    pub(in crate::pipeline) fn touch(&mut self) {
        self.touched = true;
    }

    /// Waits until [`Keeper::step`] has something to do.
    pub(in crate::pipeline) async fn ready(&self) {
        match (&self.save, self.due) {
            // A writer that has failed has ended.
            (Some(save), _) => drop(save.writer.parts.reserve().await),
            (None, Some(due)) if self.is_behind() => sleep_until(due).await,
            (None, Some(_) | None) => pending().await,
        }
    }

    /// Begins to save when that is due, or goes on with it by one part. Never waits.
    pub(in crate::pipeline) fn step(&mut self, chain: &mut Chain) {
        let Some(mut save) = self.save.take() else {
            if self.is_behind() && self.due.is_some_and(|due| due <= Instant::now()) {
                self.due = Some(Instant::now() + INTERVAL);
                self.save = self.begin_anew();
            }
            return;
        };
        if save.writer.parts.is_closed() {
            // It has said why.
            self.save = self.after(save);
            return;
        }
        let Ok(permit) = save.writer.parts.try_reserve() else {
            self.save = Some(save);
            return;
        };
        let Some(kept) = self.kept.get(save.at) else { return };
        let (part, step) = next_part(kept, chain, save.position);
        permit.send(part);
        match step {
            Step::More(position) => {
                save.position = position;
                self.save = Some(save);
            }
            Step::Done => self.save = self.after(save),
        }
    }

    /// Saves everything once more, because nothing will come. Gives up soon after `give_up`.
    pub(in crate::pipeline) async fn finish(mut self, chain: &mut Chain, give_up: CancellationToken) {
        if !self.keeps() {
            return;
        }
        // What is being saved is older than what there is now; without its last part it is put away.
        if let Some(save) = self.save.take() {
            self.touched = true;
            self.written.push(save.writer.written);
        }
        let written = std::mem::take(&mut self.written);
        let no_time = async {
            give_up.cancelled().await;
            sleep(LAST_MOMENT).await;
        };
        let save = async {
            for writer in written {
                let _ended = writer.await;
            }
            if self.is_behind() {
                self.save_all(chain).await;
            }
        };
        tokio::select! {
            () = save => {}
            () = no_time => self.fail("no time is left"),
        }
    }

    async fn save_all(&self, chain: &mut Chain) {
        for kept in &self.kept {
            let Writer { parts, written } = write(&kept.file);
            let mut position = 0;
            loop {
                let Ok(permit) = parts.reserve().await else { break };
                let (part, step) = next_part(kept, chain, position);
                permit.send(part);
                match step {
                    Step::More(next) => position = next,
                    Step::Done => break,
                }
                // Others run on the same thread.
                yield_now().await;
            }
            drop(parts);
            // It says itself what has become of it.
            let _ended = written.await;
        }
    }

    /// Whether there is something that is not on disk.
    fn is_behind(&self) -> bool {
        self.touched || self.kept.iter().any(|kept| kept.file.is_behind())
    }

    /// Begins with the first, unless the disk has not taken what was saved the last time.
    fn begin_anew(&mut self) -> Option<Save> {
        self.written.retain(|writer| !writer.is_finished());
        if self.written.is_empty() {
            self.touched = false;
            return self.begin(0);
        }
        self.fail("the disk has not taken what was saved before");
        None
    }

    /// Begins with the one after `save`, which is in the hands of its writer.
    fn after(&mut self, save: Save) -> Option<Save> {
        self.written.push(save.writer.written);
        self.begin(save.at + 1)
    }

    fn fail(&self, why: &str) {
        let error = io::Error::new(io::ErrorKind::TimedOut, why);
        self.kept.iter().for_each(|kept| kept.file.not_saved(&error));
    }

    /// Begins with what is kept `at` this place of the list, if there is any.
    fn begin(&self, at: usize) -> Option<Save> {
        let kept = self.kept.get(at)?;
        Some(Save { at, position: 0, writer: write(&kept.file) })
    }
}

/// The part of what `kept` has learned that begins at `position`, and where the next one does.
fn next_part(kept: &Kept, chain: &mut Chain, position: usize) -> (Part, Step) {
    let mut bytes = Vec::with_capacity(PART);
    let next = chain.learned(kept.index).and_then(|learned| learned.save(position, &mut bytes));
    (Part { bytes, is_last: next.is_none() }, next.map_or(Step::Done, Step::More))
}

/// Writes `file` on a helper thread. When the last part does not come, nothing has happened.
fn write(file: &Arc<Kin>) -> Writer {
    let (sender, parts) = mpsc::channel(WAITING);
    let file = Arc::clone(file);
    let written = spawn_blocking(move || match take_down(&file, parts) {
        Ok(Some(bytes)) => file.saved(bytes),
        Ok(None) => {}
        Err(error) => file.not_saved(&error),
    });
    Writer { parts: sender, written }
}

fn take_down(file: &Kin, mut parts: mpsc::Receiver<Part>) -> io::Result<Option<u64>> {
    let mut draft = file.place.draft()?;
    // Not before: there may have been no directory.
    file.claim()?;
    while let Some(part) = parts.blocking_recv() {
        draft.part(&part.bytes)?;
        if part.is_last {
            file.make_room();
            return draft.commit().map(Some);
        }
    }
    Ok(None)
}

/// Keeps an agent from failing again and again by what it has learned.
#[derive(Default)]
struct Fuse(Vec<Arc<Kin>>);

impl Drop for Fuse {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.iter().for_each(|file| file.failed());
        }
    }
}
