//! How time passes, by what the data says.

use std::time::{Duration, Instant};

use crate::stats::{Stored, stored_fields};

/// A gap in all data counts as so many steps: that nothing came for a while says nothing about any single series.
const LONGEST_GAP: u64 = 5;
/// So many points in a row that are far behind mean that the clock that was ahead is not there any more.
const PATIENCE: u32 = 1000;
/// What "far behind" means, in nanoseconds.
const FAR: u64 = 3_600_000_000_000;

/// The time that has passed while data came.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clock {
    /// Length of a step, in nanoseconds.
    step: u64,
    now: Now,
    /// When the processor was last called.
    called: Option<Instant>,
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
    behind: u32,
}

stored_fields!(Now { newest, elapsed, lent, steps, behind });

/// What has happened to the clock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Passed {
    /// It is the same step as before.
    Nothing,
    /// A step is over, which ended at this time (nanoseconds since 1970).
    Step(u64),
}

impl Clock {
    pub(super) fn new(step: Duration) -> Self {
        let step = u64::try_from(step.as_nanos()).unwrap_or(u64::MAX).max(1);
        Self { step, now: Now::default(), called: None }
    }

    /// Takes in the time of a point.
    pub(super) fn observe(&mut self, time: u64) -> Passed {
        let now = &mut self.now;
        if time <= now.newest {
            now.behind = if now.newest - time > FAR { now.behind.saturating_add(1) } else { 0 };
            if now.behind >= PATIENCE {
                (now.newest, now.behind) = (time, 0);
            }
            return Passed::Nothing;
        }
        let passed = if now.newest == 0 { 0 } else { time - now.newest };
        let before = now.newest / self.step;
        let (known, rest) = (passed.min(now.lent), passed.saturating_sub(now.lent));
        now.lent -= known;
        now.elapsed = now.elapsed.saturating_add(rest.min(LONGEST_GAP.saturating_mul(self.step)));
        (now.newest, now.behind) = (time, 0);
        if before == time / self.step {
            return Passed::Nothing;
        }
        now.steps = now.steps.saturating_add(1);
        Passed::Step((before + 1).saturating_mul(self.step))
    }

    /// Takes in that the processor is called with data.
    pub(super) const fn call(&mut self, now: Instant) {
        self.called = Some(now);
    }

    /// Takes in that time passes although nothing comes.
    pub(super) fn wait(&mut self, now: Instant) -> Passed {
        let Some(called) = self.called else { return Passed::Nothing };
        let passed = now.saturating_duration_since(called);
        let passed = u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX);
        self.called = Some(now);
        self.now.elapsed = self.now.elapsed.saturating_add(passed);
        self.now.lent = self.now.lent.saturating_add(passed);
        Passed::Step((self.now.newest / self.step + 1).saturating_mul(self.step))
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
