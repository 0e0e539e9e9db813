//! The behaviour.

use std::any::Any;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use edgewatch_core::config::ConfigError;
use edgewatch_core::extension::{Extension, Offers, Service};
use edgewatch_core::factory::{BuildContext, ExtensionSpec};
use edgewatch_core::receiver::ReceiveError;
use edgewatch_core::storage::{Storage, StorageError};
use edgewatch_exporters::journal::{self, Journals, Options};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::config::{Config, Fsync};

/// Pause before it is tried again to get hold of a directory.
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// The `file_storage` extension.
pub(crate) struct FileStorage {
    pub(super) config: Config,
    directory: PathBuf,
    /// What the predecessor has open, at a reload.
    former: Option<Arc<Journals>>,
    storage: Option<Arc<Journals>>,
    /// Whether it was the predecessor's, and goes by other settings only when this takes its place.
    inherited: bool,
}

impl ExtensionSpec for FileStorage {
    const NAME: &'static str = "file_storage";
    const OFFERS: &'static [Service] = &[Service::Storage];
    const ABOUT: &'static str = "keeps the queues of exporters on disk";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let Some(directory) = directory(&config, &context.id, context.state_directory.as_deref()) else {
            let message = "is missing, and the agent has no state directory; name a directory";
            return Err(ConfigError::new("directory", message));
        };
        let former = context.former.storage.clone().and_then(|storage| {
            let storage: Arc<dyn Any + Send + Sync> = storage;
            storage.downcast().ok()
        });
        Ok(Self { config, directory, former, storage: None, inherited: false })
    }
}

#[async_trait]
impl Extension for FileStorage {
    async fn open(&mut self) -> Result<(), ReceiveError> {
        if let Some(former) = self.former.take().filter(|former| former.is_in(&self.directory)) {
            (self.storage, self.inherited) = (Some(former), true);
            return Ok(());
        }
        let since = Instant::now();
        loop {
            let (config, directory) = (self.config.clone(), self.directory.clone());
            let opened = spawn_blocking(move || open(&config, &directory)).await;
            match opened.map_err(|error| ReceiveError::Setup(error.to_string()))? {
                Ok(storage) => {
                    self.storage = Some(storage);
                    return Ok(());
                }
                // Whoever holds the directory may be about to end.
                Err(_) if since.elapsed() + TRY_AGAIN <= self.config.timeout.get() => {
                    tokio::time::sleep(TRY_AGAIN).await;
                }
                Err(error) => return Err(ReceiveError::Setup(error.to_string())),
            }
        }
    }

    fn offers(&self) -> Offers {
        let storage = self.storage.clone().map(|storage| storage as Arc<dyn Storage>);
        Offers { storage, ..Offers::default() }
    }

    /// Every exporter has asked for its queues by now.
    async fn run(self: Box<Self>, stop: CancellationToken) {
        if let Some(storage) = self.storage.clone() {
            let changed = self.inherited.then(|| options(&self.config));
            // It may have to wait for the disk, and does not fail.
            let _ended = spawn_blocking(move || {
                if let Some(options) = changed {
                    storage.change(options);
                }
                warn_of_idle(&storage);
            })
            .await;
        }
        stop.cancelled().await;
    }
}

/// Where the extension `id` keeps queues; `None` when that is said nowhere.
pub(super) fn directory(config: &Config, id: &str, state_directory: Option<&Path>) -> Option<PathBuf> {
    match config.directory.as_str() {
        "" => state_directory.map(|state| state.join("queue").join(file_name(id))),
        directory => Some(PathBuf::from(directory)),
    }
}

/// Opens the storage.
fn open(config: &Config, directory: &Path) -> Result<Arc<Journals>, StorageError> {
    if config.create_directory {
        create(directory, config.permissions()).map_err(|error| {
            let directory = directory.display();
            StorageError(format!(
                "cannot make {directory}: {error}; name a directory that the agent may write to, or start it with --state-directory"
            ))
        })?;
    } else if !directory.is_dir() {
        let directory = directory.display();
        return Err(StorageError(format!(
            "there is no directory {directory}; make it, or set create_directory: true"
        )));
    }
    Ok(Arc::new(Journals::open(directory, options(config))?))
}

/// An exporter that has got another name finds an empty queue: what it has left would wait for ever, without a word.
fn warn_of_idle(storage: &Journals) {
    for queue in storage.idle() {
        let (exporter, signal, items) = (queue.exporter, queue.signal, queue.items);
        warn!(
            exporter,
            signal,
            items,
            directory = %queue.directory.display(),
            "a queue on disk belongs to no exporter that runs; configure the exporter again, or stop the agent and send the queue with \
             `edgewatch queue replay`"
        );
    }
}

fn create(directory: &Path, permissions: Option<u32>) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    if let Some(mode) = permissions {
        builder.mode(mode);
    }
    builder.create(directory)
}

fn options(config: &Config) -> Options {
    let sync = match config.fsync {
        Fsync::Always => journal::Sync::Always,
        Fsync::Interval => journal::Sync::Interval(config.fsync_interval.get()),
    };
    let max_bytes = Some(config.max_size.get()).filter(|size| *size > 0);
    let mut options =
        Options { sync, max_bytes, reserve_bytes: config.reserve_size.get(), ..Options::default() };
    if let Some(most) = max_bytes {
        // What is settled is given back by the segment: a small queue needs small ones.
        options.segment_bytes = options.segment_bytes.min(most / SEGMENTS);
    }
    options
}

/// Segments that a queue of limited size has at least.
const SEGMENTS: u64 = 8;

/// A name for the directory of the component `id`.
pub(super) fn file_name(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for character in id.chars() {
        if character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.') {
            name.push(character);
        } else {
            // A tilde and the code, as the Collector does it.
            name.push_str(&format!("~{:04X}", u32::from(character)));
        }
    }
    name
}
