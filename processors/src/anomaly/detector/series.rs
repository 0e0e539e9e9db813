//! The detector itself: points to steps, steps to channels, channels to a score, scores to events.

use super::calibration::ln_probability;
use super::channels::{Channel, Course, Spread, Stillness};
use super::episode::Episodes;
use super::event::{Edge, Event};
use super::reason::{Expected, Reason};
use super::scored::Scored;
use super::steps::{Step, Steps};
use super::{Constants, Settings};
use crate::stats::stored_fields;

/// All that is known of one series.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Detector {
    steps: Steps,
    /// The first value. Levels are kept as distances from it, so that a byte counts on a disk of terabytes.
    origin: f64,
    started: bool,
    /// Beats since the series first moved, or began; counted as long as it is young.
    age: f32,
    moved: bool,
    course: Course,
    spread: Spread,
    stillness: Stillness,
    episodes: Episodes,
    event: Event,
}

stored_fields!(Detector { steps, origin, started, age, moved, course, spread, stillness, episodes, event });

/// The promise to whoever plans memory for many series.
const _: () = assert!(Detector::BYTES <= 1280);

impl Detector {
    /// Memory that a series takes.
    pub const BYTES: usize = size_of::<Self>();

    /// Time of the newest point taken, zero before the first. A point that is not newer is late or doubled, and not taken.
    #[must_use]
    pub const fn newest(&self) -> u64 {
        self.steps.newest()
    }

    /// Takes a point: `time` in nanoseconds since 1970 and a value. Gives the score of the step that it completes.
    pub fn observe(&mut self, settings: &Settings, time: u64, value: f64) -> Option<Scored> {
        let (before, complete) = self.steps.take(settings, time, value);
        let before = before.map(|step| self.score(settings, &step));
        let complete = complete.map(|step| self.score(settings, &step));
        match (before, complete) {
            // The cadence has just changed. Neither an event nor a peak may get lost.
            (Some(before), Some(now)) if before.event.is_some() || before.score > now.score => {
                Some(Scored { anomalous: now.anomalous, event: now.event.or(before.event), ..before })
            }
            (before, complete) => complete.or(before),
        }
    }

    /// What a point is added to that does not complete its step: all of the detector that it needs.
    pub(crate) const fn open_step(&self) -> &impl Sized {
        &self.steps
    }

    fn score(&mut self, settings: &Settings, step: &Step) -> Scored {
        if !std::mem::replace(&mut self.started, true) {
            self.origin = step.mean;
        }
        let constants = &settings.constants;
        if self.is_unborn(step, constants) {
            return Scored::silent(step);
        }
        let ([level, ratio, drift, jump, hold], usual) = self.course.judge(step, self.origin, constants);
        let spread = self.spread.judge((step.mean - self.origin) as f32, step.weight, constants);
        let stillness = self.stillness.judge(step.mean, step.weight, constants);
        let channels = [level, ratio, drift, jump, hold, spread, stillness];
        let raw: f32 = channels.iter().sum();
        if !raw.is_finite() || !usual.level.is_finite() {
            // Only state that was damaged on its way can hold such numbers: the series starts anew.
            *self = Self { steps: self.steps, ..Self::default() };
            return Scored::silent(step);
        }
        let score = self.episodes.report(raw, step.elapsed, constants);
        let ln_probability = ln_probability(score);
        let reason = Reason { channel: loudest(&channels), expected: Expected::new(&usual, step) };
        let news = score > 0.0 && !self.episodes.is_habit(raw, constants) && reason.goes(settings.direction);
        let age = self.age;
        let event = self.event.take(
            (raw, level + ratio + jump + hold, news.then_some(ln_probability)),
            step.elapsed,
            |lasted| alarm(settings, age, lasted),
            constants,
        );
        let ln_probability = match event {
            Some(Edge::Start) => self.event.pending(),
            Some(Edge::End) | None => ln_probability,
        };
        Scored {
            time: step.time,
            value: step.mean,
            raw,
            score,
            ln_probability,
            channels,
            event,
            anomalous: self.event.is_on(),
            reason,
        }
    }
}

impl Detector {
    /// Whether the series has yet to do anything: it is young and still at its first value.
    fn is_unborn(&mut self, step: &Step, constants: &Constants) -> bool {
        let moves = step.low < step.high || step.mean != self.origin;
        if moves && !self.moved && self.age < constants.youth {
            self.age = 0.0;
        }
        self.moved |= moves;
        self.age = (self.age + step.weight).min(constants.youth);
        !self.moved && self.age < constants.youth
    }
}

/// The logarithm of the probability from which on a departure that has lasted for some steps is an event. A young series
/// must be surer: what has been seen for part of a day says little about the rest of it.
fn alarm(settings: &Settings, age: f32, lasted: u8) -> f64 {
    let grown = f64::from(age / settings.constants.youth);
    let lasting = settings.lasting_factor.powi(i32::from(lasted)).min(settings.most_lasting).max(1.0);
    (settings.event_probability * grown * grown * lasting).ln()
}

fn loudest(channels: &[f32; Channel::COUNT]) -> Channel {
    let pairs = Channel::ALL.into_iter().zip(channels);
    pairs.fold((Channel::Level, &f32::MIN), |most, next| if next.1 > most.1 { next } else { most }).0
}
