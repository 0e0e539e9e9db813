//! How time passes, by what the data says.

use std::time::{Duration, Instant};

use crate::stats::{Stored, stored_fields};

/// A gap in all data counts as so many steps: that nothing came for a while says nothing about any single series.
const LONGEST_GAP: u64 = 5;
/// A time further ahead than this, in nanoseconds, is that of a wrong clock, unless others follow it.
const FAR: u64 = 3_600_000_000_000;
/// A clock that is far ahead is believed when it has moved on by so many steps while nothing came by the other one.
const CONFIRMED: u64 = 2;
/// Time is set back when the data has not reached it for so many steps by the time of the host: who was ahead is gone.
const STUCK: u64 = 5;
/// And for so many nanoseconds: data comes in rounds, and the first of a round may be late.
const ROUNDS: u64 = 300_000_000_000;
/// The latest time there can be, in the year 2262.
pub(super) const LATEST: u64 = i64::MAX.cast_unsigned();

/// The time that has passed while data came.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clock {
    /// Length of a step, in nanoseconds.
    step: u64,
    now: Now,
    /// When the processor was last called.
    called: Option<Instant>,
    /// When the data was last as far as the clock, as of the first call after that.
    reached: Option<Instant>,
}

/// Where a clock stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Now {
    /// The latest time in the data, in nanoseconds since 1970.
    newest: u64,
    /// Nanoseconds that have passed.
    elapsed: u64,
    /// How much of that passed in silence, and the data may still say so.
    lent: u64,
    /// Steps that have begun.
    steps: u32,
    /// The earliest time far ahead, of those that came since the last one that was not; zero: none.
    ahead: u64,
}

stored_fields!(Now { newest, elapsed, lent, steps, ahead });

/// What has happened to the clock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Passed {
    /// It is the same step as before.
    Nothing,
    /// A step is over, which ended at this time (nanoseconds since 1970).
    Step(u64),
    /// Time was set back.
    Back,
}

impl Clock {
    pub(super) fn new(step: Duration) -> Self {
        let step = u64::try_from(step.as_nanos()).unwrap_or(u64::MAX).max(1);
        Self { step, now: Now::default(), called: None, reached: None }
    }

    /// Takes in the time of a point.
    ///
    /// One sender with a wrong clock must not carry the others along: who is far ahead is followed only when nobody else is left.
    pub(super) fn observe(&mut self, time: u64) -> Passed {
        if time == 0 || time > LATEST {
            return Passed::Nothing;
        }
        let far = FAR.max(LONGEST_GAP * self.step);
        let now = &mut self.now;
        if time < now.newest {
            if now.newest - time <= far {
                now.ahead = 0;
            }
            return self.fall_behind(time);
        }
        if now.newest != 0 && time - now.newest > far {
            now.ahead = if now.ahead == 0 { time } else { now.ahead.min(time) };
            if time - now.ahead < CONFIRMED * self.step {
                return Passed::Nothing;
            }
        }
        self.reached = None;
        now.ahead = 0;
        let passed = if now.newest == 0 { 0 } else { time - now.newest };
        let (before, end) = (now.newest / self.step, end_of(now.newest, self.step));
        let (known, rest) = (passed.min(now.lent), passed.saturating_sub(now.lent));
        now.lent -= known;
        now.elapsed = now.elapsed.saturating_add(rest.min(LONGEST_GAP * self.step));
        now.newest = time;
        if before == time / self.step {
            return Passed::Nothing;
        }
        now.steps = now.steps.saturating_add(1);
        Passed::Step(end)
    }

    /// Takes in a time that is behind: if none has been level for long, that is what time it is.
    fn fall_behind(&mut self, time: u64) -> Passed {
        let Some(called) = self.called else { return Passed::Nothing };
        let waited = nanos(called.saturating_duration_since(*self.reached.get_or_insert(called)));
        // What is less than a step behind will be level soon enough.
        if waited < ROUNDS.max(STUCK * self.step) || self.now.newest - time < self.step {
            return Passed::Nothing;
        }
        self.now = Now {
            newest: time,
            elapsed: self.now.elapsed.saturating_add(waited.min(LONGEST_GAP * self.step)),
            lent: 0,
            steps: self.now.steps.saturating_add(1),
            ahead: 0,
        };
        self.reached = None;
        Passed::Back
    }

    /// Takes in that the processor is called with data.
    pub(super) const fn call(&mut self, now: Instant) {
        self.called = Some(now);
    }

    /// Takes in that time passes although nothing comes. That may be asked before it is due, on account of another processor.
    pub(super) fn wait(&mut self, now: Instant) -> Passed {
        let Some(called) = self.called.filter(|_| self.patience().is_some_and(|due| due <= now)) else {
            return Passed::Nothing;
        };
        let passed = nanos(now.saturating_duration_since(called));
        self.called = Some(now);
        self.reached = None;
        self.now.elapsed = self.now.elapsed.saturating_add(passed);
        self.now.lent = self.now.lent.saturating_add(passed);
        Passed::Step(self.step_end())
    }

    /// When the current step ends, in nanoseconds since 1970.
    pub(super) fn step_end(&self) -> u64 {
        end_of(self.now.newest, self.step)
    }

    /// When to call [`Clock::wait`] if nothing comes until then.
    pub(super) fn patience(&self) -> Option<Instant> {
        self.called?.checked_add(Duration::from_nanos(self.step.saturating_mul(2)))
    }

    /// The latest time in the data, in nanoseconds since 1970.
    pub(super) const fn newest(&self) -> u64 {
        self.now.newest
    }

    /// Seconds that have passed.
    pub(super) fn seconds(&self) -> u32 {
        u32::try_from(self.now.elapsed / 1_000_000_000).unwrap_or(u32::MAX)
    }

    /// Whether what comes every so many seconds, and now, does not come again in this step.
    pub(super) const fn is_last_of_step(&self, gap: u32) -> bool {
        self.now.newest % self.step + (gap as u64) * 1_000_000_000 >= self.step
    }

    /// The number of the current step.
    pub(super) const fn steps(&self) -> u32 {
        self.now.steps
    }

    /// The length of a step in seconds, rounded up.
    pub(super) fn step_seconds(&self) -> u32 {
        u32::try_from(self.step.div_ceil(1_000_000_000)).unwrap_or(u32::MAX)
    }

    pub(super) fn save(&self, out: &mut Vec<u8>) {
        self.now.store(out);
    }

    pub(super) fn restore(&mut self, bytes: &mut &[u8]) -> Option<()> {
        self.now = Now::load(bytes)?;
        Some(())
    }
}

/// When the step that `time` lies in ends.
fn end_of(time: u64, step: u64) -> u64 {
    (time / step + 1).saturating_mul(step).min(LATEST)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
