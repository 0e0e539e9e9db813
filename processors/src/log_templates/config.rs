use std::num::NonZeroUsize;

use edgewatch_core::config::{ConfigError, Duration};
use edgewatch_core::factory::ComponentConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::miner::Limits;

/// Settings of the `log_templates` processor.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Whether records get the attribute `edgewatch.log.template.text`, beside `edgewatch.log.template.id`. Without it they are
    /// smaller, but only who knows the templates can read the ids. Default: true.
    pub(super) add_text: bool,
    /// Most services (`service.name` of the resource) whose records are looked at on their own. Records of further services share
    /// one more set of templates, as those without a name do. Default: 32.
    pub(super) max_services: NonZeroUsize,
    /// Most templates of one service. When there are more, those not seen for longest are forgotten. Each takes about a
    /// kilobyte. Default: 1024.
    pub(super) max_templates: NonZeroUsize,
    /// Thins out records of templates that repeat. Absent: every record stays. Default: absent.
    pub(super) sampling: Option<SamplingConfig>,
}

/// Which of many records of one template stay.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SamplingConfig {
    /// Records of each template that stay in each interval, whatever else comes. Default: 100.
    pub(super) keep_first: u64,
    /// Of the others, one in so many stays. Zero: none. Default: 100.
    pub(super) keep_one_in: u64,
    /// How long until the first ones are counted anew. Default: 1m.
    pub(super) interval: Duration,
    /// Records of this severity number or above stay always: 1 trace, 5 debug, 9 info, 13 warn, 17 error, 21 fatal. Default: 13.
    pub(super) keep_severity: i32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            add_text: true,
            max_services: NonZeroUsize::MIN.saturating_add(15),
            max_templates: NonZeroUsize::MIN.saturating_add(1023),
            sampling: None,
        }
    }
}

impl Default for SamplingConfig {
    fn default() -> Self {
        Self { keep_first: 100, keep_one_in: 100, interval: Duration::from_secs(60), keep_severity: 13 }
    }
}

impl Config {
    /// What each miner may know.
    pub(super) fn limits(&self) -> Limits {
        Limits::of_templates(self.max_templates.get())
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        match &self.sampling {
            Some(sampling) if sampling.interval == Duration::ZERO => Err(ConfigError::new(
                "sampling.interval",
                "must be above zero; leave sampling out to keep every record",
            )),
            Some(_) | None => Ok(()),
        }
    }

    fn memory_bound(&self) -> usize {
        self.limits().memory_bound().saturating_mul(self.max_services.get() + 1)
    }
}
