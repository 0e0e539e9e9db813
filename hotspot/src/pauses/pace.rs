//! How often to look.

use std::time::Duration;

/// The time between two looks at a JVM: short while it collects often, long while it does not.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    min: Duration,
    max: Duration,
    now: Duration,
}

impl Pace {
    /// A pace between `min` and `max`, which begins with the shortest time.
    #[must_use]
    pub fn new(min: Duration, max: Duration) -> Self {
        Self { min, max: max.max(min), now: min }
    }

    /// The time until the next look, after one that showed `pauses` new pauses.
    pub fn next(&mut self, pauses: u64) -> Duration {
        self.now = match pauses {
            // Slower by an eighth each time: a burst of collections is looked at closely to its end.
            0 => self.now + self.now / 8,
            // Single pauses are exact at this pace, and would no longer be at half of it.
            1 => self.now,
            _ => self.now / 2,
        }
        .clamp(self.min, self.max);
        self.now
    }
}
