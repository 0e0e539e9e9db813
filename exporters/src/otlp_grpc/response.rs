//! Reading the answer to a unary call.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use bytes::{Buf, Bytes, BytesMut};
use edgewatch_proto::status::{Code, PartialSuccess, Status};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::otlp::answer::causes;

/// Most bytes of an answer that are read. A partial success with a long message fits.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Flag and length before a message.
const PREFIX: usize = 5;

/// gRPC leaves the padding away, some servers do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why there is no success.
#[derive(Debug)]
pub(super) enum Failure {
    /// The destination said so.
    Status(Status),
    /// The answer broke off.
    Broken(String),
}

/// Reads an answer to its end.
pub(super) async fn read(response: Response<Incoming>) -> Result<Option<PartialSuccess>, Failure> {
    let (head, mut body) = response.into_parts();
    if head.status != StatusCode::OK || !is_grpc(&head.headers) {
        return Err(Failure::Status(foreign(head.status, &head.headers)));
    }
    // An answer without a message has its status among the headers.
    if let Some(status) = status(&head.headers) {
        return conclude(status, &Bytes::new());
    }
    let mut message = BytesMut::new();
    let mut trailers = HeaderMap::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Failure::Broken(causes(&error)))?;
        match frame.into_data() {
            Ok(data) if message.len() + data.len() > ANSWER_LIMIT => {
                return Err(Failure::Broken(format!("answer is longer than {ANSWER_LIMIT} bytes")));
            }
            Ok(data) => message.extend_from_slice(&data),
            Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
        }
    }
    let missing = || Status::new(Code::Unknown, "the answer has no grpc-status");
    conclude(status(&trailers).unwrap_or_else(missing), &message.freeze())
}

fn conclude(status: Status, message: &Bytes) -> Result<Option<PartialSuccess>, Failure> {
    if status.code == Code::Ok {
        // A request that was answered with success was taken, whether or not we can read what else was said.
        Ok(unframe(message).and_then(|message| PartialSuccess::from_protobuf(&message)))
    } else {
        Err(Failure::Status(status))
    }
}

/// The message behind its prefix. We offer no compression for answers, so a compressed one is not read.
fn unframe(body: &Bytes) -> Option<Bytes> {
    let mut prefix = body.get(..PREFIX)?;
    if prefix.get_u8() != 0 {
        return None;
    }
    let length = usize::try_from(prefix.get_u32()).ok()?;
    (body.len() - PREFIX >= length).then(|| body.slice(PREFIX..PREFIX + length))
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.starts_with("application/grpc"))
}

/// What an answer that is not gRPC's means, after gRPC's table of HTTP status codes; from a proxy, or a
/// server of another kind.
fn foreign(http: StatusCode, headers: &HeaderMap) -> Status {
    if let Some(status) = status(headers).filter(|status| status.code != Code::Ok) {
        return status;
    }
    let code = match http.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    };
    Status::new(code, format!("answered HTTP {http} without gRPC"))
}

/// The status among headers or trailers; `None` if there is none.
fn status(headers: &HeaderMap) -> Option<Status> {
    let code = headers.get("grpc-status")?.to_str().ok().and_then(|code| code.parse().ok()).unwrap_or(2);
    let message = headers.get("grpc-message").map_or_else(String::new, |text| unescape(text.as_bytes()));
    let details = headers.get("grpc-status-details-bin").and_then(|text| BASE64.decode(text).ok());
    let details = details.and_then(|bytes| Status::from_protobuf(&bytes)).unwrap_or_default();
    Some(Status { code: Code::from_number(code), message, ..details })
}

/// Undoes the percent encoding of `grpc-message`. What is not well encoded stays as it is.
fn unescape(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = if first == b'%' { tail.get(..2).and_then(hex) } else { None };
        bytes.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u8::from_str_radix(digits, 16).ok()
}
