use edgewatch_core::budget::Limits;
use edgewatch_core::config::{ConfigError, Duration};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Probe, ProbeContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::probe;

const MIB: usize = 1 << 20;

/// Settings of the `memory_limiter` processor.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Accepted for the Collector's sake, without effect: memory in flight is counted as it is taken, not
    /// measured now and then. Default: 0s.
    pub(super) check_interval: Duration,
    /// Most memory, in MiB, that telemetry in flight may occupy in the whole process: the hard limit. Above it
    /// even requests that are being read already are refused. Zero: see `limit_percentage`. Default: 0.
    pub(super) limit_mib: u32,
    /// Room, in MiB, kept below `limit_mib` for what is on its way already. The difference is the soft limit:
    /// above it new requests are refused before they are read. Must be smaller than `limit_mib`. Zero: a fifth
    /// of the limit. Default: 0.
    pub(super) spike_limit_mib: u32,
    /// The same as `limit_mib`, in percent of the memory that this process may use: the least of the limits of
    /// its control group, of those above it, and of the host's memory. `limit_mib` takes precedence. Default: 0.
    pub(super) limit_percentage: u32,
    /// The same as `spike_limit_mib`, in percent of the memory that this process may use. Must be smaller
    /// than `limit_percentage`. Zero: a fifth of the limit. Default: 0.
    pub(super) spike_limit_percentage: u32,
    /// Accepted for the Collector's sake, without effect: there is no garbage collection. Default: 0s.
    pub(super) min_gc_interval_when_soft_limited: Duration,
    /// Accepted for the Collector's sake, without effect: there is no garbage collection. Default: 0s.
    pub(super) min_gc_interval_when_hard_limited: Duration,
}

impl Config {
    /// Whether the limits depend on how much memory there is.
    pub(super) fn is_relative(&self) -> bool {
        self.limit_mib == 0
    }

    /// The limits when this process may use `total` bytes, which matters only if they are relative.
    pub(super) fn limits(&self, total: usize) -> Limits {
        let (hard, spike) = if self.is_relative() {
            (percent(total, self.limit_percentage), percent(total, self.spike_limit_percentage))
        } else {
            (self.limit_mib as usize * MIB, self.spike_limit_mib as usize * MIB)
        };
        match spike {
            0 => Limits::below(hard),
            spike => Limits { soft: hard.saturating_sub(spike), hard },
        }
    }
}

fn percent(total: usize, percentage: u32) -> usize {
    total / 100 * percentage as usize
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        let rule = |holds: bool, key: &str, message: &dyn Fn() -> String| {
            if holds { Ok(()) } else { Err(ConfigError::new(key, message())) }
        };
        ConfigError::all([
            rule(self.limit_mib > 0 || self.limit_percentage > 0, "", &|| {
                "no limit is set; set limit_mib (such as 512) or limit_percentage (such as 80)".to_owned()
            }),
            rule(self.limit_percentage <= 100, "limit_percentage", &|| {
                format!("{} is above 100; a percentage is from 1 to 100", self.limit_percentage)
            }),
            rule(self.spike_limit_percentage <= 100, "spike_limit_percentage", &|| {
                format!("{} is above 100; a percentage is from 1 to 100", self.spike_limit_percentage)
            }),
            rule(self.limit_mib == 0 || self.spike_limit_mib < self.limit_mib, "spike_limit_mib", &|| {
                format!(
                    "{} is not below limit_mib ({}); lower it or raise limit_mib",
                    self.spike_limit_mib, self.limit_mib
                )
            }),
            rule(
                self.limit_percentage == 0 || self.spike_limit_percentage < self.limit_percentage,
                "spike_limit_percentage",
                &|| {
                    format!(
                        "{} is not below limit_percentage ({}); lower it or raise limit_percentage",
                        self.spike_limit_percentage, self.limit_percentage
                    )
                },
            ),
        ])
    }

    fn probes(&self, context: &ProbeContext) -> Vec<Probe> {
        probe::probes(self, context)
    }
}
