//! How a request is written: its content type and its compression.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};

use super::super::config::Compression;
use super::super::decompress::Codec;
use super::super::rejection::{Kind, Rejection};

/// The two encodings of OTLP/HTTP. An answer has the encoding of its request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Encoding {
    Protobuf,
    Json,
}

impl Encoding {
    /// The encoding that `Content-Type` names; its parameters mean nothing to OTLP.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(CONTENT_TYPE)?.as_bytes();
        let media_type = value.split(|byte| *byte == b';').next()?.trim_ascii();
        if media_type.eq_ignore_ascii_case(b"application/x-protobuf") {
            Some(Self::Protobuf)
        } else if media_type.eq_ignore_ascii_case(b"application/json") {
            Some(Self::Json)
        } else {
            None
        }
    }

    pub(super) const fn content_type(self) -> HeaderValue {
        match self {
            Self::Protobuf => HeaderValue::from_static("application/x-protobuf"),
            Self::Json => HeaderValue::from_static("application/json"),
        }
    }
}

/// The compression that `Content-Encoding` names, when it is among the `allowed`; `None` when there is none.
pub(super) fn compression(headers: &HeaderMap, allowed: &[Compression]) -> Result<Option<Codec>, Rejection> {
    let name = headers.get(CONTENT_ENCODING).map_or(&b""[..], |value| value.as_bytes().trim_ascii());
    let known = match name.to_ascii_lowercase().as_slice() {
        b"" | b"identity" => Some((Compression::None, None)),
        b"gzip" => Some((Compression::Gzip, Some(Codec::Gzip))),
        b"zstd" => Some((Compression::Zstd, Some(Codec::Zstd))),
        b"zlib" => Some((Compression::Zlib, Some(Codec::Zlib))),
        b"deflate" => Some((Compression::Deflate, Some(Codec::Zlib))),
        _ => None,
    };
    match known {
        Some((compression, codec)) if allowed.contains(&compression) => Ok(codec),
        Some(_) | None => {
            let name = String::from_utf8_lossy(name);
            let names: Vec<&str> = allowed.iter().map(|compression| compression.name()).collect();
            let fact =
                format!("content encoding \"{name}\" is not taken here; use one of: {}", names.join(", "));
            Err(Rejection::new(Kind::Compression, fact))
        }
    }
}
