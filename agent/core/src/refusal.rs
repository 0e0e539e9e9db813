//! Why a batch was not taken, sorted by what its sender should do next.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// Why a batch was not taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// What the sender should do next.
    pub kind: RefusalKind,
    /// The fact, for people: lower case, no full stop.
    pub reason: Cow<'static, str>,
}

/// What the sender of a refused batch should do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefusalKind {
    /// Too much at the moment: send it again later, not before `retry_after`. gRPC `RESOURCE_EXHAUSTED` with `RetryInfo`, HTTP 429.
    Busy {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Not now: send it again. gRPC `UNAVAILABLE`, HTTP 503.
    Unavailable,
    /// Never: it would be refused again. gRPC `INVALID_ARGUMENT`, HTTP 400.
    Permanent,
}

impl Refusal {
    /// How long a sender is asked to wait when nothing better is known.
    pub const RETRY_AFTER: Duration = Duration::from_secs(1);

    /// Too much at the moment.
    pub fn busy(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: RefusalKind::Busy { retry_after: Self::RETRY_AFTER }, reason: reason.into() }
    }

    /// Not now.
    pub fn unavailable(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: RefusalKind::Unavailable, reason: reason.into() }
    }

    /// Never.
    pub fn permanent(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: RefusalKind::Permanent, reason: reason.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Refusal {}
