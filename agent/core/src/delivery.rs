//! How an exporter wants to be served: queue, retry and timeout, with the Collector's keys and defaults.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, Duration};

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
                queue_size: NonZeroUsize::MIN.saturating_add(15),
                block_on_overflow: true,
                ..QueueSettings::default()
            },
        }
    }
}

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
    /// Time after which a batch is given up and counted as failed; zero: never. Default: 5m.
    pub max_elapsed_time: Duration,
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            enabled: true,
            initial_interval: Duration::from_secs(5),
            randomization_factor: 0.5,
            multiplier: 1.5,
            max_interval: Duration::from_secs(30),
            max_elapsed_time: Duration::from_secs(300),
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
    /// Most that may wait, in units of `sizer`. Default: 1000.
    pub queue_size: NonZeroUsize,
    /// What happens at `queue_size`: true makes pipelines wait for room, false refuses new data to its senders, who are
    /// told to come again. Default: false.
    pub block_on_overflow: bool,
    /// Whether senders are answered only when the destination has confirmed. Default: false.
    pub wait_for_result: bool,
    /// Id of a storage extension that keeps the queue on disk. Default: none, the queue is kept in memory.
    pub storage: Option<String>,
    /// Joins waiting batches before they are sent. Default: none, each is sent as it came.
    pub batch: Option<QueueBatchSettings>,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            num_consumers: NonZeroUsize::MIN.saturating_add(9),
            sizer: Sizer::Requests,
            queue_size: NonZeroUsize::MIN.saturating_add(999),
            block_on_overflow: false,
            wait_for_result: false,
            storage: None,
            batch: None,
        }
    }
}

impl QueueSettings {
    /// Checks what the types cannot; errors are located below `key`.
    ///
    /// # Errors
    ///
    /// The first rule that is broken.
    pub fn validate(&self, key: &str) -> Result<(), ConfigError> {
        if self.storage.is_some() {
            return Err(ConfigError::new(
                format!("{key}.storage"),
                "this build keeps queues in memory only; remove the key to go on without a queue on disk",
            ));
        }
        match &self.batch {
            Some(batch) => batch.validate(&format!("{key}.batch")),
            None => Ok(()),
        }
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
