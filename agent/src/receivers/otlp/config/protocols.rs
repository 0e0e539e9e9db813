//! Which protocols are spoken.

use edgewatch_core::config::ConfigError;
use edgewatch_core::extension::Use;
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Probe, ProbeContext};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::super::probe;
use super::{GrpcConfig, HttpConfig};

/// Memory that an idle HTTP/2 connection was measured to hold (18 KiB), rounded up: hyper's and h2's state
/// and buffers.
const CONNECTION_BYTES: usize = 24 * 1024;

/// Settings of the `otlp` receiver.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The protocols to speak. One that is not named is off; one that is named without settings has its
    /// defaults. When the receiver is configured without this key, both are on.
    pub(crate) protocols: Protocols,
}

/// The protocols to speak.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Protocols {
    /// OTLP/gRPC. Off when `protocols` is written without it.
    #[serde(default, deserialize_with = "named")]
    pub(crate) grpc: Option<GrpcConfig>,
    /// OTLP/HTTP, with protobuf or JSON. Off when `protocols` is written without it.
    #[serde(default, deserialize_with = "named")]
    pub(crate) http: Option<HttpConfig>,
}

impl Default for Protocols {
    fn default() -> Self {
        Self { grpc: Some(GrpcConfig::default()), http: Some(HttpConfig::default()) }
    }
}

/// A key that is there but empty asks for the defaults, as in the Collector.
fn named<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Some(Option::<T>::deserialize(deserializer)?.unwrap_or_default()))
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        let Protocols { grpc, http } = &self.protocols;
        if grpc.is_none() && http.is_none() {
            return Err(ConfigError::new(
                "protocols",
                "no protocol is named; name grpc, http or both (a name without settings has the defaults)",
            ));
        }
        ConfigError::all([
            grpc.as_ref().map_or(Ok(()), GrpcConfig::validate).map_err(|error| error.under("protocols.grpc")),
            http.as_ref().map_or(Ok(()), HttpConfig::validate).map_err(|error| error.under("protocols.http")),
        ])
    }

    fn uses(&self) -> Vec<Use> {
        let Protocols { grpc, http } = &self.protocols;
        let grpc = grpc.as_ref().and_then(|grpc| Some(grpc.auth.as_ref()?.used_by("grpc")));
        let http = http.as_ref().and_then(|http| Some(http.auth.as_ref()?.used_by("http")));
        grpc.into_iter().chain(http).collect()
    }

    fn memory_bound(&self) -> usize {
        let Protocols { grpc, http } = &self.protocols;
        let connections = grpc.as_ref().map_or(0, |grpc| grpc.max_connections.get())
            + http.as_ref().map_or(0, |http| http.max_connections.get());
        connections * CONNECTION_BYTES
    }

    fn probes(&self, context: &ProbeContext) -> Vec<Probe> {
        probe::probes(self, context)
    }
}
