//! The directory that holds the queues.

use std::collections::HashMap;
use std::fmt::Write as _;
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
use super::options::Options;
use super::queue::Queue;
use super::recovery::{Findings, recover};
use super::telemetry::QueueTelemetry;
use super::trouble::Reserve;
use super::writer::{Place, Writer};

/// Queues in a directory. The threads that work for them end with the last of the queues and this.
#[derive(Debug)]
pub struct Journals {
    directory: PathBuf,
    volume: Arc<dyn Volume>,
    options: Arc<Options>,
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
            options: Arc::new(options),
            engine: Arc::new(engine),
            queues: Mutex::default(),
        })
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

impl Journals {
    /// The queues in the directory that hold something and that nobody has asked for, such as those of exporters that have left the
    /// configuration; without those of which `known` says that they need not be looked at.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: the directory cannot be read.
    pub fn unclaimed(&self, known: impl Fn(&str, Signal) -> bool) -> Result<Vec<QueueReport>, StorageError> {
        let unreadable = |error| {
            let directory = self.directory.display();
            StorageError(format!("{directory} cannot be read ({error}); see that the agent may read it"))
        };
        let claimed: Vec<(String, Signal)> = {
            let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            queues.iter().filter(|(_, queue)| queue.strong_count() > 0).map(|(key, _)| key.clone()).collect()
        };
        let mut unclaimed = Vec::new();
        for (owner, signal) in queues(&self.directory).map_err(unreadable)? {
            if !known(&owner, signal) && !claimed.iter().any(|(of, for_)| *of == owner && *for_ == signal) {
                unclaimed
                    .extend(Some(look(&self.directory, owner, signal)?).filter(|queue| queue.records > 0));
            }
        }
        Ok(unclaimed)
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
        Ok(Arc::new(Handle::new(queue, Arc::clone(&self.engine))))
    }
}

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
