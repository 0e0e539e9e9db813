//! One series and its detector.

use std::borrow::Cow;

use edgewatch_processors::anomaly::detector::{Detector, Scored, Settings};

/// What is said about a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// It cannot be scored, and why.
    Refused(Cow<'static, str>),
    /// It was taken; its step is not complete.
    Open,
    /// It completes a step, or shows that the one before was complete.
    Scored(Scored),
}

impl Verdict {
    /// A refusal in words that are always the same.
    pub(super) const fn refused(why: &'static str) -> Self {
        Self::Refused(Cow::Borrowed(why))
    }
}

/// A detector, and whether an event is on.
#[derive(Clone, Debug, Default)]
pub(super) struct Scorer {
    detector: Detector,
    anomalous: bool,
}

impl Scorer {
    /// Takes a point, `time` in nanoseconds since 1970.
    pub(super) fn take(&mut self, settings: &Settings, time: u64, value: f64) -> Verdict {
        if !value.is_finite() {
            return Verdict::refused("the value is not finite");
        }
        let newest = self.detector.newest();
        // The detector is told of late points too: when they keep coming, the clock was set back.
        match self.detector.observe(settings, time, value) {
            _ if time == newest => Verdict::refused("doubled: there was a value for this time"),
            _ if time < newest => Verdict::refused("late: the series is further already"),
            Some(scored) => {
                self.anomalous = scored.anomalous;
                Verdict::Scored(scored)
            }
            None => Verdict::Open,
        }
    }

    /// Whether an event is on.
    pub(super) const fn is_anomalous(&self) -> bool {
        self.anomalous
    }
}
