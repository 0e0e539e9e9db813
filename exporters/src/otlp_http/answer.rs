//! Reading the answer to a request.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::exporter::{Delivered, ExportError};
use edgewatch_proto::status::{PartialSuccess, Status, is_retryable_http};
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use crate::otlp::answer::delivered;

/// Most bytes of an answer that are read; the Collector reads as many.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Longest text of an answer that is not OTLP's which is shown.
const SHOWN: usize = 200;

/// The body of an answer, and whether it was read to its end.
pub(super) struct Read {
    pub(super) body: Bytes,
    pub(super) whole: bool,
}

/// What the answer was to.
pub(super) struct Asked<'a> {
    pub(super) destination: &'a str,
    pub(super) signal: Signal,
    pub(super) items: usize,
}

/// Reads a body, as far as its size is within reason.
pub(super) async fn read(body: Incoming) -> Read {
    match Limited::new(body, ANSWER_LIMIT).collect().await {
        Ok(body) => Read { body: body.to_bytes(), whole: true },
        // The status says enough. Without the body the details are missing.
        Err(_) => Read { body: Bytes::new(), whole: false },
    }
}

/// What the answer means for the batch.
pub(super) fn judge(
    asked: &Asked<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
) -> Result<Delivered, ExportError> {
    let json = is_json(headers);
    if status.is_success() {
        let partial = match json {
            true => PartialSuccess::from_json(asked.signal, body),
            false => PartialSuccess::from_protobuf(body),
        };
        return Ok(delivered(partial));
    }
    let details = if json { Status::from_json(body) } else { protobuf(headers, body) };
    let reason = reason(status, headers, details.as_ref(), body);
    let destination = asked.destination.to_owned();
    let items = asked.items;
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Err(ExportError::TooLarge { destination, items, reason });
    }
    if is_retryable_http(status.as_u16()) {
        let asked_by_body = details.and_then(|details| details.retry_delay);
        let retry_after = retry_after(headers, now).or(asked_by_body);
        return Err(ExportError::Retryable { destination, retry_after, reason });
    }
    Err(ExportError::Rejected { destination, items, reason })
}

fn is_json(headers: &HeaderMap) -> bool {
    content_type(headers).starts_with("application/json")
}

/// Only what says that it is protobuf: the errors of proxies are pages.
fn protobuf(headers: &HeaderMap, body: &[u8]) -> Option<Status> {
    let is_protobuf = content_type(headers).starts_with("application/x-protobuf");
    is_protobuf.then(|| Status::from_protobuf(body)).flatten()
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn reason(status: StatusCode, headers: &HeaderMap, details: Option<&Status>, body: &[u8]) -> String {
    let mut reason = format!("HTTP {status}");
    let message = details.map_or("", |details| details.message.as_str());
    if !message.is_empty() {
        reason.push_str(": ");
        reason.push_str(message);
    } else if details.is_none()
        && let Ok(text) = std::str::from_utf8(body)
        && content_type(headers).starts_with("text/plain")
    {
        let shown: String = text.trim().chars().take(SHOWN).collect();
        if !shown.is_empty() {
            reason.push_str(": ");
            reason.push_str(&shown);
        }
    }
    reason.push_str(&hint(status, headers));
    reason
}

fn hint(status: StatusCode, headers: &HeaderMap) -> String {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "; check the credentials in auth, headers and tls".to_owned()
        }
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            "; check that endpoint is a base URL of OTLP over HTTP".to_owned()
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "; try another encoding or compression".to_owned(),
        _ if status.is_redirection() => {
            let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
            let target = location.map_or_else(String::new, |location| format!(" to {location}"));
            format!("; redirects are not followed, change endpoint{target}")
        }
        _ => String::new(),
    }
}

/// `Retry-After`: seconds, or a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}
