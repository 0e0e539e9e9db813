//! What a user may write.

use std::collections::BTreeSet;

use edgewatch_core::config::{ConfigError, Duration, join};
use edgewatch_core::delivery::{Delivery, QueueSettings, RetrySettings};
use edgewatch_core::extension::{Service, Use};
use edgewatch_core::factory::{ComponentConfig, ExporterSpec};
use edgewatch_core::probe::{Probe, ProbeContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::key::RoutingKey;
use super::probe;
use crate::otlp::endpoint::GrpcEndpoint;
use crate::otlp_grpc::{self, OtlpGrpc};

/// Most destinations at a time. Each has a connection and a queue.
pub(super) const MOST_MEMBERS: usize = 256;

/// The port of OTLP over gRPC.
const PORT: &str = "4317";

/// Settings of the `load_balancing` exporter.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// What is kept together: service, traceID (spans and log records), metric, resource, or attributes. Default: none, which
    /// means traceID for traces and service for metrics and logs; the same where the key does not fit the signal.
    pub(super) routing_key: Option<RoutingKey>,
    /// Names of attributes for `routing_key: attributes`, looked for in the resource, the scope and the item; for spans also
    /// `span.name` and `span.kind`. Default: none.
    pub(super) routing_attributes: Vec<String>,
    /// Where the destinations come from: one of the resolvers. Required.
    pub(super) resolver: Resolver,
    /// How data is sent to each destination.
    pub(super) protocol: Protocol,
    /// In place of `protocol.otlp.timeout`. Default: none.
    pub(super) timeout: Option<Duration>,
    /// In place of `protocol.otlp.retry_on_failure`. Default: none.
    pub(super) retry_on_failure: Option<RetrySettings>,
    /// In place of `protocol.otlp.sending_queue`: the queue that each destination has. Default: none.
    pub(super) sending_queue: Option<QueueSettings>,
}

/// Settings of `protocol`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Protocol {
    /// The settings of the `otlp_grpc` exporter, for each destination. `endpoint` has no effect here.
    pub(super) otlp: otlp_grpc::Config,
}

/// Settings of `resolver`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Resolver {
    /// A fixed list of destinations. Default: none.
    #[serde(rename = "static")]
    pub(super) fixed: Option<Static>,
    /// The addresses of a name. Default: none.
    pub(super) dns: Option<Dns>,
    /// The endpoints of a Kubernetes service. Not in this build: name its headless service under `dns`. Default: none.
    pub(super) k8s: Option<Value>,
    /// The instances of an AWS Cloud Map service. Not in this build: name its DNS record under `dns`. Default: none.
    pub(super) aws_cloud_map: Option<Value>,
}

/// Settings of `static`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Static {
    /// Destinations as `host:port`; the port is 4317 where none is written. Required.
    pub(super) hostnames: Vec<String>,
}

/// Settings of `dns`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Dns {
    /// The name whose addresses are the destinations. Required.
    pub(super) hostname: String,
    /// Port of every destination. Default: empty, 4317.
    pub(super) port: String,
    /// Time between two look-ups; zero means the default. Default: 5s.
    pub(super) interval: Duration,
    /// Longest time for a look-up; zero means the default. Default: 1s.
    pub(super) timeout: Duration,
}

impl Default for Dns {
    fn default() -> Self {
        Self {
            hostname: String::new(),
            port: String::new(),
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(1),
        }
    }
}

impl Static {
    /// The destinations as they are written, in the order in which every agent has them.
    pub(super) fn names(&self) -> Vec<String> {
        let names: BTreeSet<&str> = self.hostnames.iter().map(|host| host.trim()).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let key = "resolver.static.hostnames";
        if self.hostnames.is_empty() {
            return Err(ConfigError::new(
                key,
                "is missing; list the destinations: [backend-1:4317, backend-2:4317]",
            ));
        }
        if self.hostnames.len() > MOST_MEMBERS {
            let message =
                format!("has {} entries; at most {MOST_MEMBERS} are possible", self.hostnames.len());
            return Err(ConfigError::new(key, message));
        }
        let mut seen = BTreeSet::new();
        ConfigError::all(self.hostnames.iter().enumerate().map(|(index, host)| {
            let endpoint = with_port(host);
            let key = format!("{key}.{index}");
            if let Err(error) = GrpcEndpoint::parse(&endpoint) {
                return Err(ConfigError::new(key, error.to_string().replacen("endpoint: ", "", 1)));
            }
            if !seen.insert(endpoint.clone()) {
                return Err(ConfigError::new(key, format!("`{endpoint}` stands in the list twice")));
            }
            Ok(())
        }))
    }
}

impl Dns {
    fn validate(&self) -> Result<(), ConfigError> {
        let key = "resolver.dns";
        if self.hostname.is_empty() {
            return Err(ConfigError::new(join(key, "hostname"), "is missing; write the name to look up"));
        }
        if self.hostname.contains([':', '/', '[']) {
            let message = format!("`{}` is not a name; the port stands under `port`", self.hostname);
            return Err(ConfigError::new(join(key, "hostname"), message));
        }
        self.port().map(drop)
    }

    pub(super) fn port(&self) -> Result<u16, ConfigError> {
        let port = if self.port.is_empty() { PORT } else { &self.port };
        port.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
            let message = format!("`{port}` is not a port; write a number from 1 to 65535");
            ConfigError::new("resolver.dns.port", message)
        })
    }
}

impl Resolver {
    fn validate(&self) -> Result<(), ConfigError> {
        let headless =
            "name its headless service under `resolver.dns`: hostname: collectors.default.svc.cluster.local";
        let record = "name its DNS record under `resolver.dns`";
        absent("resolver.k8s", self.k8s.as_ref(), "the API of Kubernetes", headless)?;
        absent("resolver.aws_cloud_map", self.aws_cloud_map.as_ref(), "the API of AWS", record)?;
        match (&self.fixed, &self.dns) {
            (Some(fixed), None) => fixed.validate(),
            (None, Some(dns)) => dns.validate(),
            (None, None) => {
                let message = "names no resolver; write static: {hostnames: [...]} or dns: {hostname: ...}";
                Err(ConfigError::new("resolver", message))
            }
            (Some(_), Some(_)) => {
                Err(ConfigError::new("resolver", "names both static and dns; remove one of them"))
            }
        }
    }
}

impl Config {
    /// The settings of the exporter for one destination.
    pub(super) fn exporter(&self, endpoint: &str) -> otlp_grpc::Config {
        self.protocol.otlp.clone().towards(endpoint)
    }

    /// How each destination is served.
    pub(super) fn delivery(&self) -> Delivery {
        let mut delivery = OtlpGrpc::delivery(&self.protocol.otlp);
        delivery.timeout = self.timeout.unwrap_or(delivery.timeout);
        if let Some(retry) = &self.retry_on_failure {
            delivery.retry = retry.clone();
        }
        if let Some(queue) = &self.sending_queue {
            delivery.queue = queue.clone();
        }
        delivery
    }

    fn validate_key(&self) -> Result<(), ConfigError> {
        match (self.routing_key, self.routing_attributes.is_empty()) {
            (Some(RoutingKey::StreamId), _) => Err(ConfigError::new(
                "routing_key",
                "streamID is not in this build; use metric, resource or attributes",
            )),
            (Some(RoutingKey::Attributes), true) => Err(ConfigError::new(
                "routing_attributes",
                "is empty; name the attributes, or choose another routing_key",
            )),
            (
                Some(RoutingKey::Service | RoutingKey::TraceId | RoutingKey::Metric | RoutingKey::Resource)
                | None,
                false,
            ) => Err(ConfigError::new(
                "routing_attributes",
                "has no effect with this routing_key; remove it or write routing_key: attributes",
            )),
            (Some(_) | None, _) => Ok(()),
        }
    }

    /// The storage of the queues, and the key that names it.
    pub(super) fn storage(&self) -> Option<Use> {
        match &self.sending_queue {
            Some(queue) => queue.uses("sending_queue"),
            None => OtlpGrpc::delivery(&self.protocol.otlp).queue.uses("protocol.otlp.sending_queue"),
        }
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        let retry = self.retry_on_failure.as_ref();
        ConfigError::all([
            self.validate_key(),
            self.resolver.validate(),
            self.exporter("localhost:4317").validate().map_err(|error| error.under("protocol.otlp")),
            retry.map_or(Ok(()), |retry| retry.validate("retry_on_failure")),
            self.sending_queue.as_ref().map_or(Ok(()), |queue| queue.validate("sending_queue")),
        ])
    }

    fn uses(&self) -> Vec<Use> {
        // Its queue may be replaced by that of the exporter.
        let uses = self.protocol.otlp.uses().into_iter().filter(|used| used.service != Service::Storage);
        let uses = uses.map(|used| Use { key: join("protocol.otlp", &used.key), ..used });
        uses.chain(self.storage()).collect()
    }

    fn probes(&self, context: &ProbeContext) -> Vec<Probe> {
        probe::probes(self, context)
    }
}

/// The endpoint of the destination `host`.
pub(super) fn with_port(host: &str) -> String {
    let host = host.trim();
    let bracketed = host.starts_with('[') && host.ends_with(']');
    if host.contains(':') && !bracketed { host.to_owned() } else { format!("{host}:{PORT}") }
}

fn absent(key: &str, value: Option<&Value>, needs: &str, way_out: &str) -> Result<(), ConfigError> {
    match value {
        None | Some(Value::Null) => Ok(()),
        Some(_) => {
            let message = format!("needs {needs}, which this build does not speak; remove the key");
            Err(ConfigError::new(key, message).with_help(way_out))
        }
    }
}
