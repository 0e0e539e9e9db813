//! What a user may write under `otlp_http`.

use edgewatch_core::Signal;
use edgewatch_core::config::{ConfigError, Duration, Headers};
use edgewatch_core::delivery::{QueueSettings, RetrySettings};
use edgewatch_core::extension::Use;
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Probe, ProbeContext};
use http::Uri;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::probe;
use crate::otlp::auth::Auth;
use crate::otlp::compression::{Compression, CompressionParams};
use crate::otlp::headers::header_map;
use crate::otlp::unavailable::Middleware;
use crate::tls::ClientTls;

/// Headers that the exporter sets itself.
pub(super) const RESERVED: &[&str] =
    &["content-type", "content-encoding", "content-length", "transfer-encoding", "connection"];

/// Settings of the `otlp_http` exporter.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Base URL of the destination, such as `https://example.com:4318`; `/v1/traces`, `/v1/metrics` and
    /// `/v1/logs` are added to it. Required unless every signal in use has an endpoint of its own.
    pub(super) endpoint: String,
    /// URL for traces, used as it is. Default: empty, made from `endpoint`.
    pub(super) traces_endpoint: String,
    /// URL for metrics, used as it is. Default: empty, made from `endpoint`.
    pub(super) metrics_endpoint: String,
    /// URL for logs, used as it is. Default: empty, made from `endpoint`.
    pub(super) logs_endpoint: String,
    /// URL for profiles. Accepted for the Collector's configurations; profiles are not carried. Default:
    /// empty.
    pub(super) profiles_endpoint: String,
    /// How requests are written: proto or json. Default: proto.
    pub(super) encoding: Encoding,
    /// TLS towards the destination, for URLs with `https://`.
    pub(super) tls: ClientTls,
    /// How requests are compressed: gzip, zstd, zlib, deflate or none. Default: gzip.
    pub(super) compression: Compression,
    /// Effort of the compression.
    pub(super) compression_params: CompressionParams,
    /// Headers added to every request, such as credentials. Default: none.
    pub(super) headers: Headers,
    /// URL of a proxy, such as `http://proxy:3128`, instead of the one that the environment names. Default:
    /// empty.
    pub(super) proxy_url: String,
    /// Longest time for one attempt; zero: no limit. Default: 30s.
    pub(super) timeout: Duration,
    /// What to do after a failed attempt.
    pub(super) retry_on_failure: RetrySettings,
    /// Where batches wait for their turn.
    pub(super) sending_queue: QueueSettings,
    /// Connections that are kept for later requests. Write them here or, as older Collectors did, beside it.
    pub(super) keepalive: Option<Keepalive>,
    /// Idle connections that are kept; zero: no limit. Default: 100.
    pub(super) max_idle_conns: usize,
    /// Idle connections that are kept for each host; zero: as `max_idle_conns` says. Default: 0.
    pub(super) max_idle_conns_per_host: usize,
    /// Time after which an idle connection is not used again; zero: no limit. Default: 90s.
    pub(super) idle_conn_timeout: Duration,
    /// Whether every request gets a connection of its own. Default: false.
    pub(super) disable_keep_alives: bool,
    /// Accepted for the Collector's configurations; has no effect, `sending_queue.num_consumers` limits the
    /// connections. Default: 0.
    pub(super) max_conns_per_host: usize,
    /// Whether HTTP/2 is offered over TLS. Default: true.
    pub(super) force_attempt_http2: bool,
    /// Silence on a connection of HTTP/2 after which the destination is asked whether it is there; zero:
    /// never. Default: 0s.
    pub(super) http2_read_idle_timeout: Duration,
    /// Time it has to answer before the connection is given up; zero: 15s. Default: 0s.
    pub(super) http2_ping_timeout: Duration,
    /// Accepted for the Collector's configurations; has no effect. Default: 0.
    pub(super) read_buffer_size: u64,
    /// Accepted for the Collector's configurations; has no effect, requests are written from where they lie.
    /// Default: 524288.
    pub(super) write_buffer_size: u64,
    /// Cookies that the destination sets. Not in this build. Default: none.
    pub(super) cookies: Option<Cookies>,
    /// The extension that gives requests their credentials. Its headers win over `headers`. Default: none.
    pub(super) auth: Option<Auth>,
    /// Middleware extensions. Not in this build. Default: none.
    pub(super) middlewares: Vec<Middleware>,
}

/// How requests are written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Encoding {
    /// Protobuf.
    #[default]
    Proto,
    /// OTLP's mapping to JSON.
    Json,
}

/// Settings of `keepalive`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Keepalive {
    /// Whether connections are kept. Default: true.
    enabled: bool,
    /// Time after which an idle connection is not used again; zero: no limit. Default: 90s.
    idle_conn_timeout: Duration,
    /// Idle connections that are kept; zero: no limit. Default: 100.
    max_idle_conns: usize,
    /// Idle connections that are kept for each host; zero: as `max_idle_conns` says. Default: 0.
    max_idle_conns_per_host: usize,
}

/// Settings of `cookies`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cookies {
    /// Whether cookies are kept and sent back.
    enabled: bool,
}

/// Idle connections to keep.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Idle {
    pub(crate) most: usize,
    pub(crate) timeout: Option<std::time::Duration>,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self {
            enabled: true,
            idle_conn_timeout: Duration::from_secs(90),
            max_idle_conns: 100,
            max_idle_conns_per_host: 0,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        let keepalive = Keepalive::default();
        Self {
            endpoint: String::new(),
            traces_endpoint: String::new(),
            metrics_endpoint: String::new(),
            logs_endpoint: String::new(),
            profiles_endpoint: String::new(),
            encoding: Encoding::Proto,
            tls: ClientTls::default(),
            compression: Compression::Gzip,
            compression_params: CompressionParams::default(),
            headers: Headers::default(),
            proxy_url: String::new(),
            timeout: Duration::from_secs(30),
            retry_on_failure: RetrySettings::default(),
            sending_queue: QueueSettings::default(),
            keepalive: None,
            max_idle_conns: keepalive.max_idle_conns,
            max_idle_conns_per_host: keepalive.max_idle_conns_per_host,
            idle_conn_timeout: keepalive.idle_conn_timeout,
            disable_keep_alives: false,
            max_conns_per_host: 0,
            force_attempt_http2: true,
            http2_read_idle_timeout: Duration::ZERO,
            http2_ping_timeout: Duration::ZERO,
            read_buffer_size: 0,
            write_buffer_size: 512 * 1024,
            cookies: None,
            auth: None,
            middlewares: Vec::new(),
        }
    }
}

impl Config {
    /// Everything to `endpoint`, with `headers`.
    pub(crate) fn to(endpoint: &str, headers: Headers) -> Self {
        Self { endpoint: endpoint.to_owned(), headers, ..Self::default() }
    }

    /// The key that says where `signal` goes.
    pub(super) fn endpoint_key(&self, signal: Signal) -> &'static str {
        let (key, own) = self.own_endpoint(signal);
        if own.is_empty() { "endpoint" } else { key }
    }

    fn own_endpoint(&self, signal: Signal) -> (&'static str, &String) {
        match signal {
            Signal::Traces => ("traces_endpoint", &self.traces_endpoint),
            Signal::Metrics => ("metrics_endpoint", &self.metrics_endpoint),
            Signal::Logs => ("logs_endpoint", &self.logs_endpoint),
        }
    }

    /// The URL for `signal`; `None` when the configuration has none.
    pub(super) fn url(&self, signal: Signal) -> Result<Option<Uri>, ConfigError> {
        let (key, own) = self.own_endpoint(signal);
        if !own.is_empty() {
            return url(key, own).map(Some);
        }
        if self.endpoint.is_empty() {
            return Ok(None);
        }
        let base = self.endpoint.strip_suffix('/').unwrap_or(&self.endpoint);
        url("endpoint", &format!("{base}{}", signal.http_path())).map(Some)
    }

    /// What is to be done with connections when a request is over.
    pub(super) fn idle(&self) -> Idle {
        let beside = Keepalive {
            enabled: !self.disable_keep_alives,
            idle_conn_timeout: self.idle_conn_timeout,
            max_idle_conns: self.max_idle_conns,
            max_idle_conns_per_host: self.max_idle_conns_per_host,
        };
        let keepalive = self.keepalive.as_ref().unwrap_or(&beside);
        let limit = |most: usize| if most == 0 { usize::MAX } else { most };
        let most = limit(keepalive.max_idle_conns).min(limit(keepalive.max_idle_conns_per_host));
        let timeout = keepalive.idle_conn_timeout.get();
        Idle {
            most: if keepalive.enabled { most } else { 0 },
            timeout: Some(timeout).filter(|timeout| !timeout.is_zero()),
        }
    }

    fn validate_endpoints(&self) -> Result<(), ConfigError> {
        let mut any = false;
        let mut checks = Vec::with_capacity(Signal::ALL.len());
        for signal in Signal::ALL {
            let url = self.url(signal);
            any |= !matches!(url, Ok(None));
            checks.push(url.map(drop));
            if !self.endpoint.is_empty() && checks.iter().any(Result::is_err) {
                // The base would be reported once for each signal.
                break;
            }
        }
        if !any {
            return Err(ConfigError::new(
                "endpoint",
                "is missing; write the base URL of the destination, such as http://localhost:4318",
            ));
        }
        ConfigError::all(checks)
    }

    fn validate_keepalive(&self) -> Result<(), ConfigError> {
        let defaults = Self::default();
        let beside = self.max_idle_conns != defaults.max_idle_conns
            || self.max_idle_conns_per_host != defaults.max_idle_conns_per_host
            || self.idle_conn_timeout != defaults.idle_conn_timeout
            || self.disable_keep_alives;
        if self.keepalive.is_some() && beside {
            return Err(ConfigError::new(
                "keepalive",
                "stands beside max_idle_conns, max_idle_conns_per_host, idle_conn_timeout or disable_keep_alives; move those into it",
            ));
        }
        Ok(())
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        let cookies = match &self.cookies {
            Some(Cookies { enabled: true }) => {
                Err(ConfigError::new("cookies", "cookies are not in this build; remove the key"))
            }
            Some(Cookies { enabled: false }) | None => Ok(()),
        };
        ConfigError::all([
            self.validate_endpoints(),
            self.tls.validate(),
            self.compression.validate(&self.compression_params),
            header_map(&self.headers, RESERVED).map(drop),
            self.validate_keepalive(),
            self.retry_on_failure.validate("retry_on_failure"),
            self.sending_queue.validate("sending_queue"),
            cookies,
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

fn url(key: &str, text: &str) -> Result<Uri, ConfigError> {
    let wrong = |message: &str| Err(ConfigError::new(key, message));
    if !text.contains("://") {
        return wrong("has no scheme; write http:// or https:// before the host");
    }
    let Ok(uri) = text.parse::<Uri>() else {
        return wrong("is not a URL; write it as https://host:port");
    };
    let scheme = uri.scheme_str().unwrap_or_default();
    if scheme != "http" && scheme != "https" {
        return Err(ConfigError::new(key, format!("scheme `{scheme}` is not http or https")));
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return wrong("holds a password; put it into headers, as Authorization: Basic ${env:CREDENTIALS}");
    }
    if uri.host().is_none_or(str::is_empty) {
        return wrong("names no host");
    }
    Ok(uri)
}
