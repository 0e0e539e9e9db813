//! The contract of extensions.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::receiver::ReceiveError;

/// Serves the agent itself: a health page, an authenticator, a store.
#[async_trait]
pub trait Extension: Send {
    /// Opens what can fail, before any pipeline starts.
    ///
    /// # Errors
    ///
    /// [`ReceiveError`]; the agent then does not start.
    async fn open(&mut self) -> Result<(), ReceiveError> {
        Ok(())
    }

    /// Runs until `stop` fires, which is after the last pipeline has drained.
    async fn run(self: Box<Self>, stop: CancellationToken);
}
