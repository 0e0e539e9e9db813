//! From scrapes to events: the seam between what is replayed and what watches it.

use edgewatch_processors::anomaly::detector::{Detector, Edge, Settings};
use edgewatch_processors::anomaly::discovery::Discovery;

use super::sheet::Sheet;

/// Probabilities told apart when they are counted.
pub(super) const BINS: usize = 40;

/// What watches a host. A clone goes on from where the original stood.
pub(super) trait Watch: Clone {
    /// Takes the scrape of a minute; calls `event` with the index of every series for which an event starts.
    fn minute(&mut self, time: u64, sheet: &Sheet, event: &mut dyn FnMut(usize));

    /// How many steps had which probability, by minus its logarithm. Nothing where that cannot be seen from outside.
    fn scores(&self) -> Vec<u64> {
        Vec::new()
    }
}

/// A detector for each series, and control of false discoveries over all of them.
#[derive(Clone)]
pub(super) struct Direct {
    settings: Settings,
    detectors: Vec<Detector>,
    discovery: Discovery,
    /// From this time on probabilities are counted.
    counted: u64,
    scores: Vec<u64>,
}

impl Direct {
    pub(super) fn new(settings: Settings, counted: u64) -> Self {
        let discovery = Discovery::new(settings.event_probability);
        Self { settings, detectors: Vec::new(), discovery, counted, scores: vec![0; BINS] }
    }
}

impl Watch for Direct {
    fn minute(&mut self, time: u64, sheet: &Sheet, event: &mut dyn FnMut(usize)) {
        self.detectors.resize(sheet.values.len(), Detector::default());
        for (index, (detector, value)) in self.detectors.iter_mut().zip(&sheet.values).enumerate() {
            self.discovery.apply(&mut self.settings);
            let Some(scored) = detector.observe(&self.settings, time, *value) else { continue };
            self.discovery.note(scored.time, scored.ln_probability);
            let bin = (-scored.ln_probability) as usize;
            if let Some(count) = self.scores.get_mut(bin).filter(|_| time >= self.counted) {
                *count += 1;
            }
            if scored.event == Some(Edge::Start) {
                event(index);
            }
        }
    }

    fn scores(&self) -> Vec<u64> {
        self.scores.clone()
    }
}
