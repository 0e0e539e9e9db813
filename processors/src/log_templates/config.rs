use std::num::NonZeroUsize;

use edgewatch_core::config::{ConfigError, Duration};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Probe, ProbeContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::miner::Limits;
use super::services::Service;

/// Bytes that are kept of each template beside what the miner knows of it: its counts in a tree whose nodes are half full, and in a table
/// of repeats that may have grown to twice its size.
const KEPT_PER_TEMPLATE: usize = 2 * 88 + 4 * 32;

/// Settings of the `log_templates` processor.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Whether records get the attribute `edgewatch.log.template.text`, beside `edgewatch.log.template.id`. Without it they are
    /// smaller, but only who knows the templates can read the ids. Default: true.
    pub(super) add_text: bool,
    /// What the sums of the metrics count from: `cumulative` (since they began) or `delta` (since the point before). The Collector's
    /// `AGGREGATION_TEMPORALITY_CUMULATIVE` and `AGGREGATION_TEMPORALITY_DELTA` are accepted as well. Default: cumulative.
    pub(super) aggregation_temporality: Temporality,
    /// Most services (`service.namespace` and `service.name` of the resource) whose records are looked at on their own. Records of
    /// further services share one more set of templates, as those without a name do. Default: 16.
    pub(super) max_services: NonZeroUsize,
    /// Most templates of one service. When there are more, those not seen for longest are forgotten. Each takes about a
    /// kilobyte. Default: 1024.
    pub(super) max_templates: NonZeroUsize,
    /// How long a template that is silent is still counted, as zero or with an unchanged sum: at most this, and no longer than it spoke
    /// before. Zero: as long as it spoke. Default: 24h.
    pub(super) metrics_expiration: Duration,
    /// How often counts are sent to the metrics pipelines that have this processor as their receiver. Zero: never. Default: 1m.
    pub(super) metrics_flush_interval: Duration,
    /// Records of a template that is new or was not seen for long get the attributes `edgewatch.log.template.probability` and
    /// `edgewatch.log.template.surprise` when records at least as odd are this rare: 0.001 is one in a thousand. Zero: none.
    /// Default: 0.001.
    pub(super) surprise_below: f64,
    /// Thins out records of templates that repeat. Absent: every record stays. Default: absent.
    pub(super) sampling: Option<SamplingConfig>,
}

/// What a sum counts from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Temporality {
    /// Since it began.
    #[serde(alias = "AGGREGATION_TEMPORALITY_CUMULATIVE")]
    Cumulative,
    /// Since the point before.
    #[serde(alias = "AGGREGATION_TEMPORALITY_DELTA")]
    Delta,
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
            aggregation_temporality: Temporality::Cumulative,
            max_services: NonZeroUsize::MIN.saturating_add(15),
            max_templates: NonZeroUsize::MIN.saturating_add(1023),
            metrics_expiration: Duration::from_secs(24 * 3600),
            metrics_flush_interval: Duration::from_secs(60),
            surprise_below: 1e-3,
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
        let interval = match &self.sampling {
            Some(sampling) if sampling.interval == Duration::ZERO => Err(ConfigError::new(
                "sampling.interval",
                "must be above zero; leave sampling out to keep every record",
            )),
            Some(_) | None => Ok(()),
        };
        let probability = if (0.0..=1.0).contains(&self.surprise_below) {
            Ok(())
        } else {
            let message = format!("{} is no probability; write a number from 0 to 1", self.surprise_below);
            Err(ConfigError::new("surprise_below", message))
        };
        ConfigError::all([interval, probability])
    }

    fn memory_bound(&self) -> usize {
        let kept = self.max_templates.get().saturating_mul(KEPT_PER_TEMPLATE);
        let service = self.limits().memory_bound().saturating_add(kept).saturating_add(Service::BOUND);
        service.saturating_mul(self.max_services.get() + 1)
    }

    fn probes(&self, context: &ProbeContext) -> Vec<Probe> {
        vec![edgewatch_core::learned::probe(context)]
    }
}
