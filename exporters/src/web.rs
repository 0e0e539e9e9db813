//! The odd request over HTTP, for components that are no exporters: the same TLS, proxies and connections.

use std::time::Duration;

use bytes::Bytes;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::BuildContext;
use http::header::{HOST, HeaderMap, HeaderValue, USER_AGENT};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};

use crate::otlp::connect::{Connector, Route};
use crate::otlp::endpoint::Target;
use crate::otlp::proxy::Proxy;
use crate::otlp::rope::{Rope, RopeBody};
use crate::otlp::user_agent;
use crate::otlp_http::client::Client;
use crate::otlp_http::config::Idle;
use crate::tls::TlsClient;

pub use crate::tls::ClientTls;

/// Most bytes of an answer that are read.
const ANSWER_LIMIT: usize = 256 * 1024;

/// Posts to one URL, or gets what is there, over a connection of its own for each request. Redirects are not followed.
pub struct WebClient {
    uri: Uri,
    headers: HeaderMap,
    client: Client,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Bytes,
}

/// Why nothing came back. Says nothing of what was sent.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WebError(String);

impl WebClient {
    /// A client for the URL that `key` gives. Proxies are those of the environment.
    ///
    /// # Errors
    ///
    /// As [`check_url`], and what `tls` names and cannot be used, located below `tls`.
    pub fn new(key: &str, url: &str, tls: &ClientTls, context: &BuildContext) -> Result<Self, ConfigError> {
        let uri = parse(key, url)?;
        let uses_tls = uri.scheme_str() == Some("https");
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().unwrap_or(if uses_tls { 443 } else { 80 });
        let proxy = Proxy::from_environment(&uri, &context.host, &context.telemetry)?;
        let route = match proxy {
            Some(proxy) if uses_tls => Route::Tunnel(proxy),
            Some(proxy) => Route::Forward(proxy),
            None => Route::Direct,
        };
        let tls = match uses_tls {
            true => Some(TlsClient::new(tls, &host, &[b"http/1.1"], &context.host, &context.telemetry)?),
            false => None,
        };
        let mut headers = HeaderMap::new();
        let host_header = HeaderValue::try_from(authority);
        headers.insert(HOST, host_header.map_err(|_| ConfigError::new(key, "names no host"))?);
        headers.insert(USER_AGENT, user_agent("")?);
        let connector = Connector { target: Target::Tcp { host, port }, tls, route };
        let none = Idle { most: 0, timeout: None };
        let client = Client::new(connector, none, Duration::ZERO, Duration::ZERO);
        if let Some(authorization) = client.proxy_authorization() {
            headers.insert(http::header::PROXY_AUTHORIZATION, authorization.clone());
        }
        Ok(Self { uri, headers, client })
    }

    /// Posts `body` with `headers`.
    ///
    /// # Errors
    ///
    /// [`WebError`] when there is no complete answer. How long to wait is the caller's decision.
    pub async fn post(&self, headers: &HeaderMap, body: Bytes) -> Result<Answer, WebError> {
        let body = || RopeBody::new(Rope::from_iter([body.clone()]));
        self.send(&Method::POST, &self.uri, headers, body, ANSWER_LIMIT).await
    }

    /// Gets what is at `path_and_query` of the same host, of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// As [`WebClient::post`], and when `path_and_query` is none.
    pub async fn get(
        &self,
        path_and_query: &str,
        headers: &HeaderMap,
        limit: usize,
    ) -> Result<Answer, WebError> {
        let wrong = |error: http::Error| WebError(format!("{path_and_query}: {error}"));
        let mut parts = self.uri.clone().into_parts();
        parts.path_and_query = Some(path_and_query.parse().map_err(|error| wrong(http::Error::from(error)))?);
        let uri = Uri::from_parts(parts).map_err(|error| wrong(error.into()))?;
        self.send(&Method::GET, &uri, headers, || RopeBody::new(Rope::default()), limit).await
    }

    async fn send(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: impl Fn() -> RopeBody,
        limit: usize,
    ) -> Result<Answer, WebError> {
        let request = || {
            let mut request = Request::new(body());
            *request.method_mut() = method.clone();
            let all = request.headers_mut();
            all.clone_from(&self.headers);
            all.extend(headers.clone());
            request
        };
        let answered = self.client.call(uri, request).await;
        let (response, _busy) = answered.map_err(|error| WebError(error.to_string()))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, limit).collect().await;
        let body = body.map_err(|error| WebError(format!("the answer broke off: {error}")))?;
        Ok(Answer { status: head.status, body: body.to_bytes() })
    }
}

/// Looks at the URL that `key` gives.
///
/// # Errors
///
/// What keeps a client from posting to it.
pub fn check_url(key: &str, url: &str) -> Result<(), ConfigError> {
    parse(key, url).map(drop)
}

fn parse(key: &str, url: &str) -> Result<Uri, ConfigError> {
    let wrong = |fact: &str| Err(ConfigError::new(key, format!("{fact}; write https://host/path")));
    let Ok(uri) = url.parse::<Uri>() else {
        return wrong("is not a URL");
    };
    match (uri.scheme_str(), uri.authority()) {
        (Some("http" | "https"), Some(authority)) if authority.as_str().contains('@') => {
            wrong("holds a password")
        }
        (Some("http" | "https"), Some(authority)) if !authority.host().is_empty() => Ok(uri),
        (Some("http" | "https"), _) => wrong("names no host"),
        (Some(_) | None, _) => wrong("begins with neither https:// nor http://"),
    }
}
