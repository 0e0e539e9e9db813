//! The receiver: log files followed by the engine, each line a record.

use async_trait::async_trait;
use edgewatch_core::Signal;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ReceiverSpec};
use edgewatch_core::receiver::{Outlets, ReceiveError, Receiver};
use tokio_util::sync::CancellationToken;

use super::config::Config;
use super::lines::Lines;
use crate::tailing::{Follower, Following, telemetry_names};

/// Follows log files.
pub(crate) struct FileLog(Follower<Lines>);

impl ReceiverSpec for FileLog {
    const NAME: &'static str = "file_log";
    const ALIASES: &'static [&'static str] = &["filelog"];
    const SIGNALS: &'static [Signal] = &[Signal::Logs];
    const ABOUT: &'static str = "follows log files line by line, through every rotation, without loss";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let following = Following {
            kind: Self::NAME,
            names: telemetry_names!("edgewatch_file_log"),
            options: config.options(),
            patterns: config.patterns(),
            records: Lines::new(&config),
            max_in_flight: config.max_in_flight_size.as_usize(),
            retry: config.retry_on_failure,
        };
        Follower::new(following, context).map(Self)
    }
}

#[async_trait]
impl Receiver for FileLog {
    async fn open(&mut self) -> Result<(), ReceiveError> {
        self.0.open().await;
        Ok(())
    }

    /// Its checkpoint says where its successor goes on.
    fn is_exclusive(&self) -> bool {
        self.0.is_exclusive()
    }

    async fn run(self: Box<Self>, outlets: Outlets, stop: CancellationToken) -> Result<(), ReceiveError> {
        let Some(outlet) = outlets.logs.clone() else { return Ok(()) };
        drop(outlets);
        self.0.run(outlet, stop).await
    }
}
