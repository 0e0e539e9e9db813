//! Sending batches over gRPC.

use std::sync::Arc;

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
use edgewatch_proto::status::{Code, Status};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TE, USER_AGENT};
use http::{Method, Request, Uri, Version};

use super::channel::Channel;
use super::config::{Config, RESERVED};
use super::response::{Failure, read};
use crate::otlp::answer::{self, delivered, unreachable};
use crate::otlp::auth::Credentials;
use crate::otlp::compression::Compressor;
use crate::otlp::connect::{Connector, Route};
use crate::otlp::endpoint::{GrpcEndpoint, Target};
use crate::otlp::headers::header_map;
use crate::otlp::proxy::Proxy;
use crate::otlp::rope::{Rope, RopeBody};
use crate::otlp::user_agent;
use crate::tls::TlsClient;

/// Sends each batch as one unary call.
pub(crate) struct OtlpGrpc {
    channel: Channel,
    compressor: Option<Compressor>,
    /// Of every request.
    headers: HeaderMap,
    credentials: Credentials,
    traces: Uri,
    metrics: Uri,
    logs: Uri,
    /// As configured, for messages.
    destination: String,
}

impl ExporterSpec for OtlpGrpc {
    const NAME: &'static str = "otlp_grpc";
    const ALIASES: &'static [&'static str] = &["otlp"];
    const ABOUT: &'static str = "sends telemetry as OTLP over gRPC";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let connector = connector(&config, &context.host, &context.telemetry)?;
        let authority = match config.authority.as_str() {
            "" => connector.target.authority(),
            authority => authority.to_owned(),
        };
        let scheme = if connector.tls.is_some() { "https" } else { "http" };
        let uri = |signal: Signal| {
            let uri = Uri::builder()
                .scheme(scheme)
                .authority(authority.as_str())
                .path_and_query(signal.grpc_path());
            uri.build()
                .map_err(|_| ConfigError::new("authority", format!("`{authority}` is not a name of a host")))
        };
        Ok(Self {
            channel: Channel::new(connector, config.keepalive.as_ref(), config.wait_for_ready),
            compressor: Compressor::new(config.compression, &config.compression_params),
            headers: headers(&config)?,
            credentials: Credentials::of(config.auth.as_ref(), context)?,
            traces: uri(Signal::Traces)?,
            metrics: uri(Signal::Metrics)?,
            logs: uri(Signal::Logs)?,
            destination: config.endpoint,
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

/// What makes connections to the destination.
pub(super) fn connector(
    config: &Config,
    machine: &Arc<dyn Host>,
    telemetry: &Telemetry,
) -> Result<Connector, ConfigError> {
    let endpoint = GrpcEndpoint::parse(&config.endpoint)?;
    let target = endpoint.target.clone();
    let tls = match config.uses_tls(&endpoint) {
        true => Some(TlsClient::new(&config.tls, target.host(), &[b"h2"], machine, telemetry)?),
        false => None,
    };
    let route = route(&target, machine, telemetry)?;
    Ok(Connector { target, tls, route })
}

/// As gRPC's Go client: `HTTPS_PROXY` counts, with or without TLS, and the proxy is asked for a tunnel.
fn route(target: &Target, machine: &Arc<dyn Host>, telemetry: &Telemetry) -> Result<Route, ConfigError> {
    let Target::Tcp { .. } = target else {
        return Ok(Route::Direct);
    };
    let uri = Uri::builder().scheme("https").authority(target.authority()).path_and_query("/").build();
    let uri = uri.map_err(|_| ConfigError::new("endpoint", "names no host"))?;
    let proxy = Proxy::from_environment(&uri, machine, telemetry)?;
    Ok(proxy.map_or(Route::Direct, Route::Tunnel))
}

fn headers(config: &Config) -> Result<HeaderMap, ConfigError> {
    let mut headers = header_map(&config.headers, RESERVED)?;
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(USER_AGENT, user_agent(&config.user_agent)?);
    if let Some(encoding) = config.compression.encoding() {
        headers.insert(HeaderName::from_static("grpc-encoding"), HeaderValue::from_static(encoding));
    }
    if !config.timeout.is_zero()
        && let Ok(timeout) = HeaderValue::try_from(grpc_timeout(config.timeout.get()))
    {
        headers.insert(HeaderName::from_static("grpc-timeout"), timeout);
    }
    Ok(headers)
}

/// At most eight digits and a unit.
fn grpc_timeout(timeout: std::time::Duration) -> String {
    let millis = timeout.as_millis().max(1);
    if millis < 100_000_000 { format!("{millis}m") } else { format!("{}S", (millis / 1000).min(99_999_999)) }
}

#[async_trait]
impl Exporter for OtlpGrpc {
    async fn export(&self, batch: &Batch) -> Result<Delivered, ExportError> {
        let message = self.message(batch).await?;
        let uri = self.uri(batch.signal());
        let mut renewed = false;
        loop {
            let headers = self.credentials.add_to(&self.headers, &self.destination).await?;
            let status = match self.call(uri, &headers, &message).await? {
                Ok(delivered) => return Ok(delivered),
                Err(status) => status,
            };
            let refused = matches!(status.code, Code::Unauthenticated | Code::PermissionDenied);
            if renewed || !refused || !self.credentials.renew(&headers).await {
                return Err(answer::refused(&self.destination, batch.items(), status));
            }
            renewed = true;
        }
    }

    async fn close(&self) {
        self.channel.close().await;
    }
}

impl OtlpGrpc {
    /// Makes one call. The inner error is the destination's own.
    async fn call(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        message: &Rope,
    ) -> Result<Result<Delivered, Status>, ExportError> {
        let request = || {
            let mut request = Request::new(RopeBody::new(message.clone()));
            *request.method_mut() = Method::POST;
            *request.version_mut() = Version::HTTP_2;
            *request.uri_mut() = uri.clone();
            *request.headers_mut() = headers.clone();
            request
        };
        let response = self.channel.call(request).await;
        let response = response.map_err(|error| unreachable(&self.destination, error.to_string()))?;
        match read(response).await {
            Ok(partial) => Ok(Ok(delivered(partial))),
            Err(Failure::Status(status)) => Ok(Err(status)),
            Err(Failure::Broken(reason)) => Err(unreachable(&self.destination, reason)),
        }
    }

    /// The batch behind the prefix of a message: flag and length.
    async fn message(&self, batch: &Batch) -> Result<Rope, ExportError> {
        let mut rope = Rope::default();
        match &self.compressor {
            Some(compressor) => {
                let compressed = compressor.compress(batch.segments()).await;
                let compressed =
                    compressed.map_err(|error| unreachable(&self.destination, error.to_string()))?;
                rope.push(self.prefix(1, compressed.len(), batch)?);
                rope.push(compressed);
            }
            None => {
                rope.push(self.prefix(0, batch.bytes(), batch)?);
                batch.segments().iter().for_each(|segment| rope.push(segment.clone()));
            }
        }
        Ok(rope)
    }

    fn prefix(&self, flag: u8, length: usize, batch: &Batch) -> Result<Bytes, ExportError> {
        let Ok(length) = u32::try_from(length) else {
            return Err(ExportError::TooLarge {
                destination: self.destination.clone(),
                items: batch.items(),
                reason: "a message of gRPC has at most 4 GiB".to_owned(),
            });
        };
        let [a, b, c, d] = length.to_be_bytes();
        Ok(Bytes::copy_from_slice(&[flag, a, b, c, d]))
    }

    const fn uri(&self, signal: Signal) -> &Uri {
        match signal {
            Signal::Traces => &self.traces,
            Signal::Metrics => &self.metrics,
            Signal::Logs => &self.logs,
        }
    }
}
