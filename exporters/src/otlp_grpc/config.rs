//! What a user may write under `otlp_grpc`.

use edgewatch_core::config::{ConfigError, Duration, Headers};
use edgewatch_core::delivery::{QueueSettings, RetrySettings};
use edgewatch_core::extension::Use;
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Probe, ProbeContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::probe;
use crate::otlp::auth::Auth;
use crate::otlp::compression::{Compression, CompressionParams};
use crate::otlp::endpoint::{GrpcEndpoint, Scheme};
use crate::otlp::headers::header_map;
use crate::otlp::unavailable::Middleware;
use crate::tls::ClientTls;

/// Headers that gRPC sets itself.
pub(super) const RESERVED: &[&str] =
    &["content-type", "te", "grpc-encoding", "grpc-timeout", "user-agent", "host"];

/// Settings of the `otlp_grpc` exporter.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The destination: `host:port`, `https://host:port` to insist on TLS, `dns:///host:port`, or
    /// `unix:/path`. Required.
    pub(super) endpoint: String,
    /// TLS towards the destination. It is used unless `tls.insecure` is true.
    pub(super) tls: ClientTls,
    /// How requests are compressed: gzip, zstd or none. Default: gzip.
    pub(super) compression: Compression,
    /// Effort of the compression.
    pub(super) compression_params: CompressionParams,
    /// Headers added to every request, such as credentials. Default: none.
    pub(super) headers: Headers,
    /// Checks that the connection lives while an answer is awaited. Default: as below.
    pub(super) keepalive: Option<Keepalive>,
    /// Whether an attempt waits, within `timeout`, for a connection that cannot be made at first. Default:
    /// false.
    pub(super) wait_for_ready: bool,
    /// The name of the destination in requests (`:authority`). Default: empty, host and port of `endpoint`.
    pub(super) authority: String,
    /// What the exporter calls itself in requests. Default: empty, `Edgewatch/<version>
    /// (<system>/<machine>)`.
    pub(super) user_agent: String,
    /// How requests are spread over the addresses of the destination: `round_robin` or `pick_first`. Accepted
    /// for the Collector's configurations: one connection is kept here, to the first address that answers.
    /// Default: round_robin.
    pub(super) balancer_name: String,
    /// Accepted for the Collector's configurations; has no effect. Default: 0.
    pub(super) read_buffer_size: u64,
    /// Accepted for the Collector's configurations; has no effect, requests are written from where they lie.
    /// Default: 524288.
    pub(super) write_buffer_size: u64,
    /// Longest time for one attempt; zero: no limit. Default: 5s.
    pub(super) timeout: Duration,
    /// What to do after a failed attempt.
    pub(super) retry_on_failure: RetrySettings,
    /// Where batches wait for their turn.
    pub(super) sending_queue: QueueSettings,
    /// The extension that gives requests their credentials. Its headers win over `headers`. Default: none.
    pub(super) auth: Option<Auth>,
    /// Middleware extensions. Not in this build. Default: none.
    pub(super) middlewares: Vec<Middleware>,
}

/// Settings of `keepalive`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Keepalive {
    /// Silence after which the destination is asked whether it is there; zero: never, below 10s counts as
    /// 10s. Default: 10s.
    pub(super) time: Duration,
    /// Time it has to answer before the connection is given up. Default: 10s.
    pub(super) timeout: Duration,
    /// Whether it is asked while nothing is being sent, too. Default: false.
    pub(super) permit_without_stream: bool,
}

impl Default for Keepalive {
    fn default() -> Self {
        let ten = Duration::from_secs(10);
        Self { time: ten, timeout: ten, permit_without_stream: false }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            tls: ClientTls::default(),
            compression: Compression::Gzip,
            compression_params: CompressionParams::default(),
            headers: Headers::default(),
            keepalive: Some(Keepalive::default()),
            wait_for_ready: false,
            authority: String::new(),
            user_agent: String::new(),
            balancer_name: "round_robin".to_owned(),
            read_buffer_size: 0,
            write_buffer_size: 512 * 1024,
            timeout: Duration::from_secs(5),
            retry_on_failure: RetrySettings::default(),
            sending_queue: QueueSettings::default(),
            auth: None,
            middlewares: Vec::new(),
        }
    }
}

impl Config {
    /// The same settings for another destination.
    pub(crate) fn towards(mut self, endpoint: &str) -> Self {
        endpoint.clone_into(&mut self.endpoint);
        self
    }

    /// Whether requests go over TLS: `https://` says so, otherwise `tls.insecure` decides.
    pub(super) fn uses_tls(&self, endpoint: &GrpcEndpoint) -> bool {
        endpoint.scheme == Some(Scheme::Https) || !self.tls.insecure
    }

    fn validate_endpoint(&self) -> Result<(), ConfigError> {
        let endpoint = GrpcEndpoint::parse(&self.endpoint)?;
        if endpoint.scheme == Some(Scheme::Http) && !self.tls.insecure {
            return Err(ConfigError::new(
                "endpoint",
                "says http:// while tls.insecure is false; set tls.insecure: true to send without TLS, or write https://",
            ));
        }
        Ok(())
    }

    fn validate_compression(&self) -> Result<(), ConfigError> {
        match self.compression {
            Compression::Zlib | Compression::Deflate => {
                let message = "gRPC has no such compression; use zstd, gzip or none";
                Err(ConfigError::new("compression", message))
            }
            Compression::Gzip
            | Compression::Zstd
            | Compression::Snappy
            | Compression::XSnappyFramed
            | Compression::Lz4
            | Compression::None => self.compression.validate(&self.compression_params),
        }
    }

    fn validate_balancer(&self) -> Result<(), ConfigError> {
        match self.balancer_name.as_str() {
            "" | "round_robin" | "pick_first" => Ok(()),
            name => Err(ConfigError::new(
                "balancer_name",
                format!("`{name}` is not in this build; use round_robin or pick_first"),
            )),
        }
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::all([
            self.validate_endpoint(),
            self.tls.validate(),
            self.validate_compression(),
            header_map(&self.headers, RESERVED).map(drop),
            self.validate_balancer(),
            self.retry_on_failure.validate("retry_on_failure"),
            self.sending_queue.validate("sending_queue"),
            Middleware::refuse(&self.middlewares),
        ])
    }

    fn uses(&self) -> Vec<Use> {
        let queue = self.sending_queue.uses("sending_queue");
        Auth::uses(self.auth.as_ref()).into_iter().chain(queue).collect()
    }

    fn probes(&self, context: &ProbeContext) -> Vec<Probe> {
        probe::probes(self, context)
    }
}
