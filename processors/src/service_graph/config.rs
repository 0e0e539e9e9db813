use edgewatch_core::config::{ByteSize, ConfigError, Duration};
use edgewatch_core::factory::ComponentConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aggregation::{Bounds, Dimension, ExemplarsConfig, Scheme, Shape, Unit, check_dimensions};

/// Settings of the `service_graph` connector.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Upper bounds of the buckets of durations, in ascending order; 1024 at most. Empty: a histogram without buckets. Not together
    /// with `exponential_histogram_max_size`.
    /// Absent: `[2ms, 4ms, 6ms, 8ms, 10ms, 50ms, 100ms, 200ms, 400ms, 800ms, 1s, 1400ms, 2s, 5s, 10s, 15s]`. Default: absent.
    pub(super) latency_histogram_buckets: Option<Vec<Duration>>,
    /// Most buckets of exponential histograms of durations, 2 to 1024. Zero: the buckets are those of `latency_histogram_buckets`.
    /// Default: 0.
    pub(super) exponential_histogram_max_size: u32,
    /// Attributes of resources, or where a resource has none of the name, of spans, that tell edges apart: that of the client as
    /// `client_NAME`, that of the server as `server_NAME`. Default: none.
    pub(super) dimensions: Vec<String>,
    /// Where spans wait for the other side of their call.
    pub(super) store: StoreConfig,
    /// How often edges are looked for that can be forgotten, at the earliest when metrics are sent. Zero: 1m. Default: 1m.
    pub(super) cache_loop: Duration,
    /// How often spans are looked for that have waited for `store.ttl`, beside each time that spans come. Zero: 2s. Default: 2s.
    pub(super) store_expiration_loop: Duration,
    /// Attributes of clients' spans that name a server that sends no spans, the first that is there. Empty: there are no virtual nodes;
    /// what has no other side is counted as unpaired. The Collector's default are the first three.
    /// Default: `[peer.service, db.name, db.system, db.namespace, db.system.name, messaging.system]`.
    pub(super) virtual_node_peer_attributes: Vec<String>,
    /// Whether edges have the attribute `virtual_node`: `client`, `server`, or an empty text when both are real. Default: false.
    pub(super) virtual_node_extra_label: bool,
    /// How often metrics are sent. Zero: after each batch of spans. Default: 1m.
    pub(super) metrics_flush_interval: Duration,
    /// By how much the times of data points lie in the past. Default: 0s.
    pub(super) metrics_timestamp_offset: Duration,
    /// Attributes of clients' spans (or first of their resource) that make a call one of a database, which has no other side, and name
    /// it; the first that is there. The Collector's default is `db.name` alone, which instrumentations do not write any more.
    /// Empty: a database is a virtual node like any other; the Collector takes its default then.
    /// Default: `[db.name, db.namespace]`.
    pub(super) database_name_attributes: Vec<String>,
    /// Deprecated: one attribute in the place of `database_name_attributes`. Default: absent.
    pub(super) database_name_attribute: Option<String>,
    /// Refused: the exporters of the pipeline that names this connector as its receiver get the metrics.
    pub(super) metrics_exporter: Option<String>,
    /// The histogram of calls that one request needs.
    pub(super) calls_per_request: CallsConfig,
    /// Spans that data points show.
    pub(super) exemplars: ExemplarsConfig,
    /// Time after which an edge without calls is forgotten. Zero: never. The Collector's is 15m, and cannot be set. Default: 15m.
    pub(super) series_expiration: Duration,
    /// Most edges, and as many pairs of services and sides of unpaired and dropped spans. Calls of further edges are counted in one
    /// with the attribute `otel.metric.overflow`. Zero: as many as `max_memory` has room for. The Collector has no limit.
    /// Default: 2000.
    pub(super) aggregation_cardinality_limit: usize,
    /// Most memory that all edges take. When it is used up, calls of new edges go where those beyond
    /// `aggregation_cardinality_limit` go. An edge takes about 1 KiB. 1 MiB at least. Default: 16MiB.
    pub(super) max_memory: ByteSize,
}

/// Where spans wait for the other side of their call.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StoreConfig {
    /// How long a span waits. Afterwards its call counts with a virtual node on the other side, or as unpaired. SDKs send every five
    /// seconds, each at its own time: less than that misses calls. The Collector's default is 2s. Default: 10s.
    pub(super) ttl: Duration,
    /// Most spans that wait. Further ones are dropped and counted. The Collector's default is 1000. Default: 10000.
    pub(super) max_items: usize,
    /// Most memory that they take; a span takes about 500 bytes, and as much as its dimensions have. 64 KiB at least.
    /// Default: 8MiB.
    pub(super) max_memory: ByteSize,
}

/// The histogram of calls that one request needs.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CallsConfig {
    /// Whether there is the metric `traces_service_graph_calls_per_request`. Default: true.
    pub(super) enabled: bool,
    /// How long the calls of a trace between two services are counted, from the first one on. Default: 10s.
    pub(super) window: Duration,
    /// Most pairs of services in traces whose calls are being counted. The calls of further ones are left out, so that those that are
    /// counted remain a fair sample. One takes about 260 bytes. Default: 10000.
    pub(super) max_items: usize,
}

impl Default for Config {
    fn default() -> Self {
        let peers =
            ["peer.service", "db.name", "db.system", "db.namespace", "db.system.name", "messaging.system"];
        Self {
            latency_histogram_buckets: None,
            exponential_histogram_max_size: 0,
            dimensions: Vec::new(),
            store: StoreConfig::default(),
            cache_loop: Duration::from_secs(60),
            store_expiration_loop: Duration::from_secs(2),
            virtual_node_peer_attributes: peers.map(str::to_owned).into(),
            virtual_node_extra_label: false,
            metrics_flush_interval: Duration::from_secs(60),
            metrics_timestamp_offset: Duration::ZERO,
            database_name_attributes: ["db.name", "db.namespace"].map(str::to_owned).into(),
            database_name_attribute: None,
            metrics_exporter: None,
            calls_per_request: CallsConfig::default(),
            exemplars: ExemplarsConfig::default(),
            series_expiration: Duration::from_secs(15 * 60),
            aggregation_cardinality_limit: 2000,
            max_memory: ByteSize::mib(16),
        }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { ttl: Duration::from_secs(10), max_items: 10_000, max_memory: ByteSize::mib(8) }
    }
}

impl Default for CallsConfig {
    fn default() -> Self {
        Self { enabled: true, window: Duration::from_secs(10), max_items: 10_000 }
    }
}

impl Config {
    /// How durations are shown.
    pub(super) fn scheme(&self) -> Scheme {
        let shape = match (self.exponential_histogram_max_size, &self.latency_histogram_buckets) {
            (0, Some(buckets)) => Shape::Explicit(Bounds::new(buckets, Unit::Seconds)),
            (0, None) => {
                let milliseconds =
                    [2, 4, 6, 8, 10, 50, 100, 200, 400, 800, 1000, 1400, 2000, 5000, 10_000, 15_000];
                Shape::Explicit(Bounds::new(&milliseconds.map(Duration::from_millis), Unit::Seconds))
            }
            (most, _) => Shape::Exponential { max_size: most as usize },
        };
        Scheme { unit: Unit::Seconds, shape }
    }

    /// What names a database.
    pub(super) fn databases(&self) -> &[String] {
        match &self.database_name_attribute {
            Some(name) => std::slice::from_ref(name),
            None => &self.database_name_attributes,
        }
    }

    fn check_dimensions(&self) -> Result<(), ConfigError> {
        let named = |name: &String| Dimension { name: name.clone(), default: None };
        let dimensions: Vec<Dimension> = self.dimensions.iter().map(named).collect();
        check_dimensions("dimensions", &dimensions, [])
    }

    fn check_histogram(&self) -> Result<(), ConfigError> {
        let buckets = self.latency_histogram_buckets.as_deref().unwrap_or_default();
        let size = self.exponential_histogram_max_size;
        ConfigError::all([
            must(
                self.latency_histogram_buckets.is_none() || size == 0,
                "latency_histogram_buckets",
                "is there beside exponential_histogram_max_size; remove one",
            ),
            must(
                buckets.is_sorted_by(|one, next| one < next),
                "latency_histogram_buckets",
                "must ascend; sort them and remove doubles",
            ),
            must(buckets.len() <= 1024, "latency_histogram_buckets", "are more than 1024; remove some"),
            must(
                size == 0 || (2..=1024).contains(&size),
                "exponential_histogram_max_size",
                "must be 2 to 1024, or 0 for latency_histogram_buckets",
            ),
        ])
    }

    fn check_limits(&self) -> Result<(), ConfigError> {
        let calls = &self.calls_per_request;
        ConfigError::all([
            must(!self.store.ttl.is_zero(), "store.ttl", "must be above zero"),
            must(self.store.max_items > 0, "store.max_items", "must be above zero"),
            must(
                self.store.max_memory >= ByteSize::kib(64),
                "store.max_memory",
                "is below 64KiB, which has no room for a few spans",
            ),
            must(!calls.window.is_zero(), "calls_per_request.window", "must be above zero"),
            must(
                calls.max_items > 0,
                "calls_per_request.max_items",
                "must be above zero; disable calls_per_request to have none",
            ),
            self.exemplars.check(),
            must(
                self.max_memory >= ByteSize::mib(1),
                "max_memory",
                "is below 1MiB, which has no room for a few edges",
            ),
        ])
    }

    fn check_names(&self) -> Result<(), ConfigError> {
        ConfigError::all([
            must(
                self.metrics_exporter.is_none(),
                "metrics_exporter",
                "has no effect in the Collector either; name this connector as a receiver of a metrics pipeline and remove it",
            ),
            must(
                self.database_name_attribute.is_none()
                    || self.database_name_attributes == Self::default().database_name_attributes,
                "database_name_attribute",
                "is there beside database_name_attributes; remove it",
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
            self.check_dimensions(),
            self.check_histogram(),
            self.check_limits(),
            self.check_names(),
        ])
    }

    fn memory_bound(&self) -> usize {
        let calls = &self.calls_per_request;
        let calls = if calls.enabled { calls.max_items.saturating_mul(super::calls::BYTES) } else { 0 };
        let sizes = [self.max_memory, self.store.max_memory];
        let sizes = sizes.map(|size| usize::try_from(size.get()).unwrap_or(usize::MAX));
        sizes.into_iter().fold(calls, usize::saturating_add)
    }
}
