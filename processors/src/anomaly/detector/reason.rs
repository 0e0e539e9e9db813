//! Why a step scores as it does, in words.

use std::fmt;

use super::Direction;
use super::channels::{Channel, Usual};
use super::steps::Step;

/// What was expected of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// Most steps are not below this.
    pub low: f64,
    /// Most steps are not above this.
    pub high: f64,
    /// The usual level at this hour of the day.
    pub usual: f64,
    /// What came: the maximum or minimum of the step, whichever is further from the usual level.
    pub seen: f64,
    /// How far the series has drifted from its usual course in the last hour or so.
    pub drift: f64,
    /// The hour of the day, universal time.
    pub hour: u8,
}

impl Expected {
    /// Where a step is all that is known.
    pub(super) fn exactly(step: &Step) -> Self {
        let value = step.mean;
        Self { low: value, high: value, usual: value, seen: value, drift: 0.0, hour: step.hour() }
    }

    pub(super) fn new(usual: &Usual, step: &Step) -> Self {
        Self {
            low: usual.level - usual.margin,
            high: usual.level + usual.margin,
            usual: usual.level,
            seen: usual.extreme,
            drift: usual.drift,
            hour: step.hour(),
        }
    }

    /// What came as a multiple of the usual level, where that means something.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        let ratio = self.seen / self.usual;
        (ratio.is_finite() && ratio > 0.0 && ratio < 1e6).then_some(ratio)
    }
}

/// An explanation. It is made of numbers and costs nothing until it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reason {
    /// The channel with the largest surprise.
    pub channel: Channel,
    /// What was expected and what came.
    pub expected: Expected,
}

impl Reason {
    /// Whether the departure goes that way.
    ///
    /// Level, ratio, hold and jump go where the step went, drift where the last hour went. Of spread the same is said: unusual values are
    /// above the usual course or below it. Stillness goes neither way.
    #[must_use]
    pub fn goes(&self, direction: Direction) -> bool {
        let Expected { usual, seen, drift, .. } = self.expected;
        let way = match self.channel {
            Channel::Level | Channel::Ratio | Channel::Hold | Channel::Jump => seen - usual,
            Channel::Drift | Channel::Spread => drift,
            Channel::Stillness => 0.0,
        };
        match direction {
            Direction::Up => way > 0.0,
            Direction::Down => way < 0.0,
            Direction::Both => true,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Expected { low, high, usual, seen, drift, hour } = self.expected;
        match self.channel {
            Channel::Level | Channel::Ratio | Channel::Hold => match self.expected.ratio() {
                Some(ratio) => write!(out, "{}x the usual level for {hour:02}:00", Short(ratio))?,
                None => write!(out, "{} where {} is usual for {hour:02}:00", Short(seen), Short(usual))?,
            },
            Channel::Drift => {
                let side = if drift < 0.0 { "below" } else { "above" };
                write!(
                    out,
                    "for about an hour {} {side} the usual level for {hour:02}:00",
                    Short(drift.abs())
                )?;
            }
            Channel::Jump => {
                let side = if seen < usual { "fell" } else { "rose" };
                write!(out, "{side} to {} at once", Short(seen))?;
            }
            Channel::Spread => write!(out, "recent values lie where they seldom do")?,
            Channel::Stillness => write!(out, "flat where it used to move")?,
        }
        write!(out, "; expected {} to {}", Short(low), Short(high))
    }
}

/// A number to two significant digits, or to the unit when that is more.
pub(super) struct Short(pub(super) f64);

impl fmt::Display for Short {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if size == 0.0 {
            return out.write_str("0");
        }
        if !(1e-4..1e15).contains(&size) {
            return write!(out, "{:.1e}", self.0);
        }
        let digits = 1 - size.log10().floor() as i32;
        let digits = usize::try_from(digits).unwrap_or(0);
        write!(out, "{:.digits$}", self.0)
    }
}
