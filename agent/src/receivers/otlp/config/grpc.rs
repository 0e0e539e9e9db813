//! Settings of OTLP/gRPC, with the keys of the Collector's configgrpc.

use std::num::{NonZeroU32, NonZeroUsize};

use edgewatch_core::config::{ConfigError, Duration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::server::{Limits, PingPolicy};
use super::unsupported::absent;
use super::{AuthConfig, Place, TlsConfig, Transport};

/// Settings of OTLP/gRPC.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct GrpcConfig {
    /// Address to listen on, `host:port`; `localhost` means both 127.0.0.1 and ::1, an empty host all
    /// addresses of the machine, port 0 a free port, which is logged. With `transport: unix` the path of the
    /// socket. Default: `localhost:4317`.
    pub(crate) endpoint: String,
    /// Kind of socket: `tcp`, `tcp4`, `tcp6` or `unix`. Default: `tcp`.
    pub(crate) transport: Transport,
    /// Encryption. Default: none, clear text.
    pub(crate) tls: Option<TlsConfig>,
    /// Largest message in MiB, before and after decompression. Larger ones are refused unread. Default: 4.
    pub(crate) max_recv_msg_size_mib: NonZeroU32,
    /// Requests that one connection may have in progress; the client waits with the next one. Default: 100.
    pub(crate) max_concurrent_streams: NonZeroU32,
    /// Longest time for one message to arrive once its headers are there, and for a connection's first bytes;
    /// zero: no limit. Not in the Collector, which waits forever. Default: 30s.
    pub(crate) read_timeout: Duration,
    /// Connections that may be open at a time. At the limit the one that has been idle longest makes room;
    /// when none is idle the new one is turned away. Not in the Collector. Default: 1024.
    pub(crate) max_connections: NonZeroUsize,
    /// When connections are closed, and how their peers are watched.
    pub(crate) keepalive: Keepalive,
    /// Accepted for the Collector's sake and not used: buffers grow with what arrives. Default: 524288.
    pub(crate) read_buffer_size: usize,
    /// Accepted for the Collector's sake and not used: answers are a few bytes. Default: 0.
    pub(crate) write_buffer_size: usize,
    /// Not in this build: client metadata does not travel with telemetry. Must be false. Default: false.
    pub(crate) include_metadata: bool,
    /// The extension that decides who may send, before a request is read. Default: none, everybody may.
    pub(crate) auth: Option<AuthConfig>,
    /// Not in this build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) middlewares: Option<Value>,
}

/// Settings of `keepalive`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Keepalive {
    /// How long connections live and how their peers are watched.
    pub(crate) server_parameters: ServerParameters,
    /// How often clients may ping. Those that do it more often are let go, once the requests in progress are
    /// answered; three pings too early in a row are too often.
    pub(crate) enforcement_policy: EnforcementPolicy,
}

/// Settings of `keepalive.server_parameters`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServerParameters {
    /// A connection without requests for this long, up to twice as long, is closed; zero: never. Default: 0.
    pub(crate) max_connection_idle: Duration,
    /// A connection older than this is closed once its requests are answered, so that clients spread anew;
    /// zero: never. Default: 0.
    pub(crate) max_connection_age: Duration,
    /// How long requests in progress may take after `max_connection_age`; zero: as long as they need.
    /// Default: 0.
    pub(crate) max_connection_age_grace: Duration,
    /// Interval of the pings that find out whether the peer is still there; zero: the default. Default: 2h.
    pub(crate) time: Duration,
    /// A peer that does not answer a ping within this time is gone; zero: the default. Default: 20s.
    pub(crate) timeout: Duration,
}

/// Settings of `keepalive.enforcement_policy`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EnforcementPolicy {
    /// Shortest time between two pings of a client without a request that is answered between them; zero: the
    /// default. Default: 5m.
    pub(crate) min_time: Duration,
    /// Whether `min_time` also holds while no request is in progress; otherwise that is two hours then. Default:
    /// false.
    pub(crate) permit_without_stream: bool,
}

impl Default for GrpcConfig {
    fn default() -> Self {
        Self {
            endpoint: "localhost:4317".to_owned(),
            transport: Transport::Tcp,
            tls: None,
            max_recv_msg_size_mib: const { NonZeroU32::new(4).unwrap() },
            max_concurrent_streams: const { NonZeroU32::new(100).unwrap() },
            read_timeout: Duration::from_secs(30),
            max_connections: const { NonZeroUsize::new(1024).unwrap() },
            keepalive: Keepalive::default(),
            read_buffer_size: 512 * 1024,
            write_buffer_size: 0,
            include_metadata: false,
            auth: None,
            middlewares: None,
        }
    }
}

impl Default for ServerParameters {
    fn default() -> Self {
        Self {
            max_connection_idle: Duration::ZERO,
            max_connection_age: Duration::ZERO,
            max_connection_age_grace: Duration::ZERO,
            time: Duration::from_secs(2 * 60 * 60),
            timeout: Duration::from_secs(20),
        }
    }
}

impl Default for EnforcementPolicy {
    fn default() -> Self {
        Self { min_time: Duration::from_secs(300), permit_without_stream: false }
    }
}

impl GrpcConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let metadata = if self.include_metadata {
            Err(ConfigError::new(
                "include_metadata",
                "client metadata does not travel with telemetry in this build; remove the key",
            ))
        } else {
            Ok(())
        };
        ConfigError::all([
            Place::parse(&self.endpoint, self.transport).map(drop),
            self.tls.as_ref().map_or(Ok(()), TlsConfig::validate),
            metadata,
            self.auth.as_ref().map_or(Ok(()), AuthConfig::validate),
            absent("middlewares", self.middlewares.as_ref(), "middlewares are not in this build"),
        ])
    }

    /// What its connections are allowed.
    pub(in super::super) fn limits(&self) -> Limits {
        let parameters = &self.keepalive.server_parameters;
        let defaults = ServerParameters::default();
        let or =
            |value: Duration, default: Duration| if value.is_zero() { default.get() } else { value.get() };
        Limits {
            max_connections: self.max_connections.get(),
            max_concurrent_streams: self.max_concurrent_streams.get(),
            first_bytes: self.read_timeout.get(),
            idle: parameters.max_connection_idle.get(),
            age: parameters.max_connection_age.get(),
            age_grace: parameters.max_connection_age_grace.get(),
            ping_interval: or(parameters.time, defaults.time),
            ping_timeout: or(parameters.timeout, defaults.timeout),
            pings: PingPolicy {
                min_time: or(
                    self.keepalive.enforcement_policy.min_time,
                    EnforcementPolicy::default().min_time,
                ),
                permit_without_stream: self.keepalive.enforcement_policy.permit_without_stream,
            },
            http1_keep_alive: false,
        }
    }

    /// Largest message in bytes.
    pub(in super::super) fn max_message(&self) -> usize {
        self.max_recv_msg_size_mib.get() as usize * 1024 * 1024
    }
}
