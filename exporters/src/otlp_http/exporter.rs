//! Sending batches over HTTP.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::ConfigError;
use edgewatch_core::delivery::Delivery;
use edgewatch_core::exporter::{Delivered, ExportError, Exporter};
use edgewatch_core::factory::{BuildContext, ExporterSpec};
use edgewatch_core::host::Host;
use edgewatch_core::telemetry::Telemetry;
use edgewatch_proto::json::{JsonError, encode_segments};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, USER_AGENT};
use http::response::Parts;
use http::{Method, Request, StatusCode, Uri};

use super::answer::{Asked, judge, read};
use super::client::Client;
use super::config::{Config, Encoding, RESERVED};
use crate::otlp::answer::unreachable;
use crate::otlp::auth::Credentials;
use crate::otlp::compression::Compressor;
use crate::otlp::connect::{Connector, Route};
use crate::otlp::endpoint::Target;
use crate::otlp::headers::header_map;
use crate::otlp::proxy::Proxy;
use crate::otlp::rope::{Rope, RopeBody};
use crate::otlp::user_agent;
use crate::tls::TlsClient;

/// Batches below this size are turned into JSON at once, larger ones on another thread.
const INLINE_BELOW: usize = 8 * 1024;

/// Sends each batch as one POST.
pub(crate) struct OtlpHttp {
    encoding: Encoding,
    compressor: Option<Compressor>,
    credentials: Credentials,
    traces: Option<Destination>,
    metrics: Option<Destination>,
    logs: Option<Destination>,
}

/// Where one signal goes.
struct Destination {
    uri: Uri,
    /// For messages.
    url: String,
    headers: HeaderMap,
    /// Shared by the signals that go to the same host.
    client: Arc<Client>,
}

impl ExporterSpec for OtlpHttp {
    const NAME: &'static str = "otlp_http";
    const ALIASES: &'static [&'static str] = &["otlphttp"];
    const ABOUT: &'static str = "sends telemetry as OTLP over HTTP";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let mut clients: Vec<(Uri, Arc<Client>)> = Vec::with_capacity(1);
        let mut destination = |signal| -> Result<Option<Destination>, ConfigError> {
            let Some(uri) = config.url(signal)? else {
                return Ok(None);
            };
            let same_host =
                |other: &Uri| other.scheme() == uri.scheme() && other.authority() == uri.authority();
            let client = match clients.iter().find(|(other, _)| same_host(other)) {
                Some((_, client)) => Arc::clone(client),
                None => {
                    let client = Arc::new(client(&config, &uri, context)?);
                    clients.push((uri.clone(), Arc::clone(&client)));
                    client
                }
            };
            let headers = headers(&config, &uri, &client)?;
            Ok(Some(Destination { url: uri.to_string(), uri, headers, client }))
        };
        Ok(Self {
            traces: destination(Signal::Traces)?,
            metrics: destination(Signal::Metrics)?,
            logs: destination(Signal::Logs)?,
            encoding: config.encoding,
            compressor: Compressor::new(config.compression, &config.compression_params),
            credentials: Credentials::of(config.auth.as_ref(), context)?,
        })
    }

    fn delivery(config: &Config) -> Delivery {
        Delivery {
            timeout: config.timeout,
            retry: config.retry_on_failure.clone(),
            queue: config.sending_queue.clone(),
        }
    }
}

fn client(config: &Config, uri: &Uri, context: &BuildContext) -> Result<Client, ConfigError> {
    let connector = connector(config, uri, &context.host, &context.telemetry)?;
    let (ping_after, ping_timeout) = (config.http2_read_idle_timeout.get(), config.http2_ping_timeout.get());
    Ok(Client::new(connector, config.idle(), ping_after, ping_timeout))
}

/// What makes connections to the destination `uri`.
pub(super) fn connector(
    config: &Config,
    uri: &Uri,
    machine: &Arc<dyn Host>,
    telemetry: &Telemetry,
) -> Result<Connector, ConfigError> {
    let uses_tls = uri.scheme_str() == Some("https");
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().unwrap_or(if uses_tls { 443 } else { 80 });
    let protocols: &[&[u8]] = if config.force_attempt_http2 { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
    let tls = match uses_tls {
        true => Some(TlsClient::new(&config.tls, &host, protocols, machine, telemetry)?),
        false => None,
    };
    let proxy = match config.proxy_url.as_str() {
        "" => Proxy::from_environment(uri, machine, telemetry)?,
        url => Some(Proxy::from_url(url, uri, machine, telemetry)?),
    };
    let route = match proxy {
        Some(proxy) if uses_tls => Route::Tunnel(proxy),
        Some(proxy) => Route::Forward(proxy),
        None => Route::Direct,
    };
    Ok(Connector { target: Target::Tcp { host, port }, tls, route })
}

fn headers(config: &Config, uri: &Uri, client: &Client) -> Result<HeaderMap, ConfigError> {
    let mut headers = header_map(&config.headers, RESERVED)?;
    let content_type = match config.encoding {
        Encoding::Proto => "application/x-protobuf",
        Encoding::Json => "application/json",
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(encoding) = config.compression.encoding() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if !headers.contains_key(USER_AGENT) {
        headers.insert(USER_AGENT, user_agent("")?);
    }
    if !headers.contains_key(HOST)
        && let Some(host) =
            uri.authority().and_then(|authority| HeaderValue::try_from(authority.as_str()).ok())
    {
        headers.insert(HOST, host);
    }
    if let Some(authorization) = client.proxy_authorization() {
        headers.insert(http::header::PROXY_AUTHORIZATION, authorization.clone());
    }
    Ok(headers)
}

#[async_trait]
impl Exporter for OtlpHttp {
    async fn export(&self, batch: &Batch) -> Result<Delivered, ExportError> {
        let signal = batch.signal();
        let Some(destination) = self.destination(signal) else {
            return Err(ExportError::Rejected {
                destination: "otlp_http".to_owned(),
                items: batch.items(),
                reason: format!("no endpoint is configured for {signal}; set endpoint or {signal}_endpoint"),
            });
        };
        let body = self.body(batch, destination).await?;
        let asked = Asked { destination: &destination.url, signal, items: batch.items() };
        let mut renewed = false;
        loop {
            let headers = self.credentials.add_to(&destination.headers, &destination.url).await?;
            let (head, answer) = destination.call(&headers, &body).await?;
            let refused = matches!(head.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
            if renewed || !refused || !self.credentials.renew(&headers).await {
                return judge(&asked, head.status, &head.headers, &answer, SystemTime::now());
            }
            renewed = true;
        }
    }

    async fn close(&self) {
        for destination in [&self.traces, &self.metrics, &self.logs].into_iter().flatten() {
            destination.client.close().await;
        }
    }
}

impl Destination {
    /// Sends one request and reads its answer.
    async fn call(&self, headers: &HeaderMap, body: &Rope) -> Result<(Parts, Bytes), ExportError> {
        let request = || {
            let mut request = Request::new(RopeBody::new(body.clone()));
            *request.method_mut() = Method::POST;
            *request.headers_mut() = headers.clone();
            request
        };
        let answered = self.client.call(&self.uri, request).await;
        let (response, busy) = answered.map_err(|error| unreachable(&self.url, error.to_string()))?;
        let (head, answer) = response.into_parts();
        let answer = read(answer).await;
        if let Some(busy) = busy.filter(|_| answer.whole) {
            self.client.keep(busy);
        }
        Ok((head, answer.body))
    }
}

impl OtlpHttp {
    const fn destination(&self, signal: Signal) -> Option<&Destination> {
        match signal {
            Signal::Traces => self.traces.as_ref(),
            Signal::Metrics => self.metrics.as_ref(),
            Signal::Logs => self.logs.as_ref(),
        }
    }

    async fn body(&self, batch: &Batch, destination: &Destination) -> Result<Rope, ExportError> {
        let json;
        let pieces = match self.encoding {
            Encoding::Proto => batch.segments(),
            Encoding::Json => {
                json = [self.json(batch, destination).await?];
                &json
            }
        };
        match &self.compressor {
            Some(compressor) => {
                let compressed = compressor.compress(pieces).await;
                let compressed =
                    compressed.map_err(|error| unreachable(&destination.url, error.to_string()))?;
                Ok(Rope::from_iter([compressed]))
            }
            None => Ok(pieces.iter().cloned().collect()),
        }
    }

    async fn json(&self, batch: &Batch, destination: &Destination) -> Result<Bytes, ExportError> {
        let signal = batch.signal();
        let converted = if batch.bytes() < INLINE_BELOW {
            to_json(signal, batch.segments()).map_err(|error| error.to_string())
        } else {
            let segments = batch.segments().to_vec();
            match tokio::task::spawn_blocking(move || to_json(signal, &segments)).await {
                Ok(converted) => converted.map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            }
        };
        converted.map_err(|error| ExportError::Rejected {
            destination: destination.url.clone(),
            items: batch.items(),
            reason: format!("the batch cannot be written as JSON: {error}"),
        })
    }
}

fn to_json(signal: Signal, segments: &[Bytes]) -> Result<Bytes, JsonError> {
    // JSON takes about twice the room.
    let size: usize = segments.iter().map(Bytes::len).sum();
    let mut json = Vec::with_capacity(size * 2);
    encode_segments(signal, segments.iter().map(Bytes::as_ref), &mut json)?;
    Ok(json.into())
}
