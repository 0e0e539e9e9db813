//! False discovery control over the series of a host.
//!
//! A host has thousands of series: a probability that is rare for one of them is found somewhere every minute. So the more series are scored,
//! the less likely a step must be to become an event at once. What lasts gets that back: chance seldom strikes the same series in two steps
//! running, a fault does.
//!
//! What other series do at the same time does not count. Series of a host depend on each other, and a harmless burst of work moves as many as
//! a fault does: a threshold that is loosened by company (Benjamini-Hochberg over the steps of a minute, or a count of the unlikely ones) had
//! several times the false events and found hardly anything more (README.md of the detector).

use super::detector::Settings;
use crate::stats::{Stored, stored_fields};

/// From so many series on the threshold falls no further: events per series are then as rare as they are meant to be.
const MANY: f64 = 200.0;
/// What lasts for a step may be so many times likelier.
const FOR_A_STEP: f64 = 10.0;
/// And at most, however long it lasts. With 100 there were more than twice as many false events.
const AT_MOST: f64 = 60.0;
/// Series are counted by this much of time, in nanoseconds: a scoring step.
const STEP: u64 = 60_000_000_000;
/// What is left of the number of series after a step in which there were none. Series slower than a step are not forgotten at once.
const KEPT: f32 = 0.9;
/// The first byte of a saved state.
const VERSION: u8 = 1;

/// How unlikely a score must be to become an event, by how many series of a host are scored.
#[derive(Clone, Debug, PartialEq)]
pub struct Discovery {
    probability: f64,
    threshold: f64,
    count: Count,
}

/// How many series there are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    /// The newest step.
    step: u64,
    /// Scores in it.
    scored: u32,
    /// Series, as far as they are known from the steps before.
    series: f32,
}

stored_fields!(Count { step, scored, series });

impl Discovery {
    /// For events that start at `probability` or less in a series that stands alone.
    #[must_use]
    pub fn new(probability: f64) -> Self {
        Self { probability, threshold: probability, count: Count::default() }
    }

    /// The probability from which on the next score is an event at once.
    #[must_use]
    pub const fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Sets what the next step of a series is judged by: the threshold, and what is allowed to a departure that lasts.
    pub fn apply(&self, settings: &mut Settings) {
        settings.event_probability = self.threshold;
        settings.lasting_factor = FOR_A_STEP;
        settings.most_lasting = (self.probability / self.threshold).clamp(1.0, AT_MOST);
    }

    /// Takes in the logarithm of the probability of a scored step of any series, whose time is `time` (nanoseconds since 1970).
    pub fn note(&mut self, time: u64, _ln_probability: f32) {
        let count = &mut self.count;
        let step = time / STEP;
        if step > count.step {
            count.series = (count.scored as f32).max(KEPT * count.series);
            (count.step, count.scored) = (step, 0);
        }
        count.scored = count.scored.saturating_add(1);
        let series = f64::from(count.series).max(f64::from(count.scored));
        self.threshold = self.probability / series.clamp(1.0, MANY);
    }

    /// Appends what is known of the host.
    pub fn save(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        self.count.store(out);
    }

    /// Reads what [`Discovery::save`] has written; nothing when it is damaged or of another version, and the host is counted anew.
    #[must_use]
    pub fn restore(probability: f64, bytes: &[u8]) -> Option<Self> {
        let (version, mut rest) = bytes.split_first()?;
        let count = Count::load(&mut rest).filter(|_| *version == VERSION && rest.is_empty())?;
        let series = f64::from(count.series).max(f64::from(count.scored));
        Some(Self { probability, threshold: probability / series.clamp(1.0, MANY), count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROBABILITY: f64 = 1e-4;

    /// A host whose series are scored for so many minutes from `start` on.
    fn noted(discovery: &mut Discovery, series: u32, minutes: std::ops::Range<u64>) {
        for minute in minutes {
            (0..series).for_each(|_| discovery.note(minute * STEP, -1.0));
        }
    }

    #[test]
    fn a_series_that_stands_alone_has_events_at_the_plain_probability() {
        let mut discovery = Discovery::new(PROBABILITY);
        noted(&mut discovery, 1, 1..100);
        let mut settings = Settings::default();
        discovery.apply(&mut settings);
        assert_eq!((settings.event_probability, settings.most_lasting), (PROBABILITY, 1.0));
    }

    #[test]
    fn the_more_series_the_less_likely_an_event_up_to_a_point() {
        let mut last = f64::INFINITY;
        for (series, threshold) in [(10, 1e-5), (100, 1e-6), (200, 5e-7), (5000, 5e-7)] {
            let mut discovery = Discovery::new(PROBABILITY);
            noted(&mut discovery, series, 1..3);
            assert!(
                (discovery.threshold() / threshold - 1.0).abs() < 1e-9,
                "{series}: {}",
                discovery.threshold()
            );
            assert!(discovery.threshold() <= last);
            last = discovery.threshold();
        }
    }

    #[test]
    fn what_lasts_is_never_judged_more_mildly_than_in_a_series_that_stands_alone() {
        for series in [1, 7, 50, 1000] {
            let mut discovery = Discovery::new(PROBABILITY);
            noted(&mut discovery, series, 1..3);
            let mut settings = Settings::default();
            discovery.apply(&mut settings);
            assert!(settings.event_probability * settings.most_lasting <= PROBABILITY * (1.0 + 1e-9));
        }
    }

    #[test]
    fn a_step_with_few_series_does_not_make_the_others_forgotten() {
        let mut discovery = Discovery::new(PROBABILITY);
        noted(&mut discovery, 100, 1..3);
        noted(&mut discovery, 1, 3..6);
        assert!(discovery.threshold() < 2e-6, "{}", discovery.threshold());
        noted(&mut discovery, 1, 6..100);
        assert_eq!(discovery.threshold(), PROBABILITY);
    }

    #[test]
    fn restored_state_decides_exactly_the_same_and_damaged_state_is_refused() {
        let mut discovery = Discovery::new(PROBABILITY);
        noted(&mut discovery, 33, 1..7);
        let mut state = Vec::new();
        discovery.save(&mut state);
        assert_eq!(Discovery::restore(PROBABILITY, &state), Some(discovery));
        for length in 0..state.len() {
            assert_eq!(Discovery::restore(PROBABILITY, &state[..length]), None);
        }
        state[0] = 200;
        assert_eq!(Discovery::restore(PROBABILITY, &state), None);
    }
}
