//! Decides when a round is due, and runs it on a helper thread.

use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ReceiverSpec};
use edgewatch_core::receiver::{Outlets, ReceiveError, Receiver};
use edgewatch_core::telemetry::Counter;
use edgewatch_proto::Signal;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::config::Config;
use super::scraping::Scraping;
use crate::measuring::telemetry::accepted;
use edgewatch_core::kernel::Paths;

/// Reads metrics about the host, round by round.
pub(crate) struct HostMetrics {
    interval: Duration,
    initial_delay: Duration,
    scraping: Scraping,
    accepted: Counter,
}

impl ReceiverSpec for HostMetrics {
    const NAME: &'static str = "host_metrics";
    const ALIASES: &'static [&'static str] = &["hostmetrics"];
    const SIGNALS: &'static [Signal] = &[Signal::Metrics];
    const ABOUT: &'static str = "measures CPU, memory, disks, network and processes of this host";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let paths = Paths::of_receiver(&config.root_path, &*context.host)?;
        let telemetry = &context.telemetry;
        let timeout = config.timeout.get();
        Ok(Self {
            interval: config.collection_interval.get(),
            initial_delay: config.initial_delay.get(),
            scraping: Scraping::new(config.scrapers, timeout, &paths, &context.id, telemetry)?,
            accepted: accepted(telemetry),
        })
    }
}

#[async_trait]
impl Receiver for HostMetrics {
    /// A round that is due while the one before has not been sent yet is left out.
    async fn run(self: Box<Self>, outlets: Outlets, stop: CancellationToken) -> Result<(), ReceiveError> {
        let Self { interval, initial_delay, mut scraping, accepted } = *self;
        let Some(outlet) = outlets.metrics else { return Ok(()) };
        let mut rounds = tokio::time::interval_at(tokio::time::Instant::now() + initial_delay, interval);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = rounds.tick() => {}
            }
            let round = tokio::task::spawn_blocking(move || {
                let (request, points) = scraping.round(unix_nanoseconds(), Instant::now());
                (scraping, request, points)
            });
            let (kept, request, points) =
                round.await.map_err(|error| ReceiveError::Setup(format!("a scraper failed: {error}")))?;
            scraping = kept;
            if points > 0 {
                outlet.send(Batch::new(Signal::Metrics, request, points, Ack::none())).await;
                accepted.add(points);
            }
        }
    }
}

fn unix_nanoseconds() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
