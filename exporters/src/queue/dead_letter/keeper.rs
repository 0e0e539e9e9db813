//! Writing dead letters.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::{Batch, Segments};
use edgewatch_core::config::ConfigError;
use edgewatch_core::delivery::DeadLetterSettings;
use edgewatch_core::refusal::Refusal;
use edgewatch_core::storage::{Storage, StoredQueue};
use edgewatch_core::telemetry::{Counter, Telemetry};
use tokio::sync::{Mutex, Notify};
use tokio::task::spawn_blocking;
use tracing::{error, warn};

use super::boxes::{boxes, new_name, size};
use super::note::Note;
use crate::journal::{Journals, Options};

/// Time after which a box is let go of, so that its letters can be read.
const OPEN_FOR: Duration = Duration::from_secs(10);

/// A box is let go of when it may hold this part of what all may hold: the oldest goes as a whole.
const BOX_SHARE: u64 = 8;

const DIRECTORY: &str = "sending_queue.dead_letter.directory";

/// Where one exporter keeps what no destination took.
pub(in crate::queue) struct DeadLetters {
    exporter: String,
    directory: PathBuf,
    max_size: u64,
    open: Mutex<Option<OpenBox>>,
    opened: Notify,
    telemetry: DeadLetterTelemetry,
}

struct OpenBox {
    path: PathBuf,
    storage: Arc<dyn Storage>,
    /// In use until the box is let go of: a queue that is opened again begins a new file.
    queues: Vec<(Signal, Arc<dyn StoredQueue>)>,
    /// Encoded bytes of the letters.
    bytes: u64,
}

struct DeadLetterTelemetry {
    kept: Counter,
    lost: Counter,
    dropped_bytes: Counter,
}

impl DeadLetters {
    /// Makes the directory.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub(in crate::queue) fn new(
        settings: &DeadLetterSettings,
        exporter: &str,
        telemetry: &Telemetry,
    ) -> Result<Self, ConfigError> {
        let directory = PathBuf::from(&settings.directory);
        fs::create_dir_all(&directory).map_err(|error| {
            let directory = directory.display();
            let way_out = "name a directory that the agent may write to";
            ConfigError::new(DIRECTORY, format!("{directory} cannot be made: {error}; {way_out}"))
        })?;
        let counter = |name, unit, help| telemetry.counter(name, unit, help);
        let telemetry = DeadLetterTelemetry {
            kept: counter(
                "edgewatch_exporter_dead_letter_items",
                "{items}",
                "Items that no destination took and that were kept as dead letters.",
            ),
            lost: counter(
                "edgewatch_exporter_dead_letter_lost_items",
                "{items}",
                "Items that no destination took and that could not be kept as dead letters.",
            ),
            dropped_bytes: counter(
                "edgewatch_exporter_dead_letter_dropped",
                "By",
                "Bytes of dead letters on disk that made room for newer ones.",
            ),
        };
        Ok(Self {
            exporter: exporter.to_owned(),
            directory,
            max_size: settings.max_size.get(),
            open: Mutex::default(),
            opened: Notify::new(),
            telemetry,
        })
    }

    /// Keeps `part`, which no destination takes because of `refusal`. Completes when it is on disk, or is known to be lost.
    pub(in crate::queue) async fn keep(&self, part: &Batch, refusal: &Refusal) {
        let note = Note { time: SystemTime::now(), reason: refusal.reason.clone().into_owned() };
        let mut segments: Segments = part.segments().iter().cloned().collect();
        segments.push(note.write());
        match self.write(part.signal(), segments, part.items()).await {
            Ok(()) => self.telemetry.kept.add(part.items()),
            Err(reason) => {
                self.telemetry.lost.add(part.items());
                let (directory, items) = (self.directory.display(), part.items());
                error!(exporter = self.exporter, %directory, items, reason, "dead letter cannot be kept");
            }
        }
    }

    async fn write(&self, signal: Signal, segments: Segments, items: usize) -> Result<(), String> {
        let mut open = self.open.lock().await;
        let letters = match &mut *open {
            Some(letters) => letters,
            None => {
                let path = self.directory.join(new_name(SystemTime::now()));
                let storage = open_box(path.clone()).await?;
                self.opened.notify_one();
                open.insert(OpenBox { path, storage, queues: Vec::new(), bytes: 0 })
            }
        };
        let (ack, mut receipt) = Ack::pair(None);
        let batch = Batch::of_segments(signal, segments, items, ack);
        letters.bytes += batch.bytes() as u64;
        let full = letters.bytes >= self.max_size / BOX_SHARE;
        letters.queue(&self.exporter, signal)?.append(batch);
        let written = receipt.delivered().await;
        if full {
            self.let_go(open.take()).await;
        }
        written.map_err(|refusal| refusal.to_string())
    }

    /// Lets go of boxes when they have been open for some time. Never completes.
    pub(in crate::queue) async fn tend(&self) -> Infallible {
        loop {
            self.opened.notified().await;
            tokio::time::sleep(OPEN_FOR).await;
            self.close().await;
        }
    }

    /// Lets go of the box that is open.
    pub(in crate::queue) async fn close(&self) {
        let letters = self.open.lock().await.take();
        self.let_go(letters).await;
    }

    async fn let_go(&self, letters: Option<OpenBox>) {
        let Some(letters) = letters else { return };
        let (directory, max_size) = (self.directory.clone(), self.max_size);
        let trimmed = spawn_blocking(move || {
            let OpenBox { path, storage, queues, bytes: _ } = letters;
            drop((queues, storage));
            trim(&directory, max_size, &path)
        });
        match trimmed.await {
            Ok(Ok(0)) | Err(_) => {}
            Ok(Ok(dropped)) => {
                self.telemetry.dropped_bytes.add(usize::try_from(dropped).unwrap_or(usize::MAX));
                let directory = self.directory.display();
                warn!(exporter = self.exporter, %directory, bytes = dropped, "oldest dead letters dropped");
            }
            Ok(Err(reason)) => {
                let directory = self.directory.display();
                warn!(exporter = self.exporter, %directory, %reason, "dead letters cannot be counted");
            }
        }
    }
}

impl OpenBox {
    fn queue(&mut self, exporter: &str, signal: Signal) -> Result<Arc<dyn StoredQueue>, String> {
        if let Some((_, queue)) = self.queues.iter().find(|(of, _)| *of == signal) {
            return Ok(Arc::clone(queue));
        }
        let queue = self.storage.queue(exporter, signal, &Telemetry::default());
        let queue = queue.map_err(|error| error.to_string())?;
        self.queues.push((signal, Arc::clone(&queue)));
        Ok(queue)
    }
}

async fn open_box(path: PathBuf) -> Result<Arc<dyn Storage>, String> {
    let opened = spawn_blocking(move || -> Result<Arc<dyn Storage>, String> {
        let options = Options { reserve_bytes: 0, ..Options::default() };
        Ok(Arc::new(Journals::open(&path, options).map_err(|error| error.to_string())?))
    });
    opened.await.map_err(|error| error.to_string())?
}

/// Removes the oldest boxes until no more than `max_size` bytes are left; spares `newest` and those that somebody holds. Returns the bytes
/// that were removed.
fn trim(directory: &Path, max_size: u64, newest: &Path) -> io::Result<u64> {
    let boxes: Vec<_> = boxes(directory)?.into_iter().map(|path| (size(&path), path)).collect();
    let mut total: u64 = boxes.iter().map(|(size, _)| size).sum();
    let mut removed = 0;
    for (size, path) in boxes {
        if total <= max_size {
            break;
        }
        let held = || Journals::open(&path, Options::default()).is_err();
        if path == newest || held() {
            continue;
        }
        fs::remove_dir_all(&path)?;
        total -= size;
        removed += size;
    }
    Ok(removed)
}
