//! From raw scores to reported ones: a peak is news once, and less so when the series is known for such peaks.

use super::Constants;
use crate::stats::stored_fields;

/// Remembered peaks.
const MEMORY: usize = 16;

/// Highest peaks kept.
const MARKS: usize = 2;
/// What is left of them after another episode: half after seventy.
const FADING: f32 = 0.99;

/// The peak of the episode that is on, and those of the last episodes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Episodes {
    peak: f32,
    /// Steps left for which the peak is held.
    held: f32,
    past: [f32; MEMORY],
    next: u8,
    /// The highest peaks, which fade as others come.
    marks: [f32; MARKS],
}

stored_fields!(Episodes { peak, held, past, next, marks });

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

    /// Whether peaks about as high as `raw` came before, more than once: what a job does every night is no event, however unlikely the table
    /// has it.
    pub(super) fn is_habit(&self, raw: f32, constants: &Constants) -> bool {
        self.marks.iter().all(|mark| *mark >= constants.alike * raw)
    }

    fn conclude(&mut self, constants: &Constants) {
        if self.peak > constants.memorable {
            if let Some(place) = self.past.get_mut(usize::from(self.next) % MEMORY) {
                *place = self.peak;
            }
            self.next = self.next.wrapping_add(1);
            self.mark();
        }
        self.peak = 0.0;
    }

    fn mark(&mut self) {
        let mut rest = self.peak;
        for mark in &mut self.marks {
            *mark *= FADING;
            if rest > *mark {
                std::mem::swap(mark, &mut rest);
            }
        }
    }
}
