//! When metrics are sent, and from when to when they count.

use std::time::{Duration, Instant};

use super::data_clock::DataClock;

/// By how much time must have gone back, in nanoseconds, before that is believed. With less, it stands still until it is made up for.
const STEP_BACK: u64 = 60_000_000_000;

/// From when to when points count, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Window {
    /// When metrics were sent the last time.
    pub(crate) start: u64,
    /// Now.
    pub(crate) time: u64,
}

/// Keeps an interval between metrics in the time of the agent, and their windows in the time of the data.
#[derive(Debug)]
pub(crate) struct Pace {
    interval: Duration,
    clock: DataClock,
    /// Until when what was sent counts, in nanoseconds since 1970; zero: nothing was.
    sent: u64,
    /// When metrics are to be sent next; `None` while there are none.
    due: Option<Instant>,
    /// The last time that it was told.
    now: Option<Instant>,
}

impl Pace {
    /// Metrics are sent each `interval`; zero: after each batch.
    pub(crate) fn new(interval: Duration) -> Self {
        Self { interval, clock: DataClock::default(), sent: 0, due: None, now: None }
    }

    /// It is `now`.
    pub(crate) fn tell(&mut self, now: Instant) {
        self.now = Some(now);
    }

    /// When it was told the time for the last time.
    pub(crate) fn told(&self) -> Option<Instant> {
        self.now
    }

    /// A batch came whose newest time is `newest`. Returns whether metrics are to be sent right after it. `any`: whether there are some.
    pub(crate) fn observe(&mut self, now: Instant, newest: u64, any: bool) -> bool {
        self.clock.observe(now, newest);
        if self.due.is_none() && any {
            self.due = Some(now + self.interval);
            // The first ones, or the first ones after all were forgotten: they count from here.
            self.sent = self.sent.max(self.clock.at(now).saturating_sub(1));
        }
        self.interval.is_zero()
    }

    /// From when to when metrics count that are sent now; `None` while no time is known. `newest`: the newest time in data that was not
    /// observed yet.
    pub(crate) fn window(&self, now: Instant, newest: u64) -> Option<Window> {
        let time = match self.clock.at(now) {
            0 => newest,
            time => time,
        };
        match self.sent {
            _ if time == 0 => None,
            0 => Some(Window { start: time - 1, time }),
            sent if time <= sent && sent - time < STEP_BACK => Some(Window { start: sent, time: sent + 1 }),
            sent => Some(Window { start: sent.min(time - 1), time }),
        }
    }

    /// Metrics were sent that count until `time`.
    pub(crate) fn sent(&mut self, time: u64) {
        self.sent = time;
    }

    /// When metrics are to be sent next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.due.filter(|_| !self.interval.is_zero())
    }

    /// Metrics were due and are sent. `any`: whether there are some still.
    pub(crate) fn next(&mut self, now: Instant, any: bool) {
        let next = self.due.unwrap_or(now) + self.interval;
        let next = if next > now { next } else { now + self.interval };
        self.due = any.then_some(next);
    }
}
