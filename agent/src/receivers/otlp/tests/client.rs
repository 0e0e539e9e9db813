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

/// A body that arrives in pieces, and ends, stalls or breaks after them.
pub(super) struct Pieces {
    pieces: std::vec::IntoIter<Bytes>,
    after: After,
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum After {
    End,
    Stall,
    Break,
}

impl Pieces {
    pub(super) fn new(pieces: &[&[u8]], after: After) -> Self {
        let pieces: Vec<Bytes> = pieces.iter().map(|piece| Bytes::copy_from_slice(piece)).collect();
        Self { pieces: pieces.into_iter(), after }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        use std::task::Poll;
        match (self.pieces.next(), self.after) {
            (Some(piece), _) => Poll::Ready(Some(Ok(http_body::Frame::data(piece)))),
            (None, After::End) => Poll::Ready(None),
            (None, After::Stall) => Poll::Pending,
            (None, After::Break) => Poll::Ready(Some(Err(std::io::Error::other("the client gives up")))),
        }
    }
}

/// One HTTP/1 request on a connection of its own.
pub(super) async fn http(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Answer {
    let mut sender = http1(address).await;
    answer(sender.send_request(http_request(method, path, headers, body)).await.expect("an answer")).await
}

pub(super) fn http_request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(Bytes::from(body))).expect("a request")
}
