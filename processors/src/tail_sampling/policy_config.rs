use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// One policy: a question about a trace.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyConfig {
    /// Its name, for metrics. Each has another one.
    pub(super) name: String,
    /// What it asks. The key of the same name has its settings.
    pub(super) r#type: PolicyType,
    /// The trace is unusual: one of its spans took much longer than others of its operation (service, name and kind), or failed
    /// where hardly any does.
    #[serde(default)]
    pub(super) anomaly: Option<AnomalyConfig>,
    /// From the first start to the last end it takes so long.
    #[serde(default)]
    pub(super) latency: Option<LatencyConfig>,
    /// A resource or span has an integer attribute within bounds.
    #[serde(default)]
    pub(super) numeric_attribute: Option<NumericAttributeConfig>,
    /// A hash of the trace id is among so many percent.
    #[serde(default)]
    pub(super) probabilistic: Option<ProbabilisticConfig>,
    /// A span has one of these statuses.
    #[serde(default)]
    pub(super) status_code: Option<StatusCodeConfig>,
    /// A resource or span has a text attribute with one of these values.
    #[serde(default)]
    pub(super) string_attribute: Option<StringAttributeConfig>,
    /// No more spans than so many a second pass.
    #[serde(default)]
    pub(super) rate_limiting: Option<RateLimitingConfig>,
    /// No more bytes than so many a second pass.
    #[serde(default)]
    pub(super) bytes_limiting: Option<BytesLimitingConfig>,
    /// It has so many spans.
    #[serde(default)]
    pub(super) span_count: Option<SpanCountConfig>,
    /// A span's trace state has a member with one of these values.
    #[serde(default)]
    pub(super) trace_state: Option<TraceStateConfig>,
    /// A resource or span has a boolean attribute with this value.
    #[serde(default)]
    pub(super) boolean_attribute: Option<BooleanAttributeConfig>,
    /// All of several policies hold.
    #[serde(default)]
    pub(super) and: Option<AndConfig>,
    /// A policy does not hold.
    #[serde(default)]
    pub(super) not: Option<NotConfig>,
    /// All of several policies hold: the trace is dropped, whatever others say. Not within other policies.
    #[serde(default)]
    pub(super) drop: Option<DropConfig>,
    /// The first of several policies that holds, each with its share of a rate. Not within other policies.
    #[serde(default)]
    pub(super) composite: Option<CompositeConfig>,
    /// Not in this build: it has no OpenTelemetry Transformation Language.
    #[serde(default)]
    pub(super) ottl_condition: Option<OttlConfig>,
}

/// What a policy asks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PolicyType {
    AlwaysSample,
    Anomaly,
    Latency,
    NumericAttribute,
    Probabilistic,
    StatusCode,
    StringAttribute,
    RateLimiting,
    BytesLimiting,
    SpanCount,
    TraceState,
    TraceFlags,
    BooleanAttribute,
    And,
    Not,
    Drop,
    Composite,
    OttlCondition,
}

/// Settings of `anomaly`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AnomalyConfig {
    /// A trace is unusual when one whose oddest span is as odd has at most this probability. At most about this share of all traces is
    /// kept by it, mostly less. Default: 0.001.
    pub(super) probability: f64,
    /// Most spans that are kept by it in a second; after a quiet time twice as many, or one larger trace, after which there is none until
    /// its spans are made up for, for a minute at most. Zero: no limit. Default: 100.
    pub(super) spans_per_second: u64,
}

impl Default for AnomalyConfig {
    fn default() -> Self {
        Self { probability: 1e-3, spans_per_second: 100 }
    }
}

/// Settings of `latency`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LatencyConfig {
    /// At least so many milliseconds; with `upper_threshold_ms` more than so many. Default: 0.
    pub(super) threshold_ms: u64,
    /// At most so many milliseconds. Zero: no limit. Default: 0.
    pub(super) upper_threshold_ms: u64,
}

/// Settings of `numeric_attribute`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NumericAttributeConfig {
    /// The attribute.
    pub(super) key: String,
    /// The least value. Zero: no limit. Default: 0.
    pub(super) min_value: i64,
    /// The largest value. Zero: no limit. Default: 0.
    pub(super) max_value: i64,
    /// Whether a match drops the trace and everything else keeps it. Default: false.
    pub(super) invert_match: bool,
}

/// Settings of `probabilistic`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ProbabilisticConfig {
    /// Changes the hash. Empty: that of the Collector, `default-hash-seed`. Default: empty.
    pub(super) hash_salt: String,
    /// How many percent of the traces. Default: 0.
    pub(super) sampling_percentage: f64,
}

/// Settings of `status_code`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StatusCodeConfig {
    /// `OK`, `ERROR`, `UNSET`. At least one.
    pub(super) status_codes: Vec<StatusCode>,
}

/// How a span ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum StatusCode {
    Unset,
    Ok,
    Error,
}

/// Settings of `string_attribute`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StringAttributeConfig {
    /// The attribute.
    pub(super) key: String,
    /// The values. At least one.
    pub(super) values: Vec<String>,
    /// Whether `values` are regular expressions, to be found anywhere in the text. Default: false.
    pub(super) enabled_regex_matching: bool,
    /// Accepted for the Collector's sake, without effect: expressions need no cache here. Default: 0.
    pub(super) cache_max_size: u64,
    /// Whether a match drops the trace and everything else keeps it. Default: false.
    pub(super) invert_match: bool,
}

/// Settings of `rate_limiting`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RateLimitingConfig {
    /// Spans a second.
    pub(super) spans_per_second: u64,
    /// Spans that may pass at once after a quiet time; no trace with more ever passes. Zero: twice `spans_per_second`. Default: 0.
    pub(super) burst_capacity: u64,
}

/// Settings of `bytes_limiting`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BytesLimitingConfig {
    /// Encoded bytes of spans a second.
    pub(super) bytes_per_second: u64,
    /// Bytes that may pass at once after a quiet time; no larger trace ever passes. Zero: twice `bytes_per_second`. Default: 0.
    pub(super) burst_capacity: u64,
}

/// Settings of `span_count`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SpanCountConfig {
    /// At least so many spans. Default: 0.
    pub(super) min_spans: usize,
    /// At most so many spans. Zero: no limit. Default: 0.
    pub(super) max_spans: usize,
}

/// Settings of `trace_state`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TraceStateConfig {
    /// The key of the member.
    pub(super) key: String,
    /// Its values. At least one.
    pub(super) values: Vec<String>,
}

/// Settings of `boolean_attribute`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BooleanAttributeConfig {
    /// The attribute.
    pub(super) key: String,
    /// Its value. Default: false.
    pub(super) value: bool,
    /// Whether a match drops the trace and everything else keeps it. Default: false.
    pub(super) invert_match: bool,
}

/// Settings of `and`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AndConfig {
    /// Policies, written as those of `policies`. At least one.
    #[schemars(schema_with = "policies")]
    pub(super) and_sub_policy: Vec<PolicyConfig>,
}

/// Settings of `not`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NotConfig {
    /// A policy, written as those of `policies`, without `invert_match`.
    #[schemars(schema_with = "policy")]
    pub(super) not_sub_policy: Option<Box<PolicyConfig>>,
}

/// Settings of `drop`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DropConfig {
    /// Policies, written as those of `policies`. At least one.
    #[schemars(schema_with = "policies")]
    pub(super) drop_sub_policy: Vec<PolicyConfig>,
}

/// Settings of `composite`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CompositeConfig {
    /// Most spans that pass in a second.
    pub(super) max_total_spans_per_second: u64,
    /// The names of the policies in the order in which they are asked. Empty: as they are written. Default: empty.
    pub(super) policy_order: Vec<String>,
    /// Policies, written as those of `policies`. At least one.
    #[schemars(schema_with = "policies")]
    pub(super) composite_sub_policy: Vec<PolicyConfig>,
    /// Which share of the rate each policy has. Those that are not named share what is left.
    pub(super) rate_allocation: Vec<RateAllocationConfig>,
}

/// The share of one policy.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RateAllocationConfig {
    /// Its name.
    pub(super) policy: String,
    /// Percent of `max_total_spans_per_second`. Zero: as much as if all had the same.
    #[serde(default)]
    pub(super) percent: u64,
}

/// Settings of `ottl_condition`, to be recognised.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OttlConfig {
    /// Not in this build.
    pub(super) error_mode: String,
    /// Not in this build.
    pub(super) span: Vec<String>,
    /// Not in this build.
    pub(super) spanevent: Vec<String>,
}

/// A list of policies whose keys are not repeated: they would be so without end.
fn policies(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": policy(generator), "default": [] })
}

fn policy(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}
