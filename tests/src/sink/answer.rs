//! What the backend says to a request.

use std::time::Duration;

use crate::status::{Code, Status};

/// How one request is answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) reply: Reply,
    pub(super) delay: Duration,
    /// Whether the items count as delivered.
    pub(super) keeps: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Reply {
    Accept,
    PartialSuccess { rejected: i64, message: String },
    Status(Status),
    Http { status: u16, headers: Vec<(&'static str, String)>, body: &'static str },
    Nothing,
    ResetStream,
    Disconnect,
}

impl Answer {
    /// Success with an empty response.
    #[must_use]
    pub fn accept() -> Self {
        Self { keeps: true, ..Self::from(Reply::Accept) }
    }

    /// Success, but for `rejected` items; or a mere warning, when that is 0.
    #[must_use]
    pub fn partial_success(rejected: i64, message: &str) -> Self {
        Self { keeps: true, ..Self::from(Reply::PartialSuccess { rejected, message: message.to_owned() }) }
    }

    /// A gRPC status; over HTTP the corresponding HTTP code with the status as its body.
    #[must_use]
    pub fn status(code: Code, message: &str) -> Self {
        Self::from(Reply::Status(Status::new(code, message, None)))
    }

    /// A gRPC status with `RetryInfo`.
    #[must_use]
    pub fn retry_later(code: Code, delay: Duration) -> Self {
        Self::from(Reply::Status(Status::new(code, "later, please", Some(delay))))
    }

    /// A bare HTTP status without any gRPC about it, as a load balancer gives it.
    #[must_use]
    pub fn http(status: u16) -> Self {
        Self::from(Reply::Http { status, headers: Vec::new(), body: "" })
    }

    /// An HTTP status with a `Retry-After` header.
    #[must_use]
    pub fn http_retry_after(status: u16, retry_after: &str) -> Self {
        let headers = vec![("retry-after", retry_after.to_owned())];
        Self::from(Reply::Http { status, headers, body: "" })
    }

    /// Takes the request and never answers.
    #[must_use]
    pub fn nothing() -> Self {
        Self::from(Reply::Nothing)
    }

    /// Takes the request and resets its stream (HTTP/1: ends the connection in order).
    #[must_use]
    pub fn reset_stream() -> Self {
        Self::from(Reply::ResetStream)
    }

    /// Takes the request and cuts the connection with a TCP reset.
    #[must_use]
    pub fn disconnect() -> Self {
        Self::from(Reply::Disconnect)
    }

    /// The same, after a while.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// The same, but the items count as delivered: what is lost is the acknowledgement only.
    #[must_use]
    pub fn but_keep(self) -> Self {
        Self { keeps: true, ..self }
    }

    /// The same for `count` requests.
    #[must_use]
    pub fn times(self, count: usize) -> Vec<Self> {
        vec![self; count]
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self { reply, delay: Duration::ZERO, keeps: false }
    }
}
