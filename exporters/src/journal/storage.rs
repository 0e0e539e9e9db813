//! The directory that holds the queues.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use edgewatch_core::Signal;
use edgewatch_core::storage::{Storage, StorageError, StoredQueue};
use edgewatch_core::telemetry::Telemetry;
use tracing::warn;

use super::disk::{RealVolume, Volume};
use super::engine::Engine;
use super::handle::Handle;
use super::inspect::{QueueReport, look};
use super::listing::queues;
use super::lock::lock;
use super::options::{InForce, Options};
use super::quarantine;
use super::queue::Queue;
use super::recovery::{Examined, Findings, examine, recover};
use super::telemetry::QueueTelemetry;
use super::trouble::Reserve;
use super::writer::{Place, Writer};

/// Queues in a directory. The threads that work for them end with the last of the queues and this.
#[derive(Debug)]
pub struct Journals {
    directory: PathBuf,
    volume: Arc<dyn Volume>,
    options: Arc<InForce>,
    engine: Arc<Engine>,
    reserve: Arc<Reserve>,
    queues: Mutex<HashMap<(String, Signal), Weak<Queue>>>,
}

impl Journals {
    /// Takes `directory`, which is made when it is not there.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: it cannot be used, or another agent uses it.
    pub fn open(directory: &Path, options: Options) -> Result<Self, StorageError> {
        let volume = Arc::new(RealVolume);
        make(&*volume, directory)?;
        let lock = lock(directory)?;
        Self::start(directory, volume, options, lock)
    }

    /// The same on any volume.
    pub(super) fn start(
        directory: &Path,
        volume: Arc<dyn Volume>,
        options: Options,
        lock: impl Send + Sync + 'static,
    ) -> Result<Self, StorageError> {
        make(&*volume, directory)?;
        // The same as for queues. Where the agent may not read the directory above, others have made this one.
        let _ = directory.parent().map(|above| volume.sync_directory(above));
        let engine = Engine::start(&options, lock).map_err(|error| {
            StorageError(format!("no threads for the storage in {} ({error})", directory.display()))
        })?;
        let reserve = Reserve::new(directory.join("reserve"), options.reserve_bytes);
        // A disk that has no room for it now may have some later.
        let _ = reserve.take(&*volume);
        Ok(Self {
            reserve: Arc::new(reserve),
            directory: directory.to_owned(),
            volume,
            options: Arc::new(InForce::new(options)),
            engine: Arc::new(engine),
            queues: Mutex::default(),
        })
    }

    /// Queues in the directory that nobody has asked for, and that hold something: those of exporters that have another id now, or are no
    /// more. What cannot be read is passed over.
    #[must_use]
    pub fn idle(&self) -> Vec<QueueReport> {
        let used: Vec<(String, Signal)> = {
            let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            queues.iter().filter(|(_, queue)| queue.strong_count() > 0).map(|(key, _)| key.clone()).collect()
        };
        let found = queues(&self.directory).unwrap_or_default();
        let idle = found.into_iter().filter(|key| !used.contains(key));
        let looked = idle.filter_map(|(owner, signal)| look(&self.directory, owner, signal).ok());
        looked.filter(|queue| queue.records > 0).collect()
    }

    /// Whether this is the storage in `directory`, however that is written.
    #[must_use]
    pub fn is_in(&self, directory: &Path) -> bool {
        let same = |(own, other)| own == other;
        self.directory.canonicalize().ok().zip(directory.canonicalize().ok()).is_some_and(same)
    }

    /// Goes on with other options; of those of the threads, whether to compress and how often to try again, it keeps what it began with.
    pub fn change(&self, options: Options) {
        self.options.set(options);
        if let Err(error) = self.reserve.resize(&*self.volume, options.reserve_bytes) {
            let directory = self.directory.display();
            warn!(%directory, %error, "no space could be set aside on the disk");
        }
        let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.values().filter_map(Weak::upgrade).for_each(|queue| queue.options_changed());
    }

    fn open_queue(
        &self,
        owner: &str,
        signal: Signal,
        telemetry: &Telemetry,
    ) -> Result<Arc<Queue>, StorageError> {
        let directory = self.directory.join(directory_name(owner, signal));
        let recovered = recover(&*self.volume, &directory)?;
        let telemetry = QueueTelemetry::new(telemetry, signal);
        let name = format!("{owner} ({})", signal.name());
        report(&name, recovered.found, &telemetry);
        let place = Place { volume: Arc::clone(&self.volume), directory, journal: recovered.journal };
        let writer = Writer {
            place: Arc::new(place),
            next_index: recovered.next_index,
            next: recovered.state.next,
            appended: recovered.appended,
            acks: recovered.acks,
            active: None,
            distrusted: Vec::new(),
        };
        let reserve = Arc::clone(&self.reserve);
        let state = recovered.state;
        Ok(Arc::new(Queue::new(name, Arc::clone(&self.options), state, writer, reserve, telemetry)))
    }
}

impl Storage for Journals {
    fn queue(
        &self,
        owner: &str,
        signal: Signal,
        telemetry: &Telemetry,
    ) -> Result<Arc<dyn StoredQueue>, StorageError> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (owner.to_owned(), signal);
        let queue = match queues.get(&key).and_then(Weak::upgrade) {
            Some(queue) => queue,
            None => {
                let queue = self.open_queue(owner, signal, telemetry)?;
                queues.insert(key, Arc::downgrade(&queue));
                queue
            }
        };
        // Also those of a queue that was another exporter's until now.
        queue.telemetry.show_in(telemetry, signal);
        Ok(Arc::new(Handle::new(queue, Arc::clone(&self.engine))))
    }

    fn owners(&self, signal: Signal) -> Result<Vec<String>, StorageError> {
        let queues = queues(&self.directory).map_err(|error| {
            StorageError(format!("{} cannot be read ({error})", self.directory.display()))
        })?;
        Ok(queues.into_iter().filter(|(_, other)| *other == signal).map(|(owner, _)| owner).collect())
    }

    fn forget(&self, owner: &str, signal: Signal) -> bool {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (owner.to_owned(), signal);
        // The threads may have something to do with it for a moment longer than its users.
        if queues.get(&key).is_some_and(|queue| queue.strong_count() > 0) {
            return false;
        }
        queues.remove(&key);
        remove_empty(&*self.volume, &self.directory.join(directory_name(owner, signal)))
    }
}

/// Removes the queue in `directory` unless something waits in it, or copies of damaged segments have been put aside there. Under
/// another name first: half of a queue must never be opened.
fn remove_empty(volume: &dyn Volume, directory: &Path) -> bool {
    let empty =
        |found: Examined| found.waiting.records == 0 && !directory.join(quarantine::DIRECTORY).exists();
    if !examine(volume, directory).is_ok_and(|found| found.is_ok_and(empty)) {
        return false;
    }
    let mut forgotten = directory.as_os_str().to_owned();
    forgotten.push(FORGOTTEN);
    // One that a crash has left.
    let _ = fs::remove_dir_all(&forgotten);
    let removed = fs::rename(directory, &forgotten).and_then(|()| fs::remove_dir_all(&forgotten));
    if let Err(error) = &removed {
        warn!(directory = %directory.display(), %error, "an empty queue cannot be removed");
    }
    removed.is_ok()
}

/// What the names of queues end in that are being removed.
const FORGOTTEN: &str = ".forgotten";

fn report(name: &str, found: Findings, telemetry: &QueueTelemetry) {
    if found.torn_bytes > 0 {
        telemetry.torn_bytes.add(usize::try_from(found.torn_bytes).unwrap_or(usize::MAX));
        warn!(
            queue = name,
            bytes = found.torn_bytes,
            "the sending queue ended in an unfinished write, which was cut off"
        );
    }
    if found.damaged_acks > 0 {
        telemetry.damaged_acknowledgements.add(found.damaged_acks);
        warn!(
            queue = name,
            places = found.damaged_acks,
            "acknowledgements are damaged, some batches may be sent twice"
        );
    }
}

fn make(volume: &dyn Volume, directory: &Path) -> Result<(), StorageError> {
    volume.make_directory(directory).map_err(|error| {
        StorageError(format!(
            "the directory {} cannot be made ({error}); make it, or name another one",
            directory.display()
        ))
    })
}

/// The directory of a queue: different for different owners, whatever characters they use.
pub(super) fn directory_name(owner: &str, signal: Signal) -> String {
    let mut name = String::with_capacity(owner.len() + 8);
    for byte in owner.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => name.push(char::from(byte)),
            // File systems may fold case, give dots and slashes a meaning, or refuse other characters.
            // Writing to a string does not fail.
            _ => drop(write!(name, "%{byte:02x}")),
        }
    }
    name.push('.');
    name.push_str(signal.name());
    name
}
