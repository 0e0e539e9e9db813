//! Why a request is turned away, sorted by what its client should be told.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use edgewatch_core::refusal::{Refusal, RefusalKind};
use edgewatch_proto::status::Code;

/// A request that does not end in success.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Rejection {
    pub(super) kind: Kind,
    /// For people: lower case, no full stop.
    pub(super) message: Cow<'static, str>,
}

/// What went wrong. The protocols' modules translate it into their codes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Credentials are missing or wrong.
    Unauthenticated {
        /// What the client is told to send (RFC 9110 section 11.6.1).
        challenge: &'static str,
    },
    /// Nothing is served at this path, or no pipeline takes the signal.
    NotFound,
    /// Another method than POST.
    Method,
    /// A content type that is not OTLP's.
    ContentType,
    /// A compression that is not known or not allowed.
    Compression,
    /// The request breaks the rules of the transport: bad frames, bad headers.
    Framing,
    /// A unary call with no message or several.
    Cardinality,
    /// The body does not decompress.
    Corrupt,
    /// The body is not the request that the schema describes, or a pipeline will never take it.
    Invalid,
    /// More bytes than the limit, before or after decompression.
    TooLarge,
    /// The body did not arrive in time.
    TimedOut,
    /// The memory for telemetry is used up at the moment.
    Memory {
        /// How long the client should wait.
        retry_after: Duration,
    },
    /// Too much at the moment.
    Busy {
        /// How long the client should wait.
        retry_after: Duration,
    },
    /// Not now.
    Unavailable,
}

impl Rejection {
    pub(super) fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The body exceeds `limit` bytes.
    pub(super) fn too_large(limit: usize) -> Self {
        Self::new(
            Kind::TooLarge,
            format!("the request is larger than the limit of {limit} bytes; send smaller batches"),
        )
    }

    /// The memory budget has no room for the body.
    pub(super) fn no_memory() -> Self {
        let kind = Kind::Memory { retry_after: Refusal::RETRY_AFTER };
        Self::new(kind, "the memory for telemetry in flight is used up; send again later")
    }

    /// The body stopped arriving because the client or the network gave up.
    pub(super) fn cut_off() -> Self {
        Self::new(Kind::Framing, "the request ended before its body was complete")
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal.kind {
            RefusalKind::Busy { retry_after } => Kind::Busy { retry_after },
            RefusalKind::Unavailable => Kind::Unavailable,
            RefusalKind::Permanent => Kind::Invalid,
        };
        Self { kind, message: refusal.reason }
    }
}

impl Kind {
    /// The label under which such requests are counted.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Unauthenticated { .. } => "unauthenticated",
            Self::NotFound => "not_found",
            Self::Method => "method",
            Self::ContentType => "content_type",
            Self::Compression => "compression",
            Self::Framing => "framing",
            Self::Cardinality => "cardinality",
            Self::Corrupt => "corrupt",
            Self::Invalid => "invalid",
            Self::TooLarge => "too_large",
            Self::TimedOut => "timed_out",
            Self::Memory { .. } => "memory",
            Self::Busy { .. } => "busy",
            Self::Unavailable => "unavailable",
        }
    }

    /// The code for a failure: gRPC's own where its library would have found it (doc/statuscodes.md),
    /// otherwise what the OTLP specification recommends.
    pub(super) const fn code(self) -> Code {
        match self {
            Self::Unauthenticated { .. } => Code::Unauthenticated,
            Self::NotFound | Self::Method | Self::Compression | Self::Cardinality => Code::Unimplemented,
            Self::ContentType | Self::Invalid => Code::InvalidArgument,
            Self::Framing | Self::Corrupt => Code::Internal,
            Self::TooLarge | Self::Memory { .. } | Self::Busy { .. } => Code::ResourceExhausted,
            Self::TimedOut => Code::DeadlineExceeded,
            Self::Unavailable => Code::Unavailable,
        }
    }

    /// One of each, in the order of their declaration.
    pub(super) const ALL: [Self; 14] = [
        Self::NotFound,
        Self::Method,
        Self::ContentType,
        Self::Compression,
        Self::Framing,
        Self::Cardinality,
        Self::Corrupt,
        Self::Invalid,
        Self::TooLarge,
        Self::TimedOut,
        Self::Memory { retry_after: Refusal::RETRY_AFTER },
        Self::Busy { retry_after: Refusal::RETRY_AFTER },
        Self::Unavailable,
        Self::Unauthenticated { challenge: "" },
    ];

    /// The place of this kind in [`Kind::ALL`].
    pub(super) const fn index(self) -> usize {
        match self {
            Self::NotFound => 0,
            Self::Method => 1,
            Self::ContentType => 2,
            Self::Compression => 3,
            Self::Framing => 4,
            Self::Cardinality => 5,
            Self::Corrupt => 6,
            Self::Invalid => 7,
            Self::TooLarge => 8,
            Self::TimedOut => 9,
            Self::Memory { .. } => 10,
            Self::Busy { .. } => 11,
            Self::Unavailable => 12,
            Self::Unauthenticated { .. } => 13,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
