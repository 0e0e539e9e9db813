use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use edgewatch_core::batch::{Batch, Segments};
use edgewatch_core::config::ConfigError;
use edgewatch_core::delivery::Delivery;
use edgewatch_core::exporter::{Delivered, ExportError, Exporter};
use edgewatch_core::factory::{BuildContext, ExporterSpec};
use tracing::warn;

use super::config::Config;
use super::writer::{self, Writer};

/// The `file` exporter.
pub(crate) struct FileExporter {
    path: String,
    writer: Arc<Mutex<Writer>>,
}

impl fmt::Debug for FileExporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileExporter").field("path", &self.path).finish_non_exhaustive()
    }
}

impl ExporterSpec for FileExporter {
    const NAME: &'static str = "file";
    const ABOUT: &'static str = "writes telemetry to a file as OTLP/JSON lines or protobuf";
    type Config = Config;

    /// Looks at the place only: the file is opened, and emptied where that is asked for, with the first
    /// batch, when a predecessor that a reload replaces has stopped writing.
    fn build(config: Config, _context: &BuildContext) -> Result<Self, ConfigError> {
        writer::check(&config.path, config.create_directory)
            .map_err(|fact| ConfigError::new("path", fact))?;
        let path = config.path.display().to_string();
        let writer = Writer::new(config).map_err(|error| {
            ConfigError::new("compression", format!("zstd cannot be set up ({error}); use compression none"))
        })?;
        Ok(Self { path, writer: Arc::new(Mutex::new(writer)) })
    }

    fn delivery(_config: &Config) -> Delivery {
        Delivery::local()
    }
}

impl FileExporter {
    /// Lets the writer work on a helper thread.
    async fn on_helper<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let writer = Arc::clone(&self.writer);
        let working = tokio::task::spawn_blocking(move || {
            work(&mut writer.lock().unwrap_or_else(PoisonError::into_inner))
        });
        working.await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}

#[async_trait]
impl Exporter for FileExporter {
    async fn export(&self, batch: &Batch) -> Result<Delivered, ExportError> {
        let (signal, items) = (batch.signal(), batch.items());
        let segments: Segments = batch.segments().iter().cloned().collect();
        let writing = self.on_helper(move |writer| writer.write(signal, &segments, SystemTime::now()));
        writing.await.map(|()| Delivered::default()).map_err(|error| {
            let (destination, reason) = (self.path.clone(), error.to_string());
            if error.kind() == io::ErrorKind::InvalidData {
                ExportError::Rejected { destination, items, reason }
            } else {
                ExportError::Retryable { destination, retry_after: None, reason }
            }
        })
    }

    fn is_exclusive(&self) -> bool {
        true
    }

    async fn close(&self) {
        if let Err(error) = self.on_helper(Writer::close).await {
            warn!(path = %self.path, %error, "the file could not be put on the disk");
        }
    }
}
