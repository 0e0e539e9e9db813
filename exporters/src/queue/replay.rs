//! Sending what lies in dead letters, or in the queue of an agent that has stopped.
//!
//! What the destination takes is settled, so that it does not come again, and the rest stays. A replay may therefore be interrupted and
//! repeated: what comes twice is at most the one request that was being sent.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::{ConfigError, Headers};
use edgewatch_core::delivery::RetrySettings;
use edgewatch_core::exporter::{ExportError, Exporter};
use edgewatch_core::factory::{BuildContext, ExporterSpec};
use edgewatch_core::storage::{Consumer, Storage, StorageError, Stored, StoredQueue};
use edgewatch_core::telemetry::Telemetry;
use tokio::time::Instant;

use super::dead_letter::{Note, boxes};
use super::split::halve;
use crate::journal::{Journals, Options, queues};
use crate::otlp_http::{Config, OtlpHttp};
use crate::retry::Backoff;

/// Time that one request has for all its attempts.
const TRY_FOR: Duration = Duration::from_secs(30);

/// Time that one attempt has.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Time to read a record. One that is damaged is not handed out.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// What has been done so far.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Progress {
    /// Items that were to be sent when it began.
    pub found: usize,
    /// Items that the destination has taken.
    pub sent: usize,
    /// Items that the destination has refused for good. They stay.
    pub refused: usize,
    /// The destination's words about the last of them.
    pub reason: String,
    /// Directories that were left alone because an agent uses them.
    pub in_use: Vec<PathBuf>,
}

/// Why a replay has ended early. What was not sent stays.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The directory cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// As given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is something else.
    #[error("{path} holds neither dead letters nor queues; name the directory of sending_queue.dead_letter, or that of a storage", path = .0.display())]
    Nothing(PathBuf),
    /// A storage cannot be opened.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The destination does not answer.
    #[error("{0}; what was not sent is kept, start again when the destination is back")]
    Unavailable(ExportError),
}

/// An exporter that sends OTLP over HTTP to `endpoint`, with `headers`.
///
/// # Errors
///
/// When the endpoint is no URL, or a header none.
pub fn destination(
    endpoint: &str,
    headers: Headers,
    context: &BuildContext,
) -> Result<Box<dyn Exporter>, ConfigError> {
    let config = Config::to(endpoint, headers);
    edgewatch_core::factory::ComponentConfig::validate(&config)?;
    Ok(Box::new(OtlpHttp::build(config, context)?))
}

/// Sends what lies at `path`: dead letters, a box of them, or a storage. Tells `report` after each request.
///
/// # Errors
///
/// [`ReplayError`].
pub async fn replay(
    path: &Path,
    exporter: &dyn Exporter,
    mut report: impl FnMut(&Progress),
) -> Result<Progress, ReplayError> {
    let read = |source| ReplayError::Read { path: path.to_owned(), source };
    let letters = boxes(path).map_err(read)?;
    let mut progress = Progress::default();
    if letters.is_empty() {
        if queues(path).map_err(read)?.is_empty() {
            // All letters have been sent, or none has been written yet.
            let empty = fs::read_dir(path).map_err(read)?.next().is_none();
            return if empty { Ok(progress) } else { Err(ReplayError::Nothing(path.to_owned())) };
        }
        let storage = Journals::open(path, options())?;
        Replay { exporter, progress: &mut progress, report: &mut report }.storage(&storage, path).await?;
        return Ok(progress);
    }
    for path in letters {
        let storage = match Journals::open(&path, options()) {
            Ok(storage) => storage,
            // The agent fills it just now, or has dropped it to make room.
            Err(_) => {
                progress.in_use.extend(path.exists().then_some(path));
                continue;
            }
        };
        let mut replay = Replay { exporter, progress: &mut progress, report: &mut report };
        let empty = replay.storage(&storage, &path).await?;
        drop(storage);
        if empty {
            fs::remove_dir_all(&path).map_err(|source| ReplayError::Read { path, source })?;
        }
    }
    Ok(progress)
}

/// Nothing is appended: no limits, no reserve.
fn options() -> Options {
    Options { reserve_bytes: 0, ..Options::default() }
}

struct Replay<'a, R> {
    exporter: &'a dyn Exporter,
    progress: &'a mut Progress,
    report: &'a mut R,
}

/// What the destination made of a record.
enum Answer {
    Taken,
    /// Some or all of it was refused for good.
    Refused(String),
}

impl<R: FnMut(&Progress)> Replay<'_, R> {
    /// Sends what `storage` holds. Returns whether nothing is left.
    async fn storage(&mut self, storage: &Journals, path: &Path) -> Result<bool, ReplayError> {
        let read = |source| ReplayError::Read { path: path.to_owned(), source };
        let mut empty = true;
        for (owner, signal) in queues(path).map_err(read)? {
            let queue = storage.queue(&owner, signal, &Telemetry::default())?;
            self.progress.found += queue.usage().items;
            (self.report)(self.progress);
            let consumer = std::sync::Arc::clone(&queue).consumer().await;
            self.queue(queue.as_ref(), consumer.as_ref(), signal).await?;
            drop(consumer);
            empty &= queue.usage().records == 0;
        }
        Ok(empty)
    }

    async fn queue(
        &mut self,
        queue: &dyn StoredQueue,
        consumer: &dyn Consumer,
        signal: Signal,
    ) -> Result<(), ReplayError> {
        let mut kept = 0;
        while queue.usage().records > kept {
            let Ok(stored) = tokio::time::timeout(READ_WITHIN, consumer.next()).await else { return Ok(()) };
            let Stored { id, segments, items } = stored;
            let (segments, _note) = Note::take(&segments);
            match self.send(Batch::of_segments(signal, segments, items, Ack::none())).await? {
                Answer::Taken => {
                    consumer.settle(id).await;
                    self.progress.sent += items;
                }
                Answer::Refused(reason) => {
                    kept += 1;
                    self.progress.refused += items;
                    self.progress.reason = reason;
                }
            }
            (self.report)(self.progress);
        }
        Ok(())
    }

    /// Sends one record, in parts when it is too large.
    async fn send(&self, batch: Batch) -> Result<Answer, ReplayError> {
        let mut answer = Answer::Taken;
        let mut parts = vec![batch];
        while let Some(part) = parts.pop() {
            match self.attempts(&part).await {
                Ok(()) => part.deliver(),
                Err(ExportError::TooLarge { destination, items, reason }) => match halve(part) {
                    Ok((first, second)) => parts.extend([second, first]),
                    Err(_single) => {
                        let error = ExportError::TooLarge { destination, items, reason };
                        answer = Answer::Refused(error.to_string());
                    }
                },
                Err(error @ ExportError::Rejected { .. }) => answer = Answer::Refused(error.to_string()),
                Err(error @ ExportError::Retryable { .. }) => return Err(ReplayError::Unavailable(error)),
            }
        }
        Ok(answer)
    }

    async fn attempts(&self, part: &Batch) -> Result<(), ExportError> {
        let settings =
            RetrySettings { initial_interval: Duration::from_millis(500).into(), ..RetrySettings::default() };
        let mut backoff = Backoff::new(&settings, Some(TRY_FOR));
        let mut random = fastrand::Rng::new();
        let started = Instant::now();
        loop {
            let error = match tokio::time::timeout(TIMEOUT, self.exporter.export(part)).await {
                Ok(Ok(_delivered)) => return Ok(()),
                Ok(Err(error)) => error,
                Err(_elapsed) => ExportError::Retryable {
                    destination: "the destination".to_owned(),
                    retry_after: None,
                    reason: format!("no answer within {}s", TIMEOUT.as_secs()),
                },
            };
            let ExportError::Retryable { retry_after, .. } = &error else { return Err(error) };
            match backoff.next(*retry_after, started.elapsed(), &mut random) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error),
            }
        }
    }
}
