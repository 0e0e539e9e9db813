use std::num::NonZeroUsize;

use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Probe, ProbeContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operations::OPERATION_BYTES;

/// Settings of the `probabilistic_sampler` processor.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// How items are chosen. `hash_seed`: by a hash of the trace id and `hash_seed`, 14 bits of it. `proportional`: this share of what
    /// comes, whatever was sampled before, by OpenTelemetry's consistent sampling. `equalizing`: so that all items were sampled
    /// with `sampling_percentage` in the end, or less if they were before. Default: hash_seed.
    pub(super) mode: Mode,
    /// How many percent of the items are kept. 100 or more: all. Zero: none, except by `sampling.priority` and `keep_anomalies`.
    /// Default: 0.
    pub(super) sampling_percentage: f32,
    /// Changes the hash of mode `hash_seed`. Must be the same wherever the same items shall be kept. Default: 0.
    pub(super) hash_seed: u32,
    /// Whether items are dropped that nothing can be decided about: without trace id, with a malformed trace state, or with a
    /// threshold that they should not have passed. Default: true.
    pub(super) fail_closed: bool,
    /// Hexadecimal digits to which thresholds are rounded, 1 to 14. Default: 4.
    pub(super) sampling_precision: u32,
    /// Log records: what the hash is of. `traceID`: of the trace id, or of `from_attribute` where there is none. `record`: always of
    /// `from_attribute`. Default: traceID.
    pub(super) attribute_source: AttributeSource,
    /// Log records: the attribute whose value is hashed, in mode `hash_seed`. Empty: none. Default: empty.
    pub(super) from_attribute: String,
    /// Log records: the attribute that says with how many percent a record is to be kept, instead of `sampling_percentage`. Spans have
    /// `sampling.priority` for that: zero drops a span, more keeps it. Empty: none. Default: empty.
    pub(super) sampling_priority: String,
    /// Spans: also keeps those that are unusual for their operation. Absent: not. Default: absent.
    pub(super) keep_anomalies: Option<AnomaliesConfig>,
}

/// Which unusual spans stay.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AnomaliesConfig {
    /// A span stays when one as long, or failed as seldom, has at most this probability among those of its operation (service,
    /// name and kind). About this share of all spans is kept by it. Default: 0.001.
    pub(super) probability: f64,
    /// Most spans that are kept by it in a second; twice as many after a quiet time. Zero: no limit. Default: 100.
    pub(super) spans_per_second: u64,
    /// Most operations that are known. When there are more, the one not seen for longest is forgotten, of the service that has most.
    /// Each takes about 1.2 KiB. Default: 2000.
    pub(super) max_operations: NonZeroUsize,
}

/// How items are chosen.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mode {
    /// By a hash.
    HashSeed,
    /// A share of what comes.
    Proportional,
    /// So that all were sampled alike.
    Equalizing,
}

/// What the hash is of.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(super) enum AttributeSource {
    /// The trace id.
    #[serde(rename = "traceID")]
    TraceId,
    /// An attribute.
    #[serde(rename = "record")]
    Record,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mode: Mode::HashSeed,
            sampling_percentage: 0.0,
            hash_seed: 0,
            fail_closed: true,
            sampling_precision: 4,
            attribute_source: AttributeSource::TraceId,
            from_attribute: String::new(),
            sampling_priority: String::new(),
            keep_anomalies: None,
        }
    }
}

impl Default for AnomaliesConfig {
    fn default() -> Self {
        let max_operations = NonZeroUsize::new(2000).unwrap_or(NonZeroUsize::MIN);
        Self { probability: 1e-3, spans_per_second: 100, max_operations }
    }
}

/// Refuses a number that is no probability.
pub(super) fn check_probability(key: &str, probability: f64) -> Result<(), ConfigError> {
    if (0.0..=1.0).contains(&probability) {
        return Ok(());
    }
    Err(ConfigError::new(
        key,
        format!("{probability} is no probability; write a number from 0 to 1, such as 0.001"),
    ))
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        let percentage = self.sampling_percentage;
        ConfigError::all([
            if percentage.is_finite() && percentage >= 0.0 {
                Ok(())
            } else {
                Err(ConfigError::new(
                    "sampling_percentage",
                    format!("{percentage} is not a percentage; write a number from 0 to 100"),
                ))
            },
            if percentage > 0.0 && f64::from(percentage) / 100.0 < 2_f64.powi(-56) {
                Err(ConfigError::new(
                    "sampling_percentage",
                    "is too small; write at least 1e-14, or 0 for none",
                ))
            } else {
                Ok(())
            },
            if (1..=14).contains(&self.sampling_precision) {
                Ok(())
            } else {
                Err(ConfigError::new(
                    "sampling_precision",
                    format!("{} is not within 1 and 14", self.sampling_precision),
                ))
            },
            match &self.keep_anomalies {
                Some(anomalies) => check_probability("keep_anomalies.probability", anomalies.probability),
                None => Ok(()),
            },
        ])
    }

    fn memory_bound(&self) -> usize {
        let most = self.keep_anomalies.as_ref().map_or(0, |anomalies| anomalies.max_operations.get());
        most.saturating_mul(OPERATION_BYTES)
    }

    fn probes(&self, context: &ProbeContext) -> Vec<Probe> {
        self.keep_anomalies.iter().map(|_anomalies| edgewatch_core::learned::probe(context)).collect()
    }
}
