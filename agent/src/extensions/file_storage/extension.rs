//! The behaviour.

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
use edgewatch_exporters::journal::{Journals, Options, Sync};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::config::{Config, Fsync};
use super::unclaimed::watch;

/// Pause before it is tried again to get hold of a directory.
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// The `file_storage` extension.
pub(crate) struct FileStorage {
    pub(super) config: Config,
    directory: PathBuf,
    storage: Option<Arc<Journals>>,
}

impl ExtensionSpec for FileStorage {
    const NAME: &'static str = "file_storage";
    const OFFERS: &'static [Service] = &[Service::Storage];
    const ABOUT: &'static str = "keeps the queues of exporters on disk";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let directory = match (config.directory.as_str(), &context.state_directory) {
            ("", Some(state)) => state.join("queue").join(file_name(&context.id)),
            ("", None) => {
                let message = "is missing, and the agent has no state directory; name a directory";
                return Err(ConfigError::new("directory", message));
            }
            (directory, _) => PathBuf::from(directory),
        };
        Ok(Self { config, directory, storage: None })
    }
}

#[async_trait]
impl Extension for FileStorage {
    async fn open(&mut self) -> Result<(), ReceiveError> {
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

    async fn run(self: Box<Self>, stop: CancellationToken) {
        let watch = async {
            match self.storage {
                Some(storage) => watch(storage).await,
                None => std::future::pending().await,
            }
        };
        stop.run_until_cancelled(watch).await;
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
        Fsync::Always => Sync::Always,
        Fsync::Interval => Sync::Interval(config.fsync_interval.get()),
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
