use std::num::NonZeroUsize;

use edgewatch_core::config::{ConfigError, Duration};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Probe, ProbeContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decided::DECISION_BYTES;
use super::policies::{Policies, asks_for_anomalies};
use super::policy_config::PolicyConfig;
use super::traces::TRACE_BYTES;
use crate::operations::OPERATION_BYTES;

/// Settings of the `tail_sampling` processor.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// How long a trace is held, from its first span on, before it is decided. Zero: it is decided with the first batch that has some of it.
    /// Default: 30s.
    pub(super) decision_wait: Duration,
    /// How long a trace is held after its root span has come, when that is sooner. Zero: the root span makes no difference. Default: 0s.
    pub(super) decision_wait_after_root_received: Duration,
    /// Most traces held. When more come, the oldest ones are decided early, with what is there of them. Default: 50000.
    pub(super) num_traces: NonZeroUsize,
    /// Most memory, in MiB, of the requests whose spans are held. When there is more, the oldest traces are decided early. Never more
    /// than half of what the agent may hold in flight, see `memory_limiter`. Default: 256.
    pub(super) max_memory_mib: NonZeroUsize,
    /// How many new traces come in a second; room for them is made at the start. Default: 0.
    pub(super) expected_new_traces_per_sec: usize,
    /// For how many traces decisions are remembered, for spans that come late.
    pub(super) decision_cache: DecisionCacheConfig,
    /// Whether no policy is asked after one that keeps a trace. Default: false.
    pub(super) sample_on_first_match: bool,
    /// Whether traces that are held when the agent stops are dropped. Otherwise they are decided with what is there of them.
    /// Default: false.
    pub(super) drop_pending_traces_on_shutdown: bool,
    /// Whether requests are refused while `num_traces` or `max_memory_mib` is reached, for their senders to try again. Otherwise the oldest
    /// traces are decided early. Default: false.
    pub(super) block_on_overflow: bool,
    /// A trace with more encoded bytes of spans is dropped at once. Zero: no limit. Default: 0.
    pub(super) maximum_trace_size_bytes: usize,
    /// Whether kept spans get the attribute `tailsampling.policy` with the name of the policy that kept them, and late ones
    /// `tailsampling.cached_decision`. Default: false.
    pub(super) record_policy: bool,
    /// When decisions are made. Only `trace-complete` is in this build. Default: trace-complete.
    pub(super) sampling_strategy: SamplingStrategy,
    /// Accepted for the Collector's sake, without effect: a pipeline has one thread. Default: 1.
    pub(super) num_shards: usize,
    /// Most operations that policies of type `anomaly` know. When there are more, the one not seen for longest is forgotten, of the
    /// service that has most. Each takes about 1.2 KiB. Default: 2000.
    pub(super) max_operations: NonZeroUsize,
    /// The policies. A trace is kept when one of them says so, and none of type `drop` and none with `invert_match` is against it.
    /// At least one. Default: none.
    pub(super) policies: Vec<PolicyConfig>,
}

/// How many decisions are remembered.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DecisionCacheConfig {
    /// Traces that were kept; those of which spans came last. Zero: as many as `num_traces`. Default: 0.
    pub(super) sampled_cache_size: usize,
    /// Traces that were dropped; those of which spans came last. Zero: as many as `num_traces`. Default: 0.
    pub(super) non_sampled_cache_size: usize,
}

/// When decisions are made.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SamplingStrategy {
    /// When the trace is likely complete.
    TraceComplete,
    /// With every span. Not in this build.
    SpanIngest,
}

impl Default for Config {
    fn default() -> Self {
        let at_least_one = |number| NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN);
        Self {
            decision_wait: Duration::from_secs(30),
            decision_wait_after_root_received: Duration::ZERO,
            num_traces: at_least_one(50_000),
            max_memory_mib: at_least_one(256),
            expected_new_traces_per_sec: 0,
            decision_cache: DecisionCacheConfig::default(),
            sample_on_first_match: false,
            drop_pending_traces_on_shutdown: false,
            block_on_overflow: false,
            maximum_trace_size_bytes: 0,
            record_policy: false,
            sampling_strategy: SamplingStrategy::TraceComplete,
            num_shards: 1,
            max_operations: at_least_one(2000),
            policies: Vec::new(),
        }
    }
}

impl Config {
    /// Decisions to keep and to drop that are remembered.
    pub(super) fn remembered(&self) -> (usize, usize) {
        let or_traces = |size: usize| if size == 0 { self.num_traces.get() } else { size };
        let cache = &self.decision_cache;
        (or_traces(cache.sampled_cache_size), or_traces(cache.non_sampled_cache_size))
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::all([
            if self.policies.is_empty() {
                Err(ConfigError::new(
                    "policies",
                    "must name at least one policy; without one every trace would be dropped",
                ))
            } else {
                Policies::new(&self.policies).map(drop)
            },
            match self.sampling_strategy {
                SamplingStrategy::TraceComplete => Ok(()),
                SamplingStrategy::SpanIngest => Err(ConfigError::new(
                    "sampling_strategy",
                    "span-ingest is not in this build; remove the key to decide when a trace is complete",
                )),
            },
        ])
    }

    fn memory_bound(&self) -> usize {
        let (kept, dropped) = self.remembered();
        let traces = self.num_traces.get().saturating_mul(TRACE_BYTES);
        let decisions = kept.saturating_add(dropped).saturating_mul(DECISION_BYTES);
        let known = if asks_for_anomalies(&self.policies) { self.max_operations.get() } else { 0 };
        traces.saturating_add(decisions).saturating_add(known.saturating_mul(OPERATION_BYTES))
    }

    fn probes(&self, context: &ProbeContext) -> Vec<Probe> {
        asks_for_anomalies(&self.policies)
            .then(|| edgewatch_core::learned::probe(context))
            .into_iter()
            .collect()
    }
}
