//! Series through the detector.

use edgewatch_processors::anomaly::detector::{Detector, Edge, Scored, Settings};

const SECOND: u64 = 1_000_000_000;
/// Midnight somewhere in 2025, in seconds.
const START: u64 = 1_750_032_000;

/// A detector and what it has reported.
pub(super) struct Replay {
    settings: Settings,
    pub(super) detector: Detector,
    /// Seconds since the start, and the step.
    pub(super) events: Vec<(f64, Scored)>,
    pub(super) steps: usize,
    /// The newest scored step.
    pub(super) newest: Option<Scored>,
}

impl Replay {
    pub(super) fn new(event_probability: f64) -> Self {
        let settings = Settings { event_probability, ..Settings::default() };
        Self { settings, detector: Detector::default(), events: Vec::new(), steps: 0, newest: None }
    }

    /// Feeds a value at so many seconds since the start.
    pub(super) fn feed(&mut self, second: f64, value: f64) {
        let time = START * SECOND + (second * 1e9) as u64;
        self.feed_at(time, value);
    }

    /// Feeds a value at a time in nanoseconds.
    pub(super) fn feed_at(&mut self, time: u64, value: f64) {
        let Some(scored) = self.detector.observe(&self.settings, time, value) else { return };
        self.steps += 1;
        self.newest = Some(scored);
        if scored.event == Some(Edge::Start) {
            self.events.push(((time - (START * SECOND).min(time)) as f64 / 1e9, scored));
        }
    }
}
