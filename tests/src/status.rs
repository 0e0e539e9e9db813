//! `google.rpc.Status` and the detail that OTLP uses.

use std::time::Duration;

use anyhow::Context as _;
use prost::Message as _;
use serde::Deserialize;

/// gRPC status codes by name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "named as in the gRPC specification")]
pub enum Code {
    Ok = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

/// `google.rpc.Status`: the body of HTTP errors and of `grpc-status-details-bin`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Status {
    /// A gRPC status code.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// For people.
    #[prost(string, tag = "2")]
    pub message: String,
    /// Further facts, such as `RetryInfo`.
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Any {
    /// Names the type of `value`.
    #[prost(string, tag = "1")]
    pub type_url: String,
    /// The encoded message.
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<ProtoDuration>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ProtoDuration {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonStatus {
    code: i32,
    message: String,
    #[serde(default)]
    details: Vec<JsonRetryInfo>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonRetryInfo {
    #[serde(rename = "@type")]
    type_url: String,
    #[serde(rename = "retryDelay")]
    retry_delay: String,
}

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

impl Status {
    /// A status, with `RetryInfo` when a delay is given.
    #[must_use]
    pub fn new(code: Code, message: &str, retry_delay: Option<Duration>) -> Self {
        let details = retry_delay.map(|delay| {
            let retry_delay = Some(ProtoDuration {
                seconds: i64::try_from(delay.as_secs()).unwrap_or(i64::MAX),
                nanos: i32::try_from(delay.subsec_nanos()).unwrap_or(0),
            });
            Any { type_url: RETRY_INFO.to_owned(), value: RetryInfo { retry_delay }.encode_to_vec() }
        });
        Self { code: code as i32, message: message.to_owned(), details: details.into_iter().collect() }
    }

    /// Reads the JSON form: `{"code": 8, "message": "...", "details": [{"@type": "...", "retryDelay": "1s"}]}`.
    ///
    /// # Errors
    /// When it is something else; no other detail than `RetryInfo` is known here.
    pub fn from_json(bytes: &[u8]) -> anyhow::Result<Self> {
        let json: JsonStatus = serde_json::from_slice(bytes)?;
        let retry_delay = match json.details.as_slice() {
            [] => None,
            [detail] if detail.type_url == RETRY_INFO => {
                let seconds = detail.retry_delay.strip_suffix('s').context("a duration in seconds")?;
                Some(Duration::try_from_secs_f64(seconds.parse()?)?)
            }
            other => anyhow::bail!("unknown details: {other:?}"),
        };
        Ok(Self { code: json.code, ..Self::new(Code::Ok, &json.message, retry_delay) })
    }

    /// The delay in its `RetryInfo`, if there is one.
    #[must_use]
    pub fn retry_delay(&self) -> Option<Duration> {
        let any = self.details.iter().find(|any| any.type_url == RETRY_INFO)?;
        let delay = RetryInfo::decode(any.value.as_slice()).ok()?.retry_delay?;
        Some(Duration::new(u64::try_from(delay.seconds).ok()?, u32::try_from(delay.nanos).ok()?))
    }
}
