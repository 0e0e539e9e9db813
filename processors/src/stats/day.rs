//! What is usual at each hour of the day.

use super::Stored;
use super::ewma::{Span, warming_share};

/// Hours in a day.
const HOURS: usize = 24;

/// Two means that are learned together, the level of a series and its logarithm, for one hour of the day.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Hour {
    pub(crate) level: f32,
    pub(crate) ratio: f32,
    weight: f32,
}

impl Hour {
    fn update(&mut self, level: f32, ratio: f32, span: Span, weight: f32) {
        let share = warming_share(&mut self.weight, span, weight);
        self.level += share * (level - self.level);
        self.ratio += share * (ratio - self.ratio);
    }
}

/// A profile of the day in hourly bins. Universal time: an hour is a bin, whatever it is called locally.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Day {
    hours: [Hour; HOURS],
}

impl Day {
    /// What is usual at `hour`, once that hour has been seen.
    pub(crate) fn usual(&self, hour: u8) -> Option<Hour> {
        self.hours.get(usize::from(hour)).copied().filter(|hour| hour.weight > 0.0)
    }

    /// Takes in what was seen at `hour`.
    pub(crate) fn update(&mut self, hour: u8, level: f32, ratio: f32, span: Span, weight: f32) {
        if let Some(bin) = self.hours.get_mut(usize::from(hour)) {
            bin.update(level, ratio, span, weight);
        }
    }

    /// Follows the logarithmic scale, whose unit has moved.
    pub(crate) fn rescale(&mut self, moved: f32) {
        for hour in &mut self.hours {
            hour.ratio += rescaled(hour.ratio, moved);
        }
    }

    /// Moves all hours: the level itself has changed.
    pub(crate) fn shift(&mut self, level: f32, ratio: f32) {
        for hour in &mut self.hours {
            hour.level += level;
            hour.ratio += ratio;
        }
    }
}

impl Stored for Day {
    fn store(&self, out: &mut Vec<u8>) {
        for hour in &self.hours {
            hour.weight.store(out);
            if hour.weight > 0.0 {
                hour.level.store(out);
                hour.ratio.store(out);
            }
        }
    }

    fn load(bytes: &mut &[u8]) -> Option<Self> {
        let mut day = Self::default();
        for hour in &mut day.hours {
            hour.weight = f32::load(bytes)?;
            if hour.weight > 0.0 {
                hour.level = f32::load(bytes)?;
                hour.ratio = f32::load(bytes)?;
            }
        }
        Some(day)
    }
}

/// By how much a number on the logarithmic scale changes when the unit of the scale moves: by all of it where the scale
/// is logarithmic, by its share where it is linear.
pub(crate) fn rescaled(ratio: f32, moved: f32) -> f32 {
    moved * ratio.clamp(-1.0, 1.0)
}
