//! A client that can do right and wrong.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

/// An answer, with the trailers of gRPC among the headers.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// `grpc-status` as a number.
    pub(super) fn code(&self) -> u16 {
        assert_eq!(self.status, StatusCode::OK, "gRPC answers with HTTP 200: {self:?}");
        self.header("grpc-status").parse().expect("a code")
    }
}

pub(super) type Http2<B> = http2::SendRequest<B>;

pub(super) async fn http2<B>(address: SocketAddr) -> Http2<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let stream = TcpStream::connect(address).await.expect("a listener");
    stream.set_nodelay(true).expect("a socket");
    let (sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
    tokio::spawn(connection);
    sender
}

pub(super) async fn http1(address: SocketAddr) -> http1::SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(address).await.expect("a listener");
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1");
    tokio::spawn(connection);
    sender
}

pub(super) async fn answer(response: http::Response<hyper::body::Incoming>) -> Answer {
    let (head, body) = response.into_parts();
    let collected = body.collect().await.expect("a complete answer");
    let mut headers = head.headers;
    headers.extend(collected.trailers().cloned().unwrap_or_default());
    Answer { status: head.status, headers, body: collected.to_bytes() }
}

/// A gRPC message: flag, length, payload.
pub(super) fn framed(compressed: bool, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![u8::from(compressed)];
    frame.extend(u32::try_from(payload.len()).expect("less than 4 GiB").to_be_bytes());
    frame.extend(payload);
    frame
}

pub(super) fn grpc_request<B>(path: &str, headers: &[(&str, &str)], body: B) -> Request<B> {
    let mut request = Request::post(format!("http://localhost{path}")).header("te", "trailers");
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header("content-type", "application/grpc");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).expect("a request")
}

/// One call on a connection of its own.
pub(super) async fn grpc(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let mut sender = http2(address).await;
    let request = grpc_request(path, headers, Full::new(Bytes::from(body)));
    answer(sender.send_request(request).await.expect("an answer")).await
}
