//! One HTTP/1.1 request on a connection of its own.

use std::net::SocketAddr;

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::sink::PATIENCE;

/// What came back.
#[derive(Clone, Debug)]
pub struct HttpReply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The response's headers.
    pub headers: HeaderMap,
    /// The response's body.
    pub body: Bytes,
}

impl HttpReply {
    /// One header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text, for messages and JSON.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Posts `body` to `path` with exactly these headers (besides `host` and `content-length`).
///
/// # Errors
/// When the connection breaks or no answer comes in time.
pub async fn post(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> anyhow::Result<HttpReply> {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(address, request.body(body.into())?).await
}

/// Sends any request.
///
/// # Errors
/// When the connection breaks or no answer comes in time.
pub async fn send(address: SocketAddr, mut request: Request<Bytes>) -> anyhow::Result<HttpReply> {
    if !request.headers().contains_key("host") {
        request.headers_mut().insert("host", address.to_string().parse()?);
    }
    let connecting = TcpStream::connect(address).await;
    send_over(connecting.with_context(|| format!("cannot connect to {address}"))?, request).await
}

/// Sends any request on a connection made elsewhere, such as one with TLS; nothing is added to it.
///
/// # Errors
/// When the connection breaks or no answer comes in time.
pub async fn send_over(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Bytes>,
) -> anyhow::Result<HttpReply> {
    let work = async {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let exchange = async {
            let (head, body) = sender.send_request(request.map(Full::new)).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            anyhow::Ok(HttpReply { status: head.status, headers: head.headers, body })
        };
        tokio::pin!(exchange);
        tokio::select! {
            reply = &mut exchange => reply,
            // The connection ends with the response when the server closes it.
            _ended = connection => exchange.await,
        }
    };
    tokio::time::timeout(PATIENCE, work).await.context("no answer in time")?
}
