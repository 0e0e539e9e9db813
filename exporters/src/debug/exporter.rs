use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use async_trait::async_trait;
use edgewatch_core::batch::{Batch, Segments};
use edgewatch_core::config::ConfigError;
use edgewatch_core::delivery::Delivery;
use edgewatch_core::exporter::{Delivered, ExportError, Exporter};
use edgewatch_core::factory::{BuildContext, ExporterSpec};
use tracing::warn;

use super::config::Config;
use super::printer::{Printed, Printer, Surroundings};
use crate::calendar::DateTime;

const DESTINATION: &str = "standard output";

/// The `debug` exporter.
pub(crate) struct DebugExporter {
    id: String,
    printer: Arc<Mutex<Printer>>,
}

impl fmt::Debug for DebugExporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DebugExporter").field("id", &self.id).finish_non_exhaustive()
    }
}

impl ExporterSpec for DebugExporter {
    const NAME: &'static str = "debug";
    const ALIASES: &'static [&'static str] = &["logging"];
    const ABOUT: &'static str = "prints telemetry to standard output";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let surroundings = Surroundings {
            out: Box::new(io::stdout()),
            width: || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)),
            clock: DateTime::local,
        };
        Ok(Self::printing_to(surroundings, &config, context))
    }

    fn delivery(config: &Config) -> Delivery {
        let local = Delivery::local();
        let queue = config.sending_queue.clone().unwrap_or_else(|| local.queue.clone());
        Delivery { queue, ..local }
    }
}

impl DebugExporter {
    /// An exporter in other surroundings than a terminal.
    pub(super) fn printing_to(surroundings: Surroundings, config: &Config, context: &BuildContext) -> Self {
        Self { id: context.id.clone(), printer: Arc::new(Mutex::new(Printer::new(config, surroundings))) }
    }
}

#[async_trait]
impl Exporter for DebugExporter {
    async fn export(&self, batch: &Batch) -> Result<Delivered, ExportError> {
        let (signal, items) = (batch.signal(), batch.items());
        let segments: Segments = batch.segments().iter().cloned().collect();
        let printer = Arc::clone(&self.printer);
        let printing = tokio::task::spawn_blocking(move || {
            let mut printer = printer.lock().unwrap_or_else(PoisonError::into_inner);
            printer.print(signal, &segments, items, (Instant::now(), SystemTime::now()))
        });
        match printing.await {
            Ok(Ok(Printed::Yes)) => Ok(Delivered::default()),
            Ok(Ok(Printed::ReaderGone)) => {
                warn!(exporter = %self.id, "nobody reads standard output any more, nothing is printed from now on");
                Ok(Delivered::default())
            }
            Ok(Err(error)) => Err(ExportError::Retryable {
                destination: DESTINATION.to_owned(),
                retry_after: None,
                reason: error.to_string(),
            }),
            Err(error) => Err(ExportError::Rejected {
                destination: DESTINATION.to_owned(),
                items,
                reason: error.to_string(),
            }),
        }
    }
}
