//! From raw scores to reported ones: a peak is news once, and less so when the series is known for such peaks.

use super::Constants;
use crate::stats::stored_fields;

/// Remembered peaks.
const MEMORY: usize = 16;

/// The peak of the episode that is on, and those of the last episodes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Episodes {
    peak: f32,
    /// Steps left for which the peak is held.
    held: f32,
    past: [f32; MEMORY],
    next: u8,
}

stored_fields!(Episodes { peak, held, past, next });

impl Episodes {
    /// What of the raw score is reported, `elapsed` steps after the last one.
    ///
    /// Refractory: nothing, unless it exceeds the peak held. Habituation: less, for every past peak that reached
    /// it.
    pub(super) fn report(&mut self, raw: f32, elapsed: f32, constants: &Constants) -> f32 {
        self.held -= elapsed;
        if self.held < 0.0 {
            self.conclude(constants);
        }
        if raw <= self.peak * (1.0 + constants.margin) {
            return 0.0;
        }
        self.peak = raw;
        self.held = constants.refractory;
        let like_it = self.past.iter().filter(|peak| **peak >= raw).count();
        if like_it == 0 {
            return raw;
        }
        (raw - constants.habituation * (1.0 + like_it as f32).ln()).max(0.0)
    }

    fn conclude(&mut self, constants: &Constants) {
        if self.peak > constants.memorable {
            if let Some(place) = self.past.get_mut(usize::from(self.next) % MEMORY) {
                *place = self.peak;
            }
            self.next = self.next.wrapping_add(1);
        }
        self.peak = 0.0;
    }
}
