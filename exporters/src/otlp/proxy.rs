//! HTTP proxies on the way to a destination.

use std::net::IpAddr;
use std::sync::Arc;

use edgewatch_core::config::ConfigError;
use edgewatch_core::host::Host;
use edgewatch_core::telemetry::Telemetry;
use http::Uri;
use http::header::HeaderValue;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::connect::{ConnectError, Io};
use crate::tls::{ClientTls, TlsClient};

/// Longest head of an answer to `CONNECT` that is read.
const HEAD_LIMIT: usize = 8 * 1024;

/// A proxy and the credentials for it.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// For a proxy that is spoken to over TLS.
    pub(crate) tls: Option<TlsClient>,
    pub(crate) authorization: Option<HeaderValue>,
}

impl Proxy {
    /// The proxy that the environment names for `destination`, by `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`,
    /// in capitals or not. As with Go's clients, this machine is always reached directly.
    pub(crate) fn from_environment(
        destination: &Uri,
        machine: &Arc<dyn Host>,
        telemetry: &Telemetry,
    ) -> Result<Option<Self>, ConfigError> {
        if is_this_machine(destination.host().unwrap_or_default()) {
            return Ok(None);
        }
        let variable = |name: &str| {
            let set = machine.env(name).filter(|value| !value.is_empty());
            set.or_else(|| machine.env(&name.to_lowercase())).unwrap_or_default()
        };
        let matcher = Matcher::builder()
            .http(variable("HTTP_PROXY"))
            .https(variable("HTTPS_PROXY"))
            .no(variable("NO_PROXY"))
            .build();
        match matcher.intercept(destination) {
            Some(intercept) => {
                Self::from_intercept(&intercept, machine, telemetry).map(Some).map_err(|reason| {
                    ConfigError::new("endpoint", format!("its proxy in the environment {reason}"))
                })
            }
            None => Ok(None),
        }
    }

    /// The proxy at `url`, from the key `proxy_url`.
    pub(crate) fn from_url(
        url: &str,
        destination: &Uri,
        machine: &Arc<dyn Host>,
        telemetry: &Telemetry,
    ) -> Result<Self, ConfigError> {
        let wrong = |reason: String| ConfigError::new("proxy_url", reason);
        match Matcher::builder().all(url).build().intercept(destination) {
            Some(intercept) => Self::from_intercept(&intercept, machine, telemetry).map_err(wrong),
            None => Err(wrong("is not the URL of a proxy; write http://host:port".to_owned())),
        }
    }

    fn from_intercept(
        intercept: &Intercept,
        machine: &Arc<dyn Host>,
        telemetry: &Telemetry,
    ) -> Result<Self, String> {
        let uri = intercept.uri();
        let host = uri.host().unwrap_or_default().to_owned();
        let (default_port, tls) = match uri.scheme_str() {
            Some("http") => (80, None),
            Some("https") => {
                let tls = TlsClient::new(&ClientTls::default(), &host, &[], machine, telemetry);
                (443, Some(tls.map_err(|error| format!("cannot be used: {error}"))?))
            }
            other => {
                let scheme = other.unwrap_or_default();
                return Err(format!("has scheme `{scheme}`, which is not in this build; use an http proxy"));
            }
        };
        let port = uri.port_u16().unwrap_or(default_port);
        Ok(Self { host, port, tls, authorization: intercept.basic_auth().cloned() })
    }

    /// Asks the proxy, through `io`, for a tunnel to `authority`.
    pub(crate) async fn tunnel(&self, io: &mut dyn Io, authority: &str) -> Result<(), ConnectError> {
        let failed =
            |reason: String| ConnectError::Proxy { proxy: format!("{}:{}", self.host, self.port), reason };
        let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n").into_bytes();
        if let Some(authorization) = &self.authorization {
            request.extend_from_slice(b"Proxy-Authorization: ");
            request.extend_from_slice(authorization.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        io.write_all(&request).await.map_err(|error| failed(error.to_string()))?;
        io.flush().await.map_err(|error| failed(error.to_string()))?;
        let mut head = Vec::with_capacity(256);
        // Byte by byte, once per connection: what follows the head belongs to the destination.
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() >= HEAD_LIMIT {
                return Err(failed("its answer is too long".to_owned()));
            }
            head.push(
                io.read_u8().await.map_err(|error| failed(format!("it closed the connection: {error}")))?,
            );
        }
        let head = String::from_utf8_lossy(&head);
        let status = head.lines().next().unwrap_or_default();
        match status.split(' ').nth(1) {
            Some(code) if code.starts_with('2') => Ok(()),
            _ => Err(failed(format!("it answered `{status}`"))),
        }
    }
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
