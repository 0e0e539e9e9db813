//! The contract of extensions that authenticate requests: those that go out, and those that come in.

use async_trait::async_trait;
use http::HeaderMap;

/// Makes requests acceptable to their destination.
#[async_trait]
pub trait ClientAuth: Send + Sync {
    /// Writes into the headers of a request what the destination wants to see in one that is made now. Called for every
    /// attempt, so credentials are kept, not fetched, where that is possible. Values that are secret are marked sensitive.
    ///
    /// # Errors
    ///
    /// [`AuthError`]: there are no valid credentials at the moment; the request is not sent and may be tried again later.
    async fn authenticate(&self, headers: &mut HeaderMap) -> Result<(), AuthError>;

    /// The destination refused the credentials of a request that had the headers `sent`. Whether it is worth sending the request
    /// once more, because [`ClientAuth::authenticate`] now gives other credentials or is going to fetch new ones.
    async fn refused(&self, sent: &HeaderMap) -> bool {
        let _ = sent;
        false
    }
}

/// Decides who may send requests to this agent.
#[async_trait]
pub trait ServerAuth: Send + Sync {
    /// Looks at the headers of a request before its body is read.
    ///
    /// # Errors
    ///
    /// [`Denied`]; the body is then not read.
    async fn authenticate(&self, headers: &HeaderMap) -> Result<(), Denied>;

    /// What a refused HTTP client is told to do (`WWW-Authenticate`, RFC 9110 section 11.6.1), such as `Bearer`.
    fn challenge(&self) -> &'static str;
}

/// Why a request cannot be authenticated. Never contains a secret.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct AuthError(pub String);

/// Why a request is not let in. Never contains a secret.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Denied {
    /// It proves nothing, or nothing true: answered with `UNAUTHENTICATED`, HTTP 401.
    #[error("{0}")]
    Credentials(&'static str),
    /// There are too many credentials to check at the moment: answered like any other want of capacity.
    #[error("too many credentials are being checked; send again later")]
    Busy,
}
