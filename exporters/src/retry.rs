//! Waits between attempts: exponential backoff as the Collector does it.
//!
//! The Collector uses `cenkalti/backoff`: each wait is drawn from `interval * (1 ± randomization_factor)`,
//! then the interval grows by `multiplier` up to `max_interval`. The drawn wait itself may therefore exceed
//! `max_interval` by the random share.

use std::time::Duration;

use edgewatch_core::delivery::RetrySettings;

/// Longest wait that a destination may ask for: one that asks for more is taken to be mistaken, and asked again.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// The waits after the failures of one batch.
#[derive(Debug)]
pub(crate) struct Backoff<'a> {
    settings: &'a RetrySettings,
    /// Longest time that the batch is tried for; `None`: for ever.
    limit: Option<Duration>,
    interval: Duration,
}

impl<'a> Backoff<'a> {
    /// The waits of a batch that has not failed yet and is tried for `limit`; `None`: for ever.
    pub(crate) fn new(settings: &'a RetrySettings, limit: Option<Duration>) -> Self {
        Self { settings, limit, interval: settings.initial_interval.get() }
    }

    /// The wait before the next attempt: at least `asked`, which the destination asked for, up to an hour. `None`: the batch
    /// has been tried for so long (`elapsed`) that the next attempt would come after the limit.
    pub(crate) fn next(
        &mut self,
        asked: Option<Duration>,
        elapsed: Duration,
        random: &mut fastrand::Rng,
    ) -> Option<Duration> {
        let drawn = draw(self.interval, self.settings.randomization_factor, random.f64());
        self.grow();
        let wait = drawn.max(asked.unwrap_or_default().min(LONGEST));
        let in_time = self.limit.is_none_or(|limit| elapsed.saturating_add(wait) <= limit);
        in_time.then_some(wait)
    }

    fn grow(&mut self) {
        let max = self.settings.max_interval.get();
        let grown = self.interval.as_secs_f64() * self.settings.multiplier;
        self.interval = Duration::try_from_secs_f64(grown).map_or(max, |grown| grown.min(max));
    }
}

/// A wait within `interval * (1 ± factor)`; `random` is from 0 to 1.
fn draw(interval: Duration, factor: f64, random: f64) -> Duration {
    let seconds = interval.as_secs_f64() * (1.0 - factor + 2.0 * factor * random);
    Duration::try_from_secs_f64(seconds).unwrap_or(interval)
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;
