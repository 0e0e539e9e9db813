//! The little of gRPC that generator, relay and sink share.

use std::sync::LazyLock;

use anyhow::Context as _;
use bytes::{Buf as _, Bytes};
use edgewatch_tests::Signal;
use edgewatch_tests::framing::PREFIX;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Method, Request, Response};

/// A stream's window: the requests of any SDK fit in it.
pub(crate) const STREAM_WINDOW: u32 = 1 << 20;
/// A connection's window.
pub(crate) const CONNECTION_WINDOW: u32 = 4 << 20;
/// The largest frame where nothing else is said: RFC 9113, section 6.5.2.
pub(crate) const DEFAULT_FRAME: u32 = 16 << 10;
/// Frames as large as the usual request, so that it is read in few pieces.
pub(crate) const FRAME: u32 = 64 << 10;

/// The empty response message with its prefix.
const EMPTY: Bytes = Bytes::from_static(&[0; PREFIX]);

static HEAD: LazyLock<Response<()>> = LazyLock::new(|| {
    let mut response = Response::new(());
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    response
});

static TRAILERS: LazyLock<HeaderMap> = LazyLock::new(|| {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    trailers
});

/// One request message, in the pieces in which it arrived.
pub(crate) struct Message {
    pub(crate) compressed: bool,
    pub(crate) pieces: Vec<Bytes>,
}

/// Reads the one message of a call without joining its pieces.
pub(crate) async fn read(stream: &mut RecvStream) -> anyhow::Result<Message> {
    let mut prefix = [0; PREFIX];
    let mut prefix_read = 0;
    let mut pieces = Vec::new();
    let mut length = 0;
    while let Some(piece) = stream.data().await {
        let mut piece = piece?;
        stream.flow_control().release_capacity(piece.len())?;
        while prefix_read < PREFIX && piece.has_remaining() {
            if let Some(byte) = prefix.get_mut(prefix_read) {
                *byte = piece.get_u8();
            }
            prefix_read += 1;
        }
        if piece.has_remaining() {
            length += piece.len();
            pieces.push(piece);
        }
    }
    let [flag, a, b, c, d] = prefix;
    let stated = usize::try_from(u32::from_be_bytes([a, b, c, d]))?;
    anyhow::ensure!(prefix_read == PREFIX && stated == length, "a message of {length} bytes says {stated}");
    Ok(Message { compressed: flag == 1, pieces })
}

/// Answers a call with success.
pub(crate) fn acknowledge(respond: &mut SendResponse<Bytes>) -> Result<(), h2::Error> {
    let mut stream = respond.send_response(HEAD.clone(), false)?;
    stream.send_data(EMPTY, false)?;
    stream.send_trailers(TRAILERS.clone())
}

/// The head of an export call.
pub(crate) fn request(signal: Signal, gzip: bool) -> anyhow::Result<Request<()>> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(format!("http://localhost{}", signal.grpc_path()))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if gzip {
        request = request.header("grpc-encoding", "gzip");
    }
    Ok(request.body(())?)
}

/// Waits for the end of a call and returns its gRPC status.
pub(crate) async fn status(response: h2::client::ResponseFuture) -> anyhow::Result<i32> {
    let (head, mut stream) = response.await?.into_parts();
    while let Some(piece) = stream.data().await {
        stream.flow_control().release_capacity(piece?.len())?;
    }
    let trailers = stream.trailers().await?;
    let status = trailers.as_ref().unwrap_or(&head.headers).get("grpc-status");
    Ok(status.context("the response has no grpc-status")?.to_str()?.parse()?)
}
