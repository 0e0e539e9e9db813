//! The encoding of `grpc-message`.

use std::fmt::Write as _;

use http::HeaderValue;

/// Longest message that is sent: headers have limits, and one sentence is enough.
const LONGEST: usize = 1024;

/// `message` as the gRPC protocol wants it: printable ASCII as it is, the rest of its UTF-8 bytes as `%XX`.
pub(super) fn encode(message: &str) -> HeaderValue {
    let mut encoded = String::with_capacity(message.len());
    for byte in message.bytes().take(LONGEST) {
        match byte {
            b'%' | 0..=0x1f | 0x7f.. => {
                // Writing to a String cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
            b' '..=b'~' => encoded.push(char::from(byte)),
        }
    }
    HeaderValue::try_from(encoded).unwrap_or_else(|_| HeaderValue::from_static(""))
}
