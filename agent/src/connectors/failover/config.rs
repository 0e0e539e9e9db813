//! What a user may write.

use std::collections::BTreeSet;

use edgewatch_core::config::{ConfigError, Duration};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::router::PipelineReference;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most levels; a batch remembers in one word which it has tried.
pub(super) const MOST_LEVELS: usize = 32;

/// Settings of the `failover` connector.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Pipelines by priority, best first: `[[traces/primary], [traces/backup]]`. Every pipeline of a level gets what the level
    /// gets, and a level fails when one of them does. Required.
    pub(super) priority_levels: Vec<Vec<String>>,
    /// Time after which a level that has failed is tried again with one batch. A level whose own retries succeed is used again
    /// at once. The Collector's newer spelling is `standard.retry_interval`. Default: 10m.
    pub(super) retry_interval: Duration,
    /// How a level is chosen: standard, the first one that works. Default: standard.
    pub(super) strategy: Strategy,
    /// Settings of the strategy.
    pub(super) standard: Standard,
    /// Accepted for the Collector's configurations, where it is deprecated; has no effect. Default: 0s.
    pub(super) retry_gap: Duration,
    /// Accepted for the Collector's configurations, where it is deprecated; has no effect, a level is tried again for as long
    /// as it takes. Default: 0.
    pub(super) max_retries: u64,
    /// A queue in front of the connector. Not in this build: the queues of the exporters do its work. Default: none.
    pub(super) sending_queue: Option<Value>,
}

/// How a level is chosen.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Strategy {
    /// The first level that works.
    #[default]
    Standard,
}

/// Settings of `standard`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Standard {
    /// In place of `retry_interval`. Default: none.
    pub(super) retry_interval: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            priority_levels: Vec::new(),
            retry_interval: Duration::from_secs(600),
            strategy: Strategy::Standard,
            standard: Standard::default(),
            retry_gap: Duration::ZERO,
            max_retries: 0,
            sending_queue: None,
        }
    }
}

impl Config {
    /// The time in force.
    pub(super) fn retry_interval(&self) -> std::time::Duration {
        self.standard.retry_interval.unwrap_or(self.retry_interval).get()
    }

    fn validate_levels(&self) -> Result<(), ConfigError> {
        let key = "priority_levels";
        if self.priority_levels.is_empty() {
            let message = "is missing; name the pipelines, best first: [[traces/primary], [traces/backup]]";
            return Err(ConfigError::new(key, message));
        }
        if self.priority_levels.len() > MOST_LEVELS {
            let message =
                format!("has {} levels; at most {MOST_LEVELS} are possible", self.priority_levels.len());
            return Err(ConfigError::new(key, message));
        }
        let empty = |(level, ids): (usize, &Vec<String>)| match ids.is_empty() {
            true => {
                Err(ConfigError::new(format!("{key}.{level}"), "names no pipeline; name one or remove it"))
            }
            false => Ok(()),
        };
        ConfigError::all(self.priority_levels.iter().enumerate().map(empty))
    }

    fn validate_names(&self) -> Result<(), ConfigError> {
        let mut seen = BTreeSet::new();
        ConfigError::all(self.pipelines().into_iter().map(|reference| {
            let id = reference.id.trim().to_owned();
            if seen.contains(&id) {
                return Err(ConfigError::new(reference.key, format!("pipeline `{id}` is named twice")));
            }
            seen.insert(id);
            Ok(())
        }))
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::all([
            self.validate_levels(),
            self.validate_names(),
            positive("retry_interval", Some(self.retry_interval)),
            positive("standard.retry_interval", self.standard.retry_interval),
            no_queue(self.sending_queue.as_ref()),
        ])
    }

    fn pipelines(&self) -> Vec<PipelineReference> {
        let level = |(level, ids): (usize, &Vec<String>)| -> Vec<PipelineReference> {
            let reference = |(index, id): (usize, &String)| PipelineReference {
                key: format!("priority_levels.{level}.{index}"),
                id: id.clone(),
            };
            ids.iter().enumerate().map(reference).collect()
        };
        self.priority_levels.iter().enumerate().flat_map(level).collect()
    }
}

fn positive(key: &str, duration: Option<Duration>) -> Result<(), ConfigError> {
    match duration {
        Some(Duration::ZERO) => {
            Err(ConfigError::new(key, "is zero; write how long to leave a failed level alone, such as 1m"))
        }
        Some(_) | None => Ok(()),
    }
}

fn no_queue(queue: Option<&Value>) -> Result<(), ConfigError> {
    let off = queue.is_none_or(|queue| queue.is_null() || queue.get("enabled") == Some(&Value::Bool(false)));
    if off {
        return Ok(());
    }
    let message = "this build has no queue in front of a connector; remove the key";
    Err(ConfigError::new("sending_queue", message)
        .with_help("the exporters of the levels have queues: set `sending_queue` there"))
}
