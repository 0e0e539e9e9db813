use edgewatch_core::config::{ByteSize, ConfigError, Duration};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_proto::encode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::families::{INSTANCE_ID, SERVICE_NAME, SPAN_KIND, SPAN_NAME, STATUS_CODE};
use crate::aggregation::{Bounds, Dimension, ExemplarsConfig, Scheme, Shape, Unit, check_dimensions};

/// Buckets of an exponential histogram when nothing is said, as in the OpenTelemetry SDKs.
const BUCKETS: u32 = 160;

/// Settings of the `span_metrics` connector.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// What the names of the metrics begin with, before a dot; empty: nothing. Default: `traces.span.metrics`.
    pub(super) namespace: String,
    /// The histogram of durations.
    pub(super) histogram: HistogramConfig,
    /// Attributes of spans, or where a span has none of the name, of its resource, that tell series apart beside the default ones.
    /// Default: none.
    pub(super) dimensions: Vec<Dimension>,
    /// Further dimensions of `calls` alone. Default: none.
    pub(super) calls_dimensions: Vec<Dimension>,
    /// Default dimensions that are left out: `service.name`, `span.name`, `span.kind`, `status.code`, `collector.instance.id`.
    /// Default: none.
    pub(super) exclude_dimensions: Vec<String>,
    /// Names of instrumentation scopes whose spans get the dimensions `span.instrumentation.scope.name` and
    /// `span.instrumentation.scope.version`. Default: none.
    pub(super) include_instrumentation_scope: Vec<String>,
    /// Whether there are the counters `errors` and `faults`, beside those that the Collector has. Default: true.
    pub(super) outcomes: bool,
    /// The counter of span events.
    pub(super) events: EventsConfig,
    /// Spans that data points show.
    pub(super) exemplars: ExemplarsConfig,
    /// Whether points count since the series began or since the last point: `AGGREGATION_TEMPORALITY_CUMULATIVE` or
    /// `AGGREGATION_TEMPORALITY_DELTA`. Default: `AGGREGATION_TEMPORALITY_CUMULATIVE`.
    pub(super) aggregation_temporality: Temporality,
    /// How often metrics are sent. Zero: after each batch of spans. Default: 1m.
    pub(super) metrics_flush_interval: Duration,
    /// Time after which a resource of which no spans come is forgotten, with all of its series. Zero: never. Default: 0s.
    pub(super) metrics_expiration: Duration,
    /// Time after which a series of which no spans come is forgotten. Zero: never, as is the Collector's default; names that come and go
    /// then fill up the limits. Default: 1h.
    pub(super) series_expiration: Duration,
    /// Most series of one metric and one resource. The spans of further ones are counted in the series with the attribute
    /// `otel.metric.overflow`. Zero: as many as `max_memory` has room for. The Collector's default is no limit. Default: 2000.
    pub(super) aggregation_cardinality_limit: usize,
    /// Most resources. When one more comes, an eighth of them is sent and forgotten, those that were silent for longest.
    /// Default: 1000.
    pub(super) resource_metrics_cache_size: usize,
    /// The resource attributes that tell resources apart; empty: all. Metrics then carry the attributes of the first resource of those
    /// that are alike. For attributes that change at each start of a service, such as `process.pid`. Default: none.
    pub(super) resource_metrics_key_attributes: Vec<String>,
    /// Whether metrics carry the attributes of the resource of their spans. The Collector does not read this key unless its feature gate
    /// `connector.spanmetrics.excludeResourceMetrics` is on, and adds them. Default: true.
    pub(super) add_resource_attributes: bool,
    /// Whether series have the attribute `sampling.method`: `extrapolated` when a span says in its `tracestate` how many it stands for
    /// (they are counted so in any case), `counted` otherwise. Default: false.
    pub(super) enable_metrics_sampling_method: bool,
    /// With delta temporality: how many silent series are remembered, so that their next point continues where the last one ended.
    /// Default: 1000.
    pub(super) metric_timestamp_cache_size: usize,
    /// Accepted for the Collector's sake, without effect, and deprecated there: `aggregation_cardinality_limit` limits series.
    /// Default: 1000.
    pub(super) dimensions_cache_size: usize,
    /// Most memory that all series take. When it is used up, spans of new series go where those beyond
    /// `aggregation_cardinality_limit` go, and new resources take the place of old ones. A series takes about 1 KiB, with an exponential
    /// histogram 2 KiB. 1 MiB at least. Default: 32MiB.
    pub(super) max_memory: ByteSize,
}

/// The histogram of durations.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HistogramConfig {
    /// Whether there is none. Default: false.
    pub(super) disable: bool,
    /// Unit of durations: `ms` or `s`. Default: `ms`.
    pub(super) unit: Unit,
    /// Bounds that are given. What applies when neither this nor `exponential` is there.
    pub(super) explicit: Option<ExplicitConfig>,
    /// Bounds that are powers of a base, which follow the data. Default: absent.
    pub(super) exponential: Option<ExponentialConfig>,
    /// Further dimensions of the histogram alone. Default: none.
    pub(super) dimensions: Vec<Dimension>,
}

/// A histogram with bounds that are given.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ExplicitConfig {
    /// Upper bounds of the buckets, in ascending order; 1024 at most.
    /// Default: `[2ms, 4ms, 6ms, 8ms, 10ms, 50ms, 100ms, 200ms, 400ms, 800ms, 1s, 1400ms, 2s, 5s, 10s, 15s]`.
    pub(super) buckets: Vec<Duration>,
}

/// A histogram with bounds that are powers of a base.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ExponentialConfig {
    /// Most buckets, 2 to 1024; the fewer, the coarser. Zero: 160. Default: 160.
    pub(super) max_size: u32,
}

/// The counter of span events.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct EventsConfig {
    /// Whether there is the counter `events`. Default: false.
    pub(super) enabled: bool,
    /// Attributes of events (or of their span or resource) that tell its series apart, beside the dimensions of all metrics. Needed
    /// when it is enabled. Default: none.
    pub(super) dimensions: Vec<Dimension>,
}

/// What points count from.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(super) enum Temporality {
    /// From the start of the series.
    #[default]
    #[serde(rename = "AGGREGATION_TEMPORALITY_CUMULATIVE")]
    Cumulative,
    /// From the last point.
    #[serde(rename = "AGGREGATION_TEMPORALITY_DELTA")]
    Delta,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            namespace: "traces.span.metrics".to_owned(),
            histogram: HistogramConfig::default(),
            dimensions: Vec::new(),
            calls_dimensions: Vec::new(),
            exclude_dimensions: Vec::new(),
            include_instrumentation_scope: Vec::new(),
            outcomes: true,
            events: EventsConfig::default(),
            exemplars: ExemplarsConfig::default(),
            aggregation_temporality: Temporality::default(),
            metrics_flush_interval: Duration::from_secs(60),
            metrics_expiration: Duration::ZERO,
            series_expiration: Duration::from_secs(3600),
            aggregation_cardinality_limit: 2000,
            resource_metrics_cache_size: 1000,
            resource_metrics_key_attributes: Vec::new(),
            add_resource_attributes: true,
            enable_metrics_sampling_method: false,
            metric_timestamp_cache_size: 1000,
            dimensions_cache_size: 1000,
            max_memory: ByteSize::mib(32),
        }
    }
}

impl Default for ExplicitConfig {
    fn default() -> Self {
        let milliseconds = [2, 4, 6, 8, 10, 50, 100, 200, 400, 800, 1000, 1400, 2000, 5000, 10_000, 15_000];
        Self { buckets: milliseconds.map(Duration::from_millis).into() }
    }
}

impl Default for ExponentialConfig {
    fn default() -> Self {
        Self { max_size: BUCKETS }
    }
}

impl Temporality {
    pub(super) const fn encoded(self) -> encode::Temporality {
        match self {
            Self::Cumulative => encode::Temporality::Cumulative,
            Self::Delta => encode::Temporality::Delta,
        }
    }
}

impl Config {
    /// How durations are shown; `None`: not at all.
    pub(super) fn scheme(&self) -> Option<Scheme> {
        let HistogramConfig { disable, unit, explicit, exponential, .. } = &self.histogram;
        let shape = match exponential {
            Some(ExponentialConfig { max_size }) => {
                let buckets = if *max_size == 0 { BUCKETS } else { *max_size };
                Shape::Exponential { max_size: buckets as usize }
            }
            None => {
                let explicit = explicit.clone().unwrap_or_default();
                Shape::Explicit(Bounds::new(&explicit.buckets, *unit))
            }
        };
        (!disable).then_some(Scheme { unit: *unit, shape })
    }

    /// Most exemplars of a data point.
    pub(super) fn exemplars(&self) -> usize {
        self.exemplars.most()
    }

    fn check_all_dimensions(&self) -> Result<(), ConfigError> {
        let mut taken = vec![SERVICE_NAME, SPAN_NAME, SPAN_KIND, STATUS_CODE, INSTANCE_ID];
        let common = check_dimensions("dimensions", &self.dimensions, taken.iter().copied());
        taken.extend(self.dimensions.iter().map(|dimension| dimension.name.as_str()));
        let further = [
            ("calls_dimensions", &self.calls_dimensions),
            ("histogram.dimensions", &self.histogram.dimensions),
            ("events.dimensions", &self.events.dimensions),
        ];
        let further = further.map(|(key, list)| check_dimensions(key, list, taken.iter().copied()));
        ConfigError::all([common].into_iter().chain(further))
    }

    fn check_exclusions(&self) -> Result<(), ConfigError> {
        let known = [SERVICE_NAME, SPAN_NAME, SPAN_KIND, STATUS_CODE, INSTANCE_ID];
        let unknown = self.exclude_dimensions.iter().position(|name| !known.contains(&name.as_str()));
        unknown.map_or(Ok(()), |index| {
            Err(ConfigError::new(
                format!("exclude_dimensions[{index}]"),
                format!("is none of the default dimensions: {}", known.join(", ")),
            ))
        })
    }

    fn check_histogram(&self) -> Result<(), ConfigError> {
        let HistogramConfig { explicit, exponential, .. } = &self.histogram;
        let both = must(
            explicit.is_none() || exponential.is_none(),
            "histogram",
            "has both explicit and exponential; remove one",
        );
        let buckets = explicit.as_ref().map_or(&[][..], |explicit| &explicit.buckets);
        let ascending = buckets.is_sorted_by(|one, next| one < next);
        let order =
            must(ascending, "histogram.explicit.buckets", "must ascend; sort them and remove doubles");
        let many =
            must(buckets.len() <= 1024, "histogram.explicit.buckets", "are more than 1024; remove some");
        let size = exponential.as_ref().map_or(BUCKETS, |exponential| exponential.max_size);
        let size = must(
            size == 0 || (2..=1024).contains(&size),
            "histogram.exponential.max_size",
            "must be 2 to 1024, or 0 for 160",
        );
        ConfigError::all([both, order, many, size])
    }

    fn check_limits(&self) -> Result<(), ConfigError> {
        let delta = self.aggregation_temporality == Temporality::Delta;
        ConfigError::all([
            self.exemplars.check(),
            must(
                !self.events.enabled || !self.events.dimensions.is_empty(),
                "events.dimensions",
                "must name an attribute when events are enabled",
            ),
            must(
                !delta || self.metric_timestamp_cache_size > 0,
                "metric_timestamp_cache_size",
                "must be above zero with delta temporality",
            ),
            must(self.resource_metrics_cache_size > 0, "resource_metrics_cache_size", "must be above zero"),
            must(
                self.max_memory >= ByteSize::mib(1),
                "max_memory",
                "is below 1MiB, which has no room for a few series",
            ),
        ])
    }
}

fn must(holds: bool, key: &str, message: &str) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(ConfigError::new(key, message)) }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::all([
            self.check_all_dimensions(),
            self.check_exclusions(),
            self.check_histogram(),
            self.check_limits(),
        ])
    }

    fn memory_bound(&self) -> usize {
        usize::try_from(self.max_memory.get()).unwrap_or(usize::MAX)
    }
}
