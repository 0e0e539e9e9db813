//! What the answer of a destination means for the batch.

use edgewatch_core::exporter::{Delivered, ExportError};
use edgewatch_proto::status::{Code, PartialSuccess, Status};

/// What servers say, in lower case, when a request exceeds the size that they read: grpc-go, tonic,
/// grpc-java, gRPC's C core (Python, C++, Node) and .NET. None of them has a code of its own for it.
const TOO_LARGE: [&str; 6] = [
    "larger than max",
    "message length too large",
    "exceeds maximum size",
    "exceeds the maximum configured message size",
    "message too large",
    "request too large",
];

/// The destination took the request, with `partial` to say about it.
pub(crate) fn delivered(partial: Option<PartialSuccess>) -> Delivered {
    let partial = partial.unwrap_or_default();
    Delivered { rejected: usize::try_from(partial.rejected).unwrap_or(usize::MAX), message: partial.message }
}

/// The destination did not take a request of `items` items, and said so by `status`.
pub(crate) fn refused(destination: &str, items: usize, status: Status) -> ExportError {
    let destination = destination.to_owned();
    let retryable = status.is_retryable();
    let too_large = is_too_large(&status);
    let reason = reason(&status);
    if too_large {
        ExportError::TooLarge { destination, items, reason }
    } else if retryable {
        ExportError::Retryable { destination, retry_after: status.retry_delay, reason }
    } else {
        ExportError::Rejected { destination, items, reason }
    }
}

/// The request did not reach the destination, or the answer did not come back.
pub(crate) fn unreachable(destination: &str, reason: impl Into<String>) -> ExportError {
    ExportError::Retryable { destination: destination.to_owned(), retry_after: None, reason: reason.into() }
}

fn is_too_large(status: &Status) -> bool {
    let message = status.message.to_ascii_lowercase();
    matches!(status.code, Code::ResourceExhausted | Code::OutOfRange)
        && TOO_LARGE.iter().any(|words| message.contains(words))
}

fn reason(status: &Status) -> String {
    let Status { code, message, .. } = status;
    let separator = if message.is_empty() { "" } else { ": " };
    let hint = match code {
        Code::Unimplemented => "; check that endpoint takes OTLP for this signal",
        Code::Unauthenticated | Code::PermissionDenied => "; check the credentials in auth, headers and tls",
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::InvalidArgument
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => "",
    };
    format!("{code}{separator}{message}{hint}")
}

/// All that can be said about a failure: hyper's own words are less than those of its cause.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text
}
