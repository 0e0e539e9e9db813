//! Level, ratio, drift and jump: how far a step is from the usual course of the day, and from the step before.

use super::super::Constants;
use super::super::steps::Step;
use crate::stats::{Day, Ewma, Tail, asinh, ln, rescaled, stored_fields};

/// The unit of the logarithmic scale follows the size of values when it is further off than this.
const UNIT_TOLERANCE: f32 = 0.01;
/// Before so many beats no value is too far off to be learned as it is.
const TRUSTED_AFTER: f32 = 20.0;

/// The usual course of the day on two scales, and how far from it the series has been. Levels are distances
/// from an origin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Course {
    day: Day,
    level: Ewma,
    ratio: Ewma,
    /// Mean size of values.
    size: Ewma,
    /// The size by which the logarithmic scale is measured.
    unit: f32,
    /// Mean distance from the usual level.
    deviation: Ewma,
    drift: f32,
    ratio_drift: f32,
    /// Beats for which the drift has been unusual, all on one side.
    lasting: f32,
    level_tail: Tail,
    ratio_tail: Tail,
    drift_tail: Tail,
    /// The step before, on the logarithmic scale.
    last: f32,
    jump_tail: Tail,
    /// Distances of the two steps before, on the logarithmic scale.
    held: [f32; 2],
    hold_tail: Tail,
}

stored_fields!(Course {
    day,
    level,
    ratio,
    size,
    unit,
    deviation,
    drift,
    ratio_drift,
    lasting,
    level_tail,
    ratio_tail,
    drift_tail,
    last,
    jump_tail,
    held,
    hold_tail,
});

/// What was expected of a step and what came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usual {
    /// The usual level.
    pub(crate) level: f64,
    /// How far from it most steps are.
    pub(crate) margin: f64,
    /// Whichever of the step's maximum and minimum is further from it.
    pub(crate) extreme: f64,
    /// The mean of the series and how far it has drifted from its usual course.
    pub(crate) drift: f64,
}

impl Course {
    /// Surprise of level, ratio, drift and jump, and what was expected.
    pub(crate) fn judge(&mut self, step: &Step, origin: f64, constants: &Constants) -> ([f32; 5], Usual) {
        let young = self.size.weight() == 0.0;
        let weight = step.weight;
        let least = constants.least * self.size.mean();
        let mean = (step.mean - origin) as f32;
        let (low, high) = ((step.low - origin) as f32, (step.high - origin) as f32);
        self.measure(step, constants);
        let (level, ratio) = self.expected(step.hour());

        let scale = 1.0 / (constants.knee * self.unit).max(f32::MIN_POSITIVE * 1e6);
        let log = |value: f64| asinh((value as f32 * scale).clamp(-1e15, 1e15));
        let mean_log = log(step.mean);
        let (low_log, high_log) =
            if step.low < step.high { (log(step.low), log(step.high)) } else { (mean_log, mean_log) };

        let distance = mean - level;
        let log_distance = mean_log - ratio;
        let far = furthest(low - level, high - level);
        let usual = Usual {
            level: origin + f64::from(level),
            margin: f64::from(self.level_tail.threshold()),
            extreme: if far < 0.0 { step.low } else { step.high },
            drift: f64::from(self.drift),
        };
        let mut surprises = [0.0; 5];
        let held = least_of_one_side([self.held[0], self.held[1], log_distance]);
        if !young {
            let share = constants.drift.share(weight).min(1.0);
            self.drift += share * (distance - self.drift);
            self.ratio_drift += share * (log_distance - self.ratio_drift);
            surprises = [
                self.level_tail.surprise(far.abs(), least, weight, &constants.tail),
                self.ratio_tail.surprise(
                    furthest(low_log - ratio, high_log - ratio).abs(),
                    constants.least,
                    weight,
                    &constants.tail,
                ),
                self.drift_tail.surprise(self.drift.abs(), least, weight, &constants.tail),
                self.jump_tail.surprise(
                    furthest(low_log - self.last, high_log - self.last).abs(),
                    constants.least,
                    weight,
                    &constants.tail,
                ),
                self.hold_tail.surprise(held, constants.least, weight, &constants.tail),
            ];
        }
        self.held = [self.held[1], log_distance];
        self.last = mean_log;
        self.learn(step.hour(), (level, distance), (ratio, log_distance), weight, constants);
        (surprises, usual)
    }

    /// Follows the size of values, by which the logarithmic scale is measured, and keeps what is known on that scale
    /// in step: a series that begins at its daily high would otherwise be far from itself the day after.
    fn measure(&mut self, step: &Step, constants: &Constants) {
        self.size.update(step.mean.abs() as f32, constants.long, step.weight);
        let size = self.size.mean();
        if (size - self.unit).abs() <= UNIT_TOLERANCE * self.unit {
            return;
        }
        if self.unit > 0.0 && size > 0.0 {
            let moved = ln(self.unit / size);
            self.day.rescale(moved);
            self.ratio.shift(rescaled(self.ratio.mean(), moved));
            self.last += rescaled(self.last, moved);
        }
        self.unit = size;
    }

    /// What is usual at an hour. One not seen yet is taken to be like the one before it.
    fn expected(&self, hour: u8) -> (f32, f32) {
        let known = self.day.usual(hour).or_else(|| self.day.usual((hour + 23) % 24));
        known.map_or((self.level.mean(), self.ratio.mean()), |usual| (usual.level, usual.ratio))
    }

    fn learn(
        &mut self,
        hour: u8,
        (level, distance): (f32, f32),
        (ratio, log_distance): (f32, f32),
        weight: f32,
        constants: &Constants,
    ) {
        let limit = constants.learning_limit * self.deviation.mean().abs();
        let trusted = self.deviation.weight() > TRUSTED_AFTER;
        // Not `clamp`, which panics when damaged state has made the limit not a number.
        let learned = if trusted { distance.max(-limit).min(limit) } else { distance };
        self.day.update(hour, level + learned, ratio + log_distance, constants.day, weight);
        self.level.update(level + distance, constants.long, weight);
        self.ratio.update(ratio + log_distance, constants.long, weight);
        self.deviation.update(distance.abs(), constants.long, weight);
        self.accept_lasting_drift(weight, constants);
    }

    /// A drift that does not go away is the new level, at all hours.
    fn accept_lasting_drift(&mut self, weight: f32, constants: &Constants) {
        let same_side = self.lasting * self.drift >= 0.0;
        let unusual = self.drift.abs() > self.drift_tail.threshold();
        self.lasting = if unusual && same_side { self.lasting + weight.copysign(self.drift) } else { 0.0 };
        if self.lasting.abs() >= constants.acceptance {
            self.day.shift(self.drift, self.ratio_drift);
            self.level.shift(self.drift);
            self.ratio.shift(self.ratio_drift);
            (self.drift, self.ratio_drift, self.lasting) = (0.0, 0.0, 0.0);
        }
    }
}

fn furthest(low: f32, high: f32) -> f32 {
    if low.abs() > high.abs() { low } else { high }
}

/// The least of distances that are all on one side, without sign; zero where they are not.
fn least_of_one_side(distances: [f32; 3]) -> f32 {
    let [a, b, c] = distances;
    if (a > 0.0 && b > 0.0 && c > 0.0) || (a < 0.0 && b < 0.0 && c < 0.0) {
        a.abs().min(b.abs()).min(c.abs())
    } else {
        0.0
    }
}
