//! What a detector is told from outside, and the constants that are the same for every series.

use std::time::Duration;

use crate::stats::{Span, TailConstants};

/// How series are scored. Shared by all of them; nothing of it is part of a series' state.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Points of one step are scored together, by their maximum, minimum and mean. Default: one minute.
    pub step: Duration,
    /// An event starts at this probability or less. Default: 1e-4.
    pub event_probability: f64,
    /// A departure may be so many times likelier for every step that it lasts, two at most. Set by
    /// [`Discovery`](crate::anomaly::discovery::Discovery). Default: 1, not at all.
    pub lasting_factor: f64,
    /// And so many times in all. Default: 1.
    pub most_lasting: f64,
    /// Which way a series must depart from what is usual to be an event; scores do not depend on it, and a larger departure the other way
    /// hides lesser ones as any peak does. A series that falls still has an event only where both ways matter. Default: both.
    pub direction: Direction,
    /// The constants of the method. Not for users: there to show that no single value of them matters.
    pub constants: Constants,
}

/// Which way a departure must go to matter.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Direction {
    /// Above what is usual.
    Up,
    /// Below it.
    Down,
    /// Either way.
    #[default]
    Both,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            step: Duration::from_secs(60),
            event_probability: 1e-4,
            lasting_factor: 1.0,
            most_lasting: 1.0,
            direction: Direction::Both,
            constants: Constants::default(),
        }
    }
}

/// The constants of the method. Spans are in beats: five minutes, or one sample of a series slower than that.
#[derive(Clone, Debug, PartialEq)]
pub struct Constants {
    /// What is usual at an hour of the day.
    pub day: Span,
    /// What is usual at all.
    pub long: Span,
    /// What is recent, for distribution and stillness.
    pub short: Span,
    /// What is recent, for drift.
    pub drift: Span,
    /// Values are compared on a logarithmic scale from this share of the usual size on; linearly below.
    pub knee: f32,
    /// The least excess that counts, as a share of the usual size: whatever is smaller is of no interest.
    pub least: f32,
    /// A value counts for at most so many usual deviations when it is learned.
    pub learning_limit: f32,
    /// A drift that lasts for so many beats is the new level.
    pub acceptance: f32,
    /// Beats for which a series is young: not scored before it first moves, and slower to have events.
    pub youth: f32,
    /// The outermost bins of the distribution, in standard deviations from the mean.
    pub reach: f32,
    /// A distance from the mean counts for at most so many standard deviations when those are learned.
    pub outlier: f32,
    /// The tail estimators.
    pub tail: TailConstants,
    /// Steps for which a peak keeps lesser ones from being reported.
    pub refractory: f32,
    /// What exceeds a held peak by less than this share of it is still the same peak.
    pub margin: f32,
    /// Peaks above this are remembered.
    pub memorable: f32,
    /// What a score loses for every e-fold of the remembered peaks that reach it.
    pub habituation: f32,
    /// A peak is no event when two remembered ones have at least this share of it.
    pub alike: f32,
    /// A departure lasts while this share of what its peak was above calm is left.
    pub lasts: f32,
    /// Below this raw score a step is calm.
    pub calm: f32,
    /// So is one whose level, ratio, jump and hold together are below this, if the event was about those.
    pub calm_now: f32,
    /// Steps of calm that end an event.
    pub calm_steps: u8,
}

impl Default for Constants {
    fn default() -> Self {
        Self {
            day: Span::of(16.0),
            long: Span::of(1000.0),
            short: Span::of(24.0),
            drift: Span::of(12.0),
            knee: 0.25,
            least: 0.02,
            learning_limit: 20.0,
            acceptance: 72.0,
            youth: 288.0,
            reach: 2.0,
            outlier: 6.0,
            tail: TailConstants {
                warm_up: 45.0,
                spread: Span::of(50.0),
                threshold: Span::of(200.0),
                excess: Span::of(100.0),
                excess_limit: 25.0,
                heaviness: 0.8,
                floor: 0.01,
                limit: 60.0,
            },
            refractory: 50.0,
            margin: 0.1,
            memorable: 18.0,
            habituation: 2.0,
            alike: 0.75,
            lasts: 0.7,
            calm: 22.0,
            calm_now: 14.0,
            calm_steps: 5,
        }
    }
}
