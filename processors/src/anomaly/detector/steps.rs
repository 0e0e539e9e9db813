//! Points in, steps out: from any cadence to the one at which a series is scored.

use super::Settings;
use crate::stats::stored_fields;

/// The beat, in seconds: the unit of all spans. The constants were found on samples of five minutes.
const BEAT: f32 = 300.0;
/// So many late points in a row mean that the clock of the sender was set back.
const PATIENCE: u8 = 30;
/// Larger values are cut off, so that a square still fits.
const LARGEST: f64 = 1e18;
const NANOS: f32 = 1e9;

/// What a series did in one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    /// Time of its last point, in nanoseconds since 1970.
    pub(super) time: u64,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) mean: f64,
    /// The share of a beat that a step of this series stands for.
    pub(super) weight: f32,
    /// Steps since the step before: more than one after a gap.
    pub(super) elapsed: f32,
}

impl Step {
    /// Hour of the day, universal time.
    pub(super) const fn hour(&self) -> u8 {
        (self.time / 3_600_000_000_000 % 24) as u8
    }
}

/// The open step, and what is known of the cadence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Steps {
    /// Time of the newest point; zero before the first.
    newest: u64,
    /// Time of the last point of the step before.
    closed: u64,
    /// Usual time between two points, in nanoseconds.
    cadence: f32,
    sum: f64,
    low: f64,
    high: f64,
    count: u32,
    late: u8,
}

stored_fields!(Steps { newest, closed, cadence, sum, low, high, count, late });

impl Steps {
    pub(super) const fn newest(&self) -> u64 {
        self.newest
    }

    /// Takes a point; gives the step before it, if that was still open, and its own, if that is complete.
    ///
    /// A step is complete when the next point is expected in another one, so a series no faster than a step is
    /// scored without delay.
    pub(super) fn take(
        &mut self,
        settings: &Settings,
        time: u64,
        value: f64,
    ) -> (Option<Step>, Option<Step>) {
        if !value.is_finite() || !self.in_order(time) {
            return (None, None);
        }
        let length = u64::try_from(settings.step.as_nanos()).unwrap_or(u64::MAX).max(1);
        let start = time - time % length;
        let overdue = self.count > 0 && self.newest < start;
        let before = if overdue { self.close(length) } else { None };
        self.follow_cadence(time);
        self.add(value.clamp(-LARGEST, LARGEST));
        self.newest = time;
        let next = time.saturating_add(self.cadence as u64);
        let complete = self.cadence > 0.0 && next - start >= length;
        (before, if complete { self.close(length) } else { None })
    }

    /// Whether a point may be used. Late and doubled ones are not, unless they keep coming.
    fn in_order(&mut self, time: u64) -> bool {
        if time > self.newest {
            self.late = 0;
            return true;
        }
        self.late = self.late.saturating_add(1);
        if self.late >= PATIENCE {
            (self.newest, self.closed, self.late) = (time, time, 0);
            (self.sum, self.count) = (0.0, 0);
        }
        false
    }

    /// Follows the usual distance of points. An odd one moves it by an eighth, which the next one takes back.
    fn follow_cadence(&mut self, time: u64) {
        if self.newest == 0 {
            return;
        }
        let passed = (time - self.newest) as f32;
        if self.cadence == 0.0 {
            self.cadence = passed;
        } else {
            let limit = self.cadence.abs() / 8.0;
            self.cadence += (passed - self.cadence).max(-limit).min(limit);
        }
    }

    fn add(&mut self, value: f64) {
        if self.count == 0 {
            (self.sum, self.low, self.high) = (0.0, value, value);
        }
        self.sum += value;
        self.low = self.low.min(value);
        self.high = self.high.max(value);
        self.count = self.count.saturating_add(1);
    }

    fn close(&mut self, length: u64) -> Option<Step> {
        let usual = self.cadence.max(length as f32);
        let passed = if self.closed == 0 { usual } else { self.newest.saturating_sub(self.closed) as f32 };
        let step = Step {
            time: self.newest,
            low: self.low,
            high: self.high,
            mean: self.sum / f64::from(self.count.max(1)),
            weight: (usual / (BEAT * NANOS)).min(1.0),
            elapsed: (passed / usual).max(1.0),
        };
        self.closed = self.newest;
        self.count = 0;
        Some(step)
    }
}
