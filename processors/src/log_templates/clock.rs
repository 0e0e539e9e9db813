//! What time it is, as far as records tell.

use std::time::{Duration, Instant};

/// A clock that is ahead by more than this is set back.
const TOLERANCE: u64 = 3_600_000_000_000;

/// Tells the time of day from the times of records and from the time that has passed since: there is no other clock here. It goes on
/// when no records come, never stops and, but for a record from the future, never goes back.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// The first moment, which everything is measured from.
    origin: Option<Instant>,
    /// What time it was then, in nanoseconds since 1970.
    then: Option<u64>,
    /// What time it was then, by the latest of the records since [`Clock::settle`].
    heard: Option<u64>,
}

impl Clock {
    /// A record that came at `now` says what time it is.
    pub(super) fn hear(&mut self, now: Instant, time: u64) {
        let origin = *self.origin.get_or_insert(now);
        let then = time.saturating_sub(nanos(now.saturating_duration_since(origin)));
        self.heard = self.heard.max(Some(then));
        self.then.get_or_insert(then);
    }

    /// Corrects itself by what it has heard; returns whether it went back.
    pub(super) fn settle(&mut self) -> bool {
        let (Some(then), Some(heard)) = (self.then, self.heard.take()) else { return false };
        let back = then.saturating_sub(heard) > TOLERANCE;
        if back || heard > then {
            self.then = Some(heard);
        }
        back
    }

    /// Nanoseconds since 1970; `None` as long as no record has told.
    pub(super) fn time(&self, now: Instant) -> Option<u64> {
        let (origin, then) = (self.origin?, self.then?);
        Some(then.saturating_add(nanos(now.saturating_duration_since(origin))))
    }
}

/// Nanoseconds of a length of time.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
