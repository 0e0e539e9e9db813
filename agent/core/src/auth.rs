//! The contract of extensions that authenticate requests: those that go out, and those that come in.

use async_trait::async_trait;
use http::HeaderMap;

/// Makes requests acceptable to their destination.
#[async_trait]
pub trait ClientAuth: Send + Sync {
    /// The headers that a request made now has to carry. Values that are secret are marked sensitive.
    ///
    /// # Errors
    ///
    /// [`AuthError`]: there are no valid credentials at the moment; the request is not sent and may be tried again later.
    async fn headers(&self) -> Result<HeaderMap, AuthError>;

    /// The destination refused the credentials: those kept for reuse are not to be used again.
    fn refused(&self) {}
}

/// Decides who may send requests to this agent.
#[async_trait]
pub trait ServerAuth: Send + Sync {
    /// Looks at the headers of a request before its body is read.
    ///
    /// # Errors
    ///
    /// [`AuthError`]: the request is answered with `UNAUTHENTICATED`, HTTP 401.
    async fn authenticate(&self, headers: &HeaderMap) -> Result<(), AuthError>;

    /// What a refused HTTP client is told to do (`WWW-Authenticate`, RFC 9110 section 11.6.1), such as `Bearer`.
    fn challenge(&self) -> &'static str;
}

/// Why a request cannot be authenticated. Never contains a secret.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct AuthError(pub String);
