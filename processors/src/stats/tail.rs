//! How unlikely a value is, learned from the values before it: streaming peaks over threshold.

use super::ewma::{Ewma, Span, warming_share};
use super::stored_fields;

/// Constants of the tail estimators. One set serves every series and every channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TailConstants {
    /// Beats before anything is scored.
    pub warm_up: f32,
    /// Reach of the mean distance from the threshold, by which its steps are measured.
    pub spread: Span,
    /// Reach of the threshold: one over the share of the spread that it may move by in a beat.
    pub threshold: Span,
    /// Reach of the mean excess, in beats above the threshold.
    pub excess: Span,
    /// One excess counts for at most so many mean ones, so that an outlier does not hide the next.
    pub excess_limit: f32,
    /// Excesses that vary more than exponential ones are measured by this share of what their mean square says: few
    /// that are large among many that are small, as spikes that keep coming, then do not stand out for ever. The
    /// whole of it would bite where a tail is exponential and chance made it look heavier.
    pub heaviness: f32,
    /// The mean excess counts for at least this share of the threshold.
    pub floor: f32,
    /// The largest excess told apart, in mean excesses.
    pub limit: f32,
}

/// The quantile that the threshold follows; excesses above it are taken to be exponential. From the prototype:
/// between 0.95 and 0.985 the scores do not differ, at 0.99 they fall.
const QUANTILE: f32 = 0.975;
/// Minus the logarithm of one less the quantile.
const AT_THRESHOLD: f32 = 3.688_879_5;
/// What every value under the threshold counts for.
const BELOW: f32 = 0.75 * AT_THRESHOLD;
/// While warming up the threshold is so many times the mean. A first value that happened to be large would
/// otherwise hold it up for days.
const FIRST_THRESHOLD: f32 = 2.0;
/// Beats above the threshold before an excess is limited.
const TRUSTED_AFTER: f32 = 5.0;
/// The least scale there is: keeps a series that never moved from dividing by zero.
const LEAST_SCALE: f32 = 1e-12;

/// An upper tail: a threshold that follows a quantile by stochastic approximation, and the mean and mean square of
/// excesses above.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tail {
    threshold: f32,
    spread: f32,
    seen: f32,
    excess: Ewma,
    square: Ewma,
}

stored_fields!(Tail { threshold, spread, seen, excess, square });

impl Tail {
    /// The quantile as it stands.
    pub(crate) const fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Minus the logarithm of the probability of `value` or more, by what was seen before; then learns it.
    ///
    /// Zero while warming up. Under the threshold nothing is told apart. `least` is
    /// the smallest excess that means anything to whoever measures `value`.
    pub(crate) fn surprise(&mut self, value: f32, least: f32, weight: f32, constants: &TailConstants) -> f32 {
        let excess = value - self.threshold;
        let surprise = self.judge(excess, least, constants);
        if self.seen < constants.warm_up {
            self.settle(value, weight, constants);
        } else {
            self.learn(excess, weight, constants);
        }
        surprise
    }

    fn judge(&self, excess: f32, least: f32, constants: &TailConstants) -> f32 {
        if self.seen < constants.warm_up {
            return 0.0;
        }
        if excess <= 0.0 {
            return BELOW;
        }
        let heavy = constants.heaviness * self.square.mean() / (2.0 * self.excess.mean()).max(LEAST_SCALE);
        // An exponential tail exceeds by as much as it spreads: what is assumed until excesses were seen.
        let assumed = if self.excess.weight() < TRUSTED_AFTER { self.spread } else { 0.0 };
        let known = heavy.max(self.excess.mean()).max(assumed);
        let scale = known.max(least).max(constants.floor * self.threshold).max(LEAST_SCALE);
        AT_THRESHOLD + (excess / scale).min(constants.limit)
    }

    /// Warms up: a plain mean gives the first threshold.
    fn settle(&mut self, value: f32, weight: f32, constants: &TailConstants) {
        self.exceed(value - self.threshold, weight, constants);
        let young = warming_share(&mut self.seen, constants.threshold, weight).min(1.0);
        self.spread += young * (value - self.spread);
        self.threshold = FIRST_THRESHOLD * self.spread;
    }

    fn learn(&mut self, excess: f32, weight: f32, constants: &TailConstants) {
        // Both rates slow down together while the tail is young.
        let young = warming_share(&mut self.seen, constants.threshold, weight);
        let spread = young.max(constants.spread.share(weight)).min(1.0);
        self.spread += spread * (excess.abs() - self.spread);
        let step = young.min(1.0) * self.spread;
        self.exceed(excess, weight, constants);
        self.threshold += if excess > 0.0 { QUANTILE * step } else { (QUANTILE - 1.0) * step };
    }

    fn exceed(&mut self, excess: f32, weight: f32, constants: &TailConstants) {
        if excess > 0.0 && self.seen > 0.0 {
            let trusted = self.excess.weight() + weight > TRUSTED_AFTER;
            let limit = if trusted { constants.excess_limit * self.excess.mean() } else { f32::MAX };
            let limited = excess.min(limit);
            self.excess.update(limited, constants.excess, weight);
            self.square.update(limited * limited, constants.excess, weight);
        }
    }
}
