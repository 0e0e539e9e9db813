//! Answers: an empty message and a status, or the status alone.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use edgewatch_proto::status::Status;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};

use super::super::rejection::{Kind, Rejection};
use super::super::server::EndConnection;
use super::percent;

pub(super) const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_STATUS_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// An uncompressed message of no bytes: each `Export*ServiceResponse` without `partial_success`.
static EMPTY_MESSAGE: [u8; 5] = [0; 5];

/// The body of an answer.
pub(in super::super) enum Reply {
    /// The empty message, then the trailers.
    Message,
    /// The trailers, after the message.
    Trailers,
    /// Plain text, for clients that do not speak gRPC.
    Text(&'static str),
    /// Nothing, or nothing more.
    Done,
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let (frame, next) = match *self {
            Self::Message => (Frame::data(Bytes::from_static(&EMPTY_MESSAGE)), Self::Trailers),
            Self::Trailers => {
                let mut trailers = HeaderMap::with_capacity(1);
                trailers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
                (Frame::trailers(trailers), Self::Done)
            }
            Self::Text(text) => (Frame::data(Bytes::from_static(text.as_bytes())), Self::Done),
            Self::Done => return Poll::Ready(None),
        };
        *self = next;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Done)
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Message | Self::Trailers => SizeHint::default(),
            Self::Text(text) => SizeHint::with_exact(text.len() as u64),
            Self::Done => SizeHint::with_exact(0),
        }
    }
}

/// The answer to a request that was taken.
pub(super) fn success() -> Response<Reply> {
    let mut response = Response::new(Reply::Message);
    response.headers_mut().insert(CONTENT_TYPE, GRPC);
    response
}

/// The answer to a request that was not taken.
pub(super) fn failure(rejection: &Rejection) -> Response<Reply> {
    let code = rejection.kind.code();
    let mut response = Response::new(Reply::Done);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, GRPC);
    headers.insert(GRPC_STATUS, HeaderValue::from(u16::from(code.number())));
    headers.insert(GRPC_MESSAGE, percent::encode(&rejection.message));
    match rejection.kind {
        Kind::Busy { retry_after } | Kind::Memory { retry_after } => {
            let mut status = Status::new(code, &*rejection.message);
            status.retry_delay = Some(retry_after);
            let details = STANDARD_NO_PAD.encode(status.to_protobuf());
            if let Ok(details) = HeaderValue::try_from(details) {
                headers.insert(GRPC_STATUS_DETAILS, details);
            }
        }
        Kind::TimedOut => {
            // What is left of the body would hold the connection's buffers.
            response.extensions_mut().insert(EndConnection);
        }
        Kind::Compression => {
            headers.insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static("identity,gzip,zstd"));
        }
        Kind::Unauthenticated { .. }
        | Kind::NotFound
        | Kind::Method
        | Kind::ContentType
        | Kind::Framing
        | Kind::Cardinality
        | Kind::Corrupt
        | Kind::Invalid
        | Kind::TooLarge
        | Kind::Unavailable => {}
    }
    response
}

/// The answer to a client that does not speak gRPC.
pub(super) fn text(status: StatusCode, text: &'static str) -> Response<Reply> {
    let mut response = Response::new(Reply::Text(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
