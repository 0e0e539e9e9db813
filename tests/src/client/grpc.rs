//! Unary gRPC calls on bare HTTP/2.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::{Bytes, BytesMut};
use h2::client::SendRequest;
use http::{HeaderMap, Method, Request, StatusCode};
use prost::Message as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::sink::PATIENCE;
use crate::status::Status;
use crate::{Signal, framing};

/// One HTTP/2 connection; it ends with this value.
#[derive(Debug)]
pub struct GrpcClient {
    requests: SendRequest<Bytes>,
    _connection: JoinSet<()>,
}

/// What came back from one call.
#[derive(Clone, Debug)]
pub struct GrpcReply {
    /// The HTTP status.
    pub http_status: StatusCode,
    /// The response's headers.
    pub headers: HeaderMap,
    /// The response's body, gRPC's prefix included.
    pub body: Bytes,
    /// The trailers; empty when the headers said it all.
    pub trailers: HeaderMap,
}

impl GrpcClient {
    /// Connects without TLS.
    ///
    /// # Errors
    /// When nobody answers at `address`, or not in HTTP/2.
    pub async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream =
            TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        Self::over(stream).await
    }

    /// Uses a connection made elsewhere, such as one with TLS.
    ///
    /// # Errors
    /// When the other side does not speak HTTP/2.
    pub async fn over(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> anyhow::Result<Self> {
        let (requests, connection) = h2::client::handshake(stream).await?;
        let mut task = JoinSet::new();
        task.spawn(async {
            // A broken connection shows as the failure of the calls on it.
            let _ = connection.await;
        });
        Ok(Self { requests, _connection: task })
    }

    /// Exports one encoded request.
    ///
    /// # Errors
    /// When the stream or the connection breaks, or no answer comes in time.
    pub async fn export(&self, signal: Signal, request: &[u8]) -> anyhow::Result<GrpcReply> {
        self.call(Self::request(signal.grpc_path())?, vec![framing::frame(request)?]).await
    }

    /// The head of an ordinary call, to be changed as needed.
    ///
    /// # Errors
    /// When `path` is none.
    pub fn request(path: &str) -> anyhow::Result<Request<()>> {
        let request = Request::builder().method(Method::POST).uri(format!("http://localhost{path}"));
        let request = request.header("content-type", "application/grpc").header("te", "trailers");
        Ok(request.body(())?)
    }

    /// Sends `request` with a body of exactly these data frames, and ends the stream.
    ///
    /// # Errors
    /// When the stream or the connection breaks, or no answer comes in time. A stream that the server resets after a
    /// complete response is no failure.
    pub async fn call(&self, request: Request<()>, frames: Vec<Bytes>) -> anyhow::Result<GrpcReply> {
        in_time(async {
            let mut ready = self.requests.clone().ready().await?;
            let (response, mut body) = ready.send_request(request, frames.is_empty())?;
            let last = frames.len().saturating_sub(1);
            for (place, frame) in frames.into_iter().enumerate() {
                if body.send_data(frame, place == last).is_err() {
                    break; // refused while sending: the response says why
                }
            }
            reply(response).await
        })
        .await
    }

    /// Starts a call, sends `frames` and leaves the stream half open; the caller holds both ends.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn open(
        &self,
        request: Request<()>,
        frames: Vec<Bytes>,
    ) -> anyhow::Result<(h2::SendStream<Bytes>, h2::client::ResponseFuture)> {
        in_time(async {
            let mut ready = self.requests.clone().ready().await?;
            let (response, mut body) = ready.send_request(request, false)?;
            for frame in frames {
                body.send_data(frame, false)?;
            }
            Ok((body, response))
        })
        .await
    }
}

async fn in_time<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::time::timeout(PATIENCE, work).await.context("no answer in time")?
}

async fn reply(response: h2::client::ResponseFuture) -> anyhow::Result<GrpcReply> {
    let (head, mut stream) = response.await?.into_parts();
    let mut body = BytesMut::new();
    while let Some(chunk) = stream.data().await {
        let chunk = chunk?;
        stream.flow_control().release_capacity(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    let trailers = stream.trailers().await?.unwrap_or_default();
    Ok(GrpcReply { http_status: head.status, headers: head.headers, body: body.freeze(), trailers })
}

impl GrpcReply {
    /// The gRPC status code, from the trailers or from the headers of a response without body.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.field("grpc-status")?.parse().ok()
    }

    /// `grpc-message` as it was sent, percent-encoding included.
    #[must_use]
    pub fn message(&self) -> &str {
        self.field("grpc-message").unwrap_or_default()
    }

    /// The `google.rpc.Status` in `grpc-status-details-bin`.
    #[must_use]
    pub fn details(&self) -> Option<Status> {
        // Servers may pad the value or not.
        let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let engine = GeneralPurpose::new(&base64::alphabet::STANDARD, config);
        let bytes = engine.decode(self.field("grpc-status-details-bin")?).ok()?;
        Status::decode(bytes.as_slice()).ok()
    }

    /// The wait that the server asks for.
    #[must_use]
    pub fn retry_delay(&self) -> Option<Duration> {
        self.details()?.retry_delay()
    }

    /// The response message.
    ///
    /// # Errors
    /// When the body is not exactly one uncompressed message of that type.
    pub fn decode<M: prost::Message + Default>(&self) -> anyhow::Result<M> {
        Ok(M::decode(framing::unframe(self.body.clone())?.bytes)?)
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.trailers.get(name).or_else(|| self.headers.get(name))?.to_str().ok()
    }
}
