//! Names and values of headers that authenticators set.

use edgewatch_core::config::ConfigError;
use http::{HeaderName, HeaderValue};

/// Headers that HTTP, gRPC and OTLP need for themselves.
const RESERVED: [&str; 10] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "grpc-encoding",
    "grpc-timeout",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// The header that `key` names.
pub(super) fn name(key: &str, text: &str) -> Result<HeaderName, ConfigError> {
    let wrong = |fact: &str| Err(ConfigError::new(key, format!("`{text}` {fact}")));
    match HeaderName::try_from(text) {
        Ok(name) if RESERVED.contains(&name.as_str()) => {
            wrong("is set by the protocol itself; name another header")
        }
        Ok(name) => Ok(name),
        Err(_) => wrong("is not a name that a header can have"),
    }
}

/// A secret as the value of a header; the error does not show it.
pub(super) fn value(text: &str) -> Result<HeaderValue, String> {
    let value = HeaderValue::try_from(text);
    let mut value = value.map_err(|_| "has characters that a header cannot carry".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}
