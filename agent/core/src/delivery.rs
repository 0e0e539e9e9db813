//! How an exporter wants to be served: queue, retry and timeout, with the Collector's keys and defaults.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{ByteSize, ConfigError, Duration};
use crate::extension::{Service, Use};
use crate::probe::{Probe, writable_directory};

/// Queue, retry and timeout around an exporter.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Longest time for one attempt; zero: no limit.
    pub timeout: Duration,
    /// What to do after a failed attempt.
    pub retry: RetrySettings,
    /// Where batches wait for their turn.
    pub queue: QueueSettings,
}

impl Delivery {
    /// One attempt at a time, in order, from a short queue that makes pipelines wait: for destinations on this host, such as a
    /// terminal or a file.
    #[must_use]
    pub fn local() -> Self {
        Self {
            timeout: Duration::ZERO,
            retry: RetrySettings { enabled: false, ..RetrySettings::default() },
            queue: QueueSettings {
                num_consumers: NonZeroUsize::MIN,
                queue_size: Some(NonZeroUsize::MIN.saturating_add(15)),
                block_on_overflow: true,
                ..QueueSettings::default()
            },
        }
    }

    /// Longest time that a batch is tried for; `None`: for ever. What is kept on disk is not given up unless that is asked for, since an
    /// outage may be longer than any default.
    #[must_use]
    pub fn give_up_after(&self) -> Option<std::time::Duration> {
        let default = if self.queue.storage().is_some() { Duration::ZERO } else { GIVE_UP_AFTER };
        let limit = self.retry.max_elapsed_time.unwrap_or(default).get();
        (!limit.is_zero()).then_some(limit)
    }
}

/// The Collector's `max_elapsed_time`.
const GIVE_UP_AFTER: Duration = Duration::from_secs(300);

/// The Collector's `queue_size`.
const QUEUE_SIZE: NonZeroUsize = NonZeroUsize::MIN.saturating_add(999);

/// Settings of `retry_on_failure`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetrySettings {
    /// Whether a batch is sent again after a failure that may pass. Default: true.
    pub enabled: bool,
    /// Wait before the first retry. Default: 5s.
    pub initial_interval: Duration,
    /// Share of each wait that is left to chance, from 0 to 1, so that agents do not knock in step. Default: 0.5.
    pub randomization_factor: f64,
    /// Factor by which the wait grows after each failure. Default: 1.5.
    pub multiplier: f64,
    /// Longest wait between two attempts. Default: 30s.
    pub max_interval: Duration,
    /// Time after which a batch is given up and counted as failed; zero: never. Default: 5m, and never with
    /// `sending_queue.storage`, where it would lose what an outage leaves on disk.
    pub max_elapsed_time: Option<Duration>,
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            enabled: true,
            initial_interval: Duration::from_secs(5),
            randomization_factor: 0.5,
            multiplier: 1.5,
            max_interval: Duration::from_secs(30),
            max_elapsed_time: None,
        }
    }
}

impl RetrySettings {
    /// Checks the rules between keys; errors are located below `key`.
    ///
    /// # Errors
    ///
    /// The first rule that is broken.
    pub fn validate(&self, key: &str) -> Result<(), ConfigError> {
        if !(0.0..=1.0).contains(&self.randomization_factor) {
            return Err(ConfigError::new(
                format!("{key}.randomization_factor"),
                format!("{} is not within 0 and 1", self.randomization_factor),
            ));
        }
        if !(self.multiplier >= 1.0 && self.multiplier.is_finite()) {
            return Err(ConfigError::new(
                format!("{key}.multiplier"),
                format!("{} is below 1; waits must not shrink", self.multiplier),
            ));
        }
        if self.max_interval < self.initial_interval {
            return Err(ConfigError::new(
                format!("{key}.max_interval"),
                format!(
                    "{} is below initial_interval ({}); raise it or lower initial_interval",
                    self.max_interval, self.initial_interval
                ),
            ));
        }
        Ok(())
    }
}

/// What the size of a queue or batch is counted in.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sizer {
    /// Batches as they come from the pipeline.
    #[default]
    Requests,
    /// Spans, data points, log records.
    Items,
    /// Encoded bytes.
    Bytes,
}

/// Settings of `sending_queue`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueSettings {
    /// Whether batches wait in a queue. Without one each pipeline waits for the destination. Default: true.
    pub enabled: bool,
    /// Batches that are sent at the same time. Default: 10.
    pub num_consumers: NonZeroUsize,
    /// What `queue_size` counts: requests, items or bytes. Default: requests.
    pub sizer: Sizer,
    /// Most that may wait, in units of `sizer`. Default: 1000; with `storage` as much as the storage takes.
    pub queue_size: Option<NonZeroUsize>,
    /// What happens at `queue_size`: true makes pipelines wait for room, false refuses new data to its senders, who are
    /// told to come again. Default: false.
    pub block_on_overflow: bool,
    /// The same with one more choice: refuse, block, or drop_oldest, which gives up what has waited longest and counts it.
    /// Default: not set, `block_on_overflow` decides.
    pub overflow: Option<Overflow>,
    /// Whether senders are answered only when the destination has confirmed. Not with `storage`. Default: false.
    pub wait_for_result: bool,
    /// Id of a storage extension that keeps the queue on disk. Senders are then answered when their data is there. Default:
    /// none, the queue is kept in memory.
    pub storage: Option<String>,
    /// Joins waiting batches before they are sent. Default: none, each is sent as it came.
    pub batch: Option<QueueBatchSettings>,
    /// Keeps on disk what the destination has refused for good or has not taken within `max_elapsed_time`, for
    /// `edgewatch queue replay`. Default: none, such data is counted and dropped.
    pub dead_letter: Option<DeadLetterSettings>,
}

/// What happens to new data when a queue is full.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Overflow {
    /// Senders are told to come again.
    Refuse,
    /// Pipelines wait for room.
    Block,
    /// What has waited longest is given up.
    DropOldest,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            num_consumers: NonZeroUsize::MIN.saturating_add(9),
            sizer: Sizer::Requests,
            queue_size: None,
            block_on_overflow: false,
            overflow: None,
            wait_for_result: false,
            storage: None,
            batch: None,
            dead_letter: None,
        }
    }
}

impl QueueSettings {
    /// Checks what the types cannot; errors are located below `key`.
    ///
    /// # Errors
    ///
    /// Every rule that is broken.
    pub fn validate(&self, key: &str) -> Result<(), ConfigError> {
        ConfigError::all([
            self.validate_result(key),
            self.validate_overflow(key),
            self.batch.as_ref().map_or(Ok(()), |batch| batch.validate(&format!("{key}.batch"))),
            self.dead_letter
                .as_ref()
                .map_or(Ok(()), |letters| letters.validate(&format!("{key}.dead_letter"))),
        ])
    }

    fn validate_result(&self, key: &str) -> Result<(), ConfigError> {
        if self.wait_for_result && self.storage().is_some() {
            return Err(ConfigError::new(
                format!("{key}.wait_for_result"),
                "cannot stand beside storage, which answers senders when their data is on disk; remove one of them",
            ));
        }
        Ok(())
    }

    fn validate_overflow(&self, key: &str) -> Result<(), ConfigError> {
        if self.block_on_overflow && self.overflow.is_some_and(|overflow| overflow != Overflow::Block) {
            return Err(ConfigError::new(
                format!("{key}.overflow"),
                "contradicts block_on_overflow: true; remove one of them",
            ));
        }
        Ok(())
    }

    /// What happens when the queue is full.
    #[must_use]
    pub fn overflow(&self) -> Overflow {
        let beside = if self.block_on_overflow { Overflow::Block } else { Overflow::Refuse };
        self.overflow.unwrap_or(beside)
    }

    /// Most that may wait, in units of the sizer; `None`: what the storage takes.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        let default = self.storage().is_none().then_some(QUEUE_SIZE);
        self.queue_size.or(default).map(NonZeroUsize::get)
    }

    /// The id of the storage extension that the queue is kept in.
    #[must_use]
    pub fn storage(&self) -> Option<&str> {
        self.storage.as_deref().filter(|id| self.enabled && !id.is_empty())
    }

    /// The extension that it names, under `key`.
    #[must_use]
    pub fn uses(&self, key: &str) -> Option<Use> {
        self.storage().map(|id| Use::new(format!("{key}.storage"), id, Service::Storage))
    }

    /// Whether dead letters can be kept where the settings under `key` say; none when they are not to be kept.
    #[must_use]
    pub fn probe(&self, key: &str) -> Option<Probe> {
        let letters = self.dead_letter.as_ref()?;
        let (key, directory) =
            (format!("{key}.dead_letter.directory"), PathBuf::from(letters.directory.as_str()));
        Some(Probe::blocking(key.clone(), format!("the directory {}", directory.display()), move || {
            writable_directory(&directory, true).map_err(|fault| fault.error_at(key))
        }))
    }
}

/// Settings of `sending_queue.dead_letter`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeadLetterSettings {
    /// Directory for dead letters; exporters may share one. Created if it is missing. Required.
    pub directory: String,
    /// Most bytes in the directory; the oldest go first, and are counted. Default: 100MiB.
    pub max_size: ByteSize,
}

impl Default for DeadLetterSettings {
    fn default() -> Self {
        Self { directory: String::new(), max_size: ByteSize::mib(100) }
    }
}

impl DeadLetterSettings {
    fn validate(&self, key: &str) -> Result<(), ConfigError> {
        if self.directory.is_empty() {
            let message = "is missing; name a directory, such as /var/lib/edgewatch/dead_letter";
            return Err(ConfigError::new(format!("{key}.directory"), message));
        }
        Ok(())
    }
}

/// Settings of `sending_queue.batch`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueBatchSettings {
    /// Longest time that data waits for more to join it. Default: 200ms.
    pub flush_timeout: Duration,
    /// Size at which a batch is sent without waiting, in units of `sizer`. Default: 8192.
    pub min_size: usize,
    /// Largest batch ever sent, in units of `sizer`; zero: no limit. Default: 0.
    pub max_size: usize,
    /// What the sizes count: items or bytes. Default: items.
    pub sizer: Sizer,
}

impl Default for QueueBatchSettings {
    fn default() -> Self {
        Self { flush_timeout: Duration::from_millis(200), min_size: 8192, max_size: 0, sizer: Sizer::Items }
    }
}

impl QueueBatchSettings {
    fn validate(&self, key: &str) -> Result<(), ConfigError> {
        if self.max_size != 0 && self.max_size < self.min_size {
            return Err(ConfigError::new(
                format!("{key}.max_size"),
                format!(
                    "{} is below min_size ({}); raise it or lower min_size",
                    self.max_size, self.min_size
                ),
            ));
        }
        if self.sizer == Sizer::Requests {
            return Err(ConfigError::new(format!("{key}.sizer"), "batches are counted in items or bytes"));
        }
        Ok(())
    }
}
