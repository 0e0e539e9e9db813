//! Decides when JVMs are looked for and read, and sends what that brought.

use async_trait::async_trait;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ReceiverSpec};
use edgewatch_core::receiver::{Outlets, ReceiveError, Receiver};
use edgewatch_proto::Signal;
use tokio_util::sync::CancellationToken;

use super::config::Config;

/// Reads JVMs.
pub(crate) struct Jvm {}

impl ReceiverSpec for Jvm {
    const NAME: &'static str = "jvm";
    const SIGNALS: &'static [Signal] = &[Signal::Metrics];
    const ABOUT: &'static str = "measures every HotSpot JVM on this host, with nothing added to the JVM";
    type Config = Config;

    fn build(_config: Config, _context: &BuildContext) -> Result<Self, ConfigError> {
        Ok(Self {})
    }
}

#[async_trait]
impl Receiver for Jvm {
    async fn run(self: Box<Self>, _outlets: Outlets, stop: CancellationToken) -> Result<(), ReceiveError> {
        stop.cancelled().await;
        Ok(())
    }
}
