use edgewatch_core::config::{ConfigError, Duration};
use edgewatch_core::factory::ComponentConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of the `batch` processor.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Longest time that an item waits for others to join it. Zero: nothing waits, each batch is sent on as
    /// it comes, at most cut to `send_batch_max_size`. Default: 200ms.
    pub(super) timeout: Duration,
    /// Spans, data points or log records at which a batch is sent without waiting. A trigger, not a limit: a
    /// batch may be larger. Zero: nothing waits, as with `timeout: 0`. Default: 8192.
    pub(super) send_batch_size: usize,
    /// Most spans, data points or log records in one batch; larger ones are cut. Zero: no limit. Must not be
    /// below `send_batch_size`. Set it when the destination limits the size of a request. Default: 0.
    pub(super) send_batch_max_size: usize,
    /// Request metadata by which batches are kept apart. Not in this build: must stay empty. Default: empty.
    pub(super) metadata_keys: Vec<String>,
    /// Most combinations of `metadata_keys` values. Has no effect in this build. Default: 1000.
    pub(super) metadata_cardinality_limit: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(200),
            send_batch_size: 8192,
            send_batch_max_size: 0,
            metadata_keys: Vec::new(),
            metadata_cardinality_limit: 1000,
        }
    }
}

impl Config {
    /// Whether nothing is ever held back.
    pub(super) fn is_immediate(&self) -> bool {
        self.timeout == Duration::ZERO || self.send_batch_size == 0
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        let max = self.send_batch_max_size;
        ConfigError::all([
            if max != 0 && max < self.send_batch_size {
                Err(ConfigError::new(
                    "send_batch_max_size",
                    format!(
                        "{max} is below send_batch_size ({}); raise it or lower send_batch_size",
                        self.send_batch_size
                    ),
                ))
            } else {
                Ok(())
            },
            if self.metadata_keys.is_empty() {
                Ok(())
            } else {
                Err(ConfigError::new(
                    "metadata_keys",
                    "this build does not batch by request metadata; remove the key to batch all requests together",
                ))
            },
        ])
    }
}
