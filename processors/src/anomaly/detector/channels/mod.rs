//! The seven ways in which a step can be unlike those before it.

mod course;
mod spread;
mod stillness;

pub(super) use course::{Course, Usual};
pub(super) use spread::Spread;
pub(super) use stillness::Stillness;

/// A way of being unusual.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Channel {
    /// Far from what is usual at this hour of the day.
    Level,
    /// Many times, or a fraction of, what is usual at this hour of the day.
    Ratio,
    /// On one side of what is usual for about an hour.
    Drift,
    /// Far from the step before, by the series' own measure.
    Jump,
    /// Many times, or a fraction of, what is usual for some steps.
    Hold,
    /// Recent values lie where values seldom lie.
    Spread,
    /// Flat where it used to move.
    Stillness,
}

impl Channel {
    /// How many there are.
    pub const COUNT: usize = 7;

    /// All channels, in the order in which their scores are kept.
    pub const ALL: [Self; Self::COUNT] =
        [Self::Level, Self::Ratio, Self::Drift, Self::Jump, Self::Hold, Self::Spread, Self::Stillness];
}
