//! Answers in the encoding of the request.

use bytes::Bytes;
use edgewatch_core::refusal::Refusal;
use edgewatch_proto::status::{Code, PartialSuccess, Status};
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;

use super::super::rejection::{Kind, Rejection};
use super::super::server::EndConnection;
use super::encoding::Encoding;

/// The body of an answer.
pub(in super::super) type Reply = Full<Bytes>;

/// The answer to a request that was taken: `Export*ServiceResponse` without `partial_success`.
pub(super) fn success(encoding: Encoding) -> Response<Reply> {
    let body = match encoding {
        Encoding::Protobuf => Bytes::new(),
        Encoding::Json => Bytes::from_static(PartialSuccess::FULL_JSON.as_bytes()),
    };
    with_body(StatusCode::OK, encoding, body)
}

/// The answer to a request that was not taken: `google.rpc.Status`, in JSON when the request's encoding is
/// unknown.
pub(super) fn failure(rejection: &Rejection, encoding: Option<Encoding>) -> Response<Reply> {
    let encoding = encoding.unwrap_or(Encoding::Json);
    let mut status = Status::new(code(rejection.kind), &*rejection.message);
    if let Kind::Busy { retry_after } | Kind::Memory { retry_after } = rejection.kind {
        status.retry_delay = Some(retry_after);
    }
    let body = match encoding {
        Encoding::Protobuf => status.to_protobuf().into(),
        Encoding::Json => status.to_json().into(),
    };
    let mut response = with_body(http_status(rejection.kind), encoding, body);
    let headers = response.headers_mut();
    match rejection.kind {
        Kind::Busy { retry_after } | Kind::Memory { retry_after } => {
            headers.insert(RETRY_AFTER, seconds(retry_after));
        }
        Kind::Unavailable => {
            headers.insert(RETRY_AFTER, seconds(Refusal::RETRY_AFTER));
        }
        Kind::Unauthenticated { challenge } => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        Kind::Method => {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        Kind::TimedOut => {
            // What is left of the body would hold the connection's buffers.
            response.extensions_mut().insert(EndConnection);
        }
        Kind::Compression => {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd, deflate"));
        }
        Kind::NotFound
        | Kind::ContentType
        | Kind::Framing
        | Kind::Cardinality
        | Kind::Corrupt
        | Kind::Invalid
        | Kind::TooLarge => {}
    }
    response
}

fn with_body(status: StatusCode, encoding: Encoding, body: Bytes) -> Response<Reply> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, encoding.content_type());
    response
}

/// Whole seconds, rounded up: `Retry-After` knows no others.
fn seconds(wait: std::time::Duration) -> HeaderValue {
    HeaderValue::from(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}

const fn http_status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Unauthenticated { .. } => StatusCode::UNAUTHORIZED,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Method => StatusCode::METHOD_NOT_ALLOWED,
        Kind::ContentType | Kind::Compression => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::Framing | Kind::Cardinality | Kind::Corrupt | Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::TimedOut => StatusCode::REQUEST_TIMEOUT,
        Kind::Busy { .. } | Kind::Memory { .. } => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The code in the body. What gRPC's library calls an internal error is a bad request here.
const fn code(kind: Kind) -> Code {
    match kind {
        Kind::Framing | Kind::Cardinality | Kind::Corrupt => Code::InvalidArgument,
        Kind::Unauthenticated { .. }
        | Kind::NotFound
        | Kind::Method
        | Kind::ContentType
        | Kind::Compression
        | Kind::Invalid
        | Kind::TooLarge
        | Kind::TimedOut
        | Kind::Memory { .. }
        | Kind::Busy { .. }
        | Kind::Unavailable => kind.code(),
    }
}
