//! Settings of OTLP/HTTP, with the keys of the Collector's confighttp.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};

use edgewatch_core::config::{ConfigError, Duration, Secret};
use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::server::{Limits, PingPolicy};
use super::unsupported::absent;
use super::{AuthConfig, CorsConfig, Place, TlsConfig, Transport};

/// How often clients of HTTP/2 may ping. The Collector has no key for it.
const PINGS: PingPolicy =
    PingPolicy { min_time: std::time::Duration::from_secs(1), permit_without_stream: true };

/// Settings of OTLP/HTTP.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct HttpConfig {
    /// Address to listen on, `host:port`; `localhost` means both 127.0.0.1 and ::1, an empty host all
    /// addresses of the machine, port 0 a free port, which is logged. With `transport: unix` the path of the
    /// socket. Default: `localhost:4318`.
    pub(crate) endpoint: String,
    /// Kind of socket: `tcp`, `tcp4`, `tcp6` or `unix`. Default: `tcp`.
    pub(crate) transport: Transport,
    /// Encryption. Default: none, clear text.
    pub(crate) tls: Option<TlsConfig>,
    /// Which web pages may send from a browser. Default: none.
    pub(crate) cors: Option<CorsConfig>,
    /// Largest body in bytes, before and after decompression. Larger ones are refused. Default: 20971520 (20
    /// MiB).
    pub(crate) max_request_body_size: NonZeroUsize,
    /// Content encodings that are taken: `""` (none), `gzip`, `zstd`, `zlib` and `deflate`. Default: all of
    /// these.
    pub(crate) compression_algorithms: Vec<Compression>,
    /// Headers that every answer carries. Default: none.
    pub(crate) response_headers: BTreeMap<String, Secret>,
    /// Path of the URL that takes traces. Default: `/v1/traces`.
    pub(crate) traces_url_path: String,
    /// Path of the URL that takes metrics. Default: `/v1/metrics`.
    pub(crate) metrics_url_path: String,
    /// Path of the URL that takes logs. Default: `/v1/logs`.
    pub(crate) logs_url_path: String,
    /// Longest time for one body to arrive once its headers are there; zero: no limit, the Collector's
    /// default. Default: 30s.
    pub(crate) read_timeout: Duration,
    /// Longest time for a connection's first bytes and for one request's headers to arrive; zero: no limit.
    /// On HTTP/1 it also ends idle connections. Default: 1m.
    pub(crate) read_header_timeout: Duration,
    /// Accepted for the Collector's sake and not used: answers are a few bytes. Default: 30s.
    pub(crate) write_timeout: Duration,
    /// A connection without requests for this long, up to twice as long, is closed; zero: never. Default: 1m.
    pub(crate) idle_timeout: Duration,
    /// Whether one connection may carry several requests. Default: true.
    pub(crate) keep_alives_enabled: bool,
    /// Requests that one HTTP/2 connection may have in progress. Not in the Collector. Default: 100.
    pub(crate) max_concurrent_streams: NonZeroU32,
    /// Connections that may be open at a time. At the limit the one that has been idle longest makes room;
    /// when none is idle the new one is turned away. Not in the Collector. Default: 1024.
    pub(crate) max_connections: NonZeroUsize,
    /// Not in this build: client metadata does not travel with telemetry. Must be false. Default: false.
    pub(crate) include_metadata: bool,
    /// The extension that decides who may send, before a request is read. Default: none, everybody may.
    pub(crate) auth: Option<AuthConfig>,
    /// Not in this build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) middlewares: Option<Value>,
}

/// A content encoding.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Compression {
    /// Not compressed.
    #[serde(rename = "")]
    None,
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
    /// zlib (RFC 1950).
    Zlib,
    /// The same as `zlib`: HTTP's name for it.
    Deflate,
}

impl Compression {
    /// As it is written in configurations and headers.
    pub(in super::super) const fn name(self) -> &'static str {
        match self {
            Self::None => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Zlib => "zlib",
            Self::Deflate => "deflate",
        }
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            endpoint: "localhost:4318".to_owned(),
            transport: Transport::Tcp,
            tls: None,
            cors: None,
            max_request_body_size: const { NonZeroUsize::new(20 * 1024 * 1024).unwrap() },
            compression_algorithms: vec![
                Compression::None,
                Compression::Gzip,
                Compression::Zstd,
                Compression::Zlib,
                Compression::Deflate,
            ],
            response_headers: BTreeMap::new(),
            traces_url_path: "/v1/traces".to_owned(),
            metrics_url_path: "/v1/metrics".to_owned(),
            logs_url_path: "/v1/logs".to_owned(),
            read_timeout: Duration::from_secs(30),
            read_header_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
            keep_alives_enabled: true,
            max_concurrent_streams: const { NonZeroU32::new(100).unwrap() },
            max_connections: const { NonZeroUsize::new(1024).unwrap() },
            include_metadata: false,
            auth: None,
            middlewares: None,
        }
    }
}

impl HttpConfig {
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
            self.distinct_paths(),
            self.headers().map(drop),
            metadata,
            self.auth.as_ref().map_or(Ok(()), AuthConfig::validate),
            absent("middlewares", self.middlewares.as_ref(), "middlewares are not in this build"),
        ])
    }

    fn distinct_paths(&self) -> Result<(), ConfigError> {
        let [traces, metrics, logs] = self.paths();
        if traces == metrics || metrics == logs || traces == logs {
            return Err(ConfigError::new(
                "traces_url_path",
                "two signals have the same path; give each its own",
            ));
        }
        Ok(())
    }

    /// What its connections are allowed.
    pub(in super::super) fn limits(&self) -> Limits {
        Limits {
            max_connections: self.max_connections.get(),
            max_concurrent_streams: self.max_concurrent_streams.get(),
            first_bytes: self.read_header_timeout.get(),
            idle: self.idle_timeout.get(),
            age: Duration::ZERO.get(),
            age_grace: Duration::ZERO.get(),
            ping_interval: Duration::ZERO.get(),
            ping_timeout: Duration::ZERO.get(),
            pings: PINGS,
            http1_keep_alive: self.keep_alives_enabled,
        }
    }

    /// The paths of traces, metrics and logs, each with its leading slash.
    pub(in super::super) fn paths(&self) -> [String; 3] {
        [&self.traces_url_path, &self.metrics_url_path, &self.logs_url_path]
            .map(|path| if path.starts_with('/') { path.clone() } else { format!("/{path}") })
    }

    /// The headers that every answer carries.
    pub(in super::super) fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>, ConfigError> {
        let parse = |(name, value): (&String, &Secret)| {
            let key = format!("response_headers.{name}");
            let wrong = |what: &str| ConfigError::new(&key, format!("not a header {what} that HTTP allows"));
            let name = HeaderName::try_from(name.as_str()).map_err(|_| wrong("name"))?;
            let mut value = HeaderValue::try_from(value.expose()).map_err(|_| wrong("value"))?;
            value.set_sensitive(true);
            Ok((name, value))
        };
        self.response_headers.iter().map(parse).collect()
    }
}
