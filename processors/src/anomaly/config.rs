use std::num::{NonZeroU16, NonZeroU32};

use edgewatch_core::config::{ConfigError, Duration};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Probe, ProbeContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::detector::{self, Settings};
use super::rules::Rules;

/// Settings of the `anomaly` processor.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Most memory, in MiB, for what is remembered of series: 32 MiB are enough for about 26000 gauges and counters, or 10000
    /// histograms. When it is full, series that have fallen silent make room; those that have not are never given up for new ones,
    /// which then go without scores. Default: 32.
    pub(super) memory_limit_mib: NonZeroU32,
    /// An anomaly starts when what a series does has this probability or less, by what it did before. Lower: fewer anomalies.
    /// Where many series are scored, less likely things are asked for, so that the number of false alarms does not grow
    /// with the number of series. Above 0, at most 0.1. Default: 0.0001.
    pub(super) event_probability: f64,
    /// Points of one step are scored together. A series with fewer points than one a step is scored at every point.
    /// From 1s to 1h. Default: 1m.
    pub(super) scoring_step: Duration,
    /// What is known of a series is dropped when the series has been silent for this long, by the time in the data. A gap in all data counts
    /// as five steps at most. At least an hour, and at least 20 steps. Default: 168h.
    pub(super) forget_after: Duration,
    /// Most anomalies at a time that are told of on their own. Further ones are counted, and show in `edgewatch.anomaly.rate`.
    /// Default: 1000.
    pub(super) max_active: NonZeroU16,
    /// How to treat which series. The first rule that matches a series counts. A series without a rule is scored with normal
    /// sensitivity, both ways. Default: none.
    pub(super) rules: Vec<RuleConfig>,
}

/// Which series to treat how. What is not set matches every series.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RuleConfig {
    /// How texts are compared: strict (equal) or regexp (found by a regular expression). Default: strict.
    pub(super) match_type: MatchType,
    /// The metric's name is one of these. Default: any.
    pub(super) metric_names: Vec<String>,
    /// Each of these attributes of the data point is there, with the value if one is given. Default: none.
    pub(super) attributes: Vec<AttributeConfig>,
    /// Each of these attributes of the resource is there, with the value if one is given. Default: none.
    pub(super) resources: Vec<AttributeConfig>,
    /// Whether these series are scored. Default: true.
    pub(super) enabled: bool,
    /// Which way a series must depart from what is usual to be anomalous: up, down or both. Default: both.
    pub(super) direction: Direction,
    /// How soon an anomaly is told of: low (a tenth of `event_probability`), normal, or high (ten times as much). Default: normal.
    pub(super) sensitivity: Sensitivity,
}

/// An attribute that must be there.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttributeConfig {
    /// Its name.
    pub(super) key: String,
    /// Its value as text: `200` is also the number 200. With `match_type: regexp` a regular expression for it. Absent: any.
    #[serde(default)]
    pub(super) value: Option<String>,
}

/// How texts are compared.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum MatchType {
    /// They are equal.
    #[default]
    Strict,
    /// A regular expression is found in them.
    Regexp,
}

/// Which way a departure must go to matter.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Direction {
    /// Above what is usual.
    Up,
    /// Below it.
    Down,
    /// Either way.
    #[default]
    Both,
}

/// How soon an anomaly is told of.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Sensitivity {
    /// Only what is ten times less likely.
    Low,
    /// As configured for all.
    #[default]
    Normal,
    /// Also what is ten times more likely.
    High,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            memory_limit_mib: NonZeroU32::MIN.saturating_add(31),
            event_probability: Settings::default().event_probability,
            scoring_step: Duration::from_secs(60),
            forget_after: Duration::from_secs(7 * 24 * 3600),
            max_active: NonZeroU16::MIN.saturating_add(999),
            rules: Vec::new(),
        }
    }
}

impl Default for RuleConfig {
    fn default() -> Self {
        Self {
            match_type: MatchType::default(),
            metric_names: Vec::new(),
            attributes: Vec::new(),
            resources: Vec::new(),
            enabled: true,
            direction: Direction::default(),
            sensitivity: Sensitivity::default(),
        }
    }
}

impl Direction {
    pub(super) const fn of_detector(self) -> detector::Direction {
        match self {
            Self::Up => detector::Direction::Up,
            Self::Down => detector::Direction::Down,
            Self::Both => detector::Direction::Both,
        }
    }
}

impl Sensitivity {
    /// What the probability that starts an anomaly is multiplied by.
    pub(super) const fn factor(self) -> f64 {
        match self {
            Self::Low => 0.1,
            Self::Normal => 1.0,
            Self::High => 10.0,
        }
    }
}

impl Config {
    /// The memory limit in bytes.
    pub(super) fn memory_limit(&self) -> usize {
        usize::try_from(self.memory_limit_mib.get()).unwrap_or(usize::MAX).saturating_mul(1 << 20)
    }

    fn check_probability(&self) -> Result<(), ConfigError> {
        if self.event_probability > 0.0 && self.event_probability <= 0.1 {
            return Ok(());
        }
        Err(ConfigError::new("event_probability", "must be above 0 and at most 0.1, such as 0.0001"))
    }

    fn check_step(&self) -> Result<(), ConfigError> {
        if (1..=3600).contains(&self.scoring_step.as_secs())
            && *self.scoring_step <= *Duration::from_secs(3600)
        {
            return Ok(());
        }
        Err(ConfigError::new("scoring_step", "must be from 1s to 1h"))
    }

    fn check_forget_after(&self) -> Result<(), ConfigError> {
        let least = self.scoring_step.saturating_mul(20).max(*Duration::from_secs(3600));
        if *self.forget_after >= least {
            return Ok(());
        }
        Err(ConfigError::new("forget_after", "must be at least 1h, and at least 20 times scoring_step"))
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::all([
            self.check_probability(),
            self.check_step(),
            self.check_forget_after(),
            Rules::new(self).map(|_rules| ()),
        ])
    }

    fn memory_bound(&self) -> usize {
        self.memory_limit()
    }

    fn probes(&self, context: &ProbeContext) -> Vec<Probe> {
        vec![edgewatch_core::learned::probe(context)]
    }
}
