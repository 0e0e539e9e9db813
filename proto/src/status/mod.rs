//! What a server answers to an OTLP request, and what a client makes of the answer.
//!
//! A request that was taken is answered with an `Export*ServiceResponse`: empty, or with a [`PartialSuccess`]. One that
//! was not is answered with a `google.rpc.Status` ([`Status`]), in the trailers of gRPC or in the body of HTTP, and with
//! a [`Code`] of gRPC or a status of HTTP that tells the client whether to try again.

mod code;
mod json;
mod partial_success;
mod protobuf;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use code::{Code, is_retryable_http};
pub use partial_success::PartialSuccess;

/// Why a request was not taken: `google.rpc.Status`, with the two details that OTLP knows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Status {
    /// The kind of failure.
    pub code: Code,
    /// For people.
    pub message: String,
    /// When to try again (`google.rpc.RetryInfo`).
    pub retry_delay: Option<Duration>,
    /// What is wrong with the request (`google.rpc.BadRequest`).
    pub violation: Option<Violation>,
}

/// What is wrong with a request.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Violation {
    /// The path of the field, like `resourceSpans[0].resource`; empty if it is not known.
    pub field: String,
    /// Why it is wrong.
    pub description: String,
}

impl Status {
    /// A failure without details.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_delay: None, violation: None }
    }

    /// Whether the client may send the same request again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.code.is_retryable(self.retry_delay.is_some())
    }
}
