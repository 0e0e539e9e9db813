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

impl Window {
    /// When a series began that has counted since `start`, or since metrics were sent the last time if that is zero. A start that is not
    /// over yet was told by a clock that has gone back.
    pub(crate) const fn start_of(self, start: u64) -> u64 {
        if start == 0 || start >= self.time { self.start } else { start }
    }
}

/// Keeps an interval between metrics in the time of the agent, and their windows in the time of the data.
#[derive(Debug)]
pub(crate) struct Pace {
    interval: Duration,
    clock: DataClock,
    /// Until when what was sent counts, in nanoseconds since 1970; zero: nothing was.
    sent: u64,
    /// When that was.
    sent_at: Option<Instant>,
    /// Until when some was sent that left before its time.
    left: u64,
    /// When metrics are to be sent next; `None` while there are none.
    due: Option<Instant>,
    /// The last time that it was told.
    now: Option<Instant>,
}

impl Pace {
    /// Metrics are sent each `interval`; zero: after each batch.
    pub(crate) fn new(interval: Duration) -> Self {
        Self { interval, clock: DataClock::default(), sent: 0, sent_at: None, left: 0, due: None, now: None }
    }

    /// It is `now`.
    pub(crate) fn tell(&mut self, now: Instant) {
        self.now = Some(now);
    }

    /// When it was told the time for the last time.
    pub(crate) fn told(&self) -> Option<Instant> {
        self.now
    }

    /// Data came whose newest time is `newest`, in nanoseconds since 1970; zero: it has none.
    pub(crate) fn hear(&mut self, now: Instant, newest: u64) {
        self.clock.observe(now, newest);
    }

    /// A batch came whose newest time is `newest`; zero: it has none, or that was heard already. Returns whether metrics are to be sent
    /// right after it. `any`: whether there are some.
    pub(crate) fn observe(&mut self, now: Instant, newest: u64, any: bool) -> bool {
        self.hear(now, newest);
        if any && (self.due.is_none() || self.sent == 0) {
            // The first ones, or the first ones after all were forgotten: they count from here.
            self.sent = self.sent.max(self.clock.at(now).saturating_sub(1));
            self.sent_at = Some(now);
        }
        if any && self.due.is_none() {
            self.due = now.checked_add(self.interval);
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
        let last = self.sent.max(self.left);
        match self.sent {
            _ if time == 0 => None,
            sent if time <= last && last - time < STEP_BACK => {
                Some(Window { start: if sent == 0 { last } else { sent }, time: last + 1 })
            }
            sent if time <= sent => {
                let passed = self.sent_at.map_or(Duration::ZERO, |sent| now.saturating_duration_since(sent));
                let passed = u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX).max(1);
                Some(Window { start: time.saturating_sub(passed), time })
            }
            0 => Some(Window { start: time - 1, time }),
            sent => Some(Window { start: sent, time }),
        }
    }

    /// Whether the time has gone back since metrics were sent, so that what was told then lies ahead of this window.
    pub(crate) const fn is_back(&self, window: Window) -> bool {
        window.time <= self.sent
    }

    /// Metrics were sent that count until `time`.
    pub(crate) fn sent(&mut self, time: u64) {
        (self.sent, self.sent_at, self.left) = (time, self.now, time);
    }

    /// Metrics of something that leaves were sent before the others; they count until `time`. What comes back of it counts from there.
    pub(crate) fn left(&mut self, time: u64) {
        self.left = time;
    }

    /// When metrics are to be sent next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.due.filter(|_| !self.interval.is_zero())
    }

    /// Metrics were due and are sent. `any`: whether there are some still.
    pub(crate) fn next(&mut self, now: Instant, any: bool) {
        let next = self.due.unwrap_or(now).checked_add(self.interval).filter(|next| *next > now);
        let next = next.or_else(|| now.checked_add(self.interval));
        self.due = next.filter(|_| any);
    }
}
