//! Reads histograms and summaries.

use edgewatch_proto::view::{SummaryDataPoint, ValueAtQuantile};

use super::counter::Counted;
use super::explicit::{self, Explicit};
use super::exponential;
use super::past::{Kept, NO_RECORDED_VALUE, Past, Readings, add};
use super::quantiles::{Extremes, tell};
use super::window::{Since, Times};
use super::{Aspect, Temporality};

/// How far the quantile of a summary may be from the one that is asked for.
const NEAR: f64 = 0.1;

impl Past {
    pub(super) fn histogram(
        &mut self,
        temporality: Temporality,
        now: &explicit::Point,
        readings: &mut Readings,
    ) {
        let times = now.times;
        if !now.recorded || !times.are_known() || self.is_late(times) {
            return;
        }
        if temporality == Temporality::Delta {
            self.delta(Aspect::Count, times, now.count as f64, readings);
            tell(readings, times, now.buckets(now.counts(), now.extremes), now.extremes);
            return;
        }
        let before = if let Kept::Explicit(before) = &mut self.kept { Some(before) } else { None };
        let more = before.as_ref().and_then(|before| before.until(now));
        match Since::of(times, before.as_ref().map(|_| self.time), before.is_some() && more.is_none()) {
            Since::Start(seconds) => {
                add(readings, Aspect::Count, times, now.count as f64 / seconds);
                tell(readings, times, now.buckets(now.counts(), now.extremes), now.extremes);
            }
            Since::Before(seconds) => {
                if let Some(more) = more {
                    add(readings, Aspect::Count, times, more.count as f64 / seconds);
                    // The extremes are those of the whole life of the histogram.
                    tell(
                        readings,
                        times,
                        now.buckets(&more.counts, Extremes::default()),
                        Extremes::default(),
                    );
                }
            }
            Since::Unknown => {}
            Since::TooShort => return,
        }
        if let Some(before) = before {
            before.update(now);
            self.advance(times);
        } else {
            self.remember(times, Kept::Explicit(Explicit::of(now)));
        }
    }

    pub(super) fn exponential(
        &mut self,
        temporality: Temporality,
        now: exponential::Point,
        readings: &mut Readings,
    ) {
        let times = now.times;
        if !now.recorded || !times.are_known() || self.is_late(times) {
            return;
        }
        let counted = now.counted;
        if temporality == Temporality::Delta {
            self.delta(Aspect::Count, times, counted.count as f64, readings);
            tell(readings, times, counted.buckets(now.zero_threshold), now.extremes);
            return;
        }
        let before = if let Kept::Exponential(before) = &mut self.kept { Some(before) } else { None };
        let more = before.as_ref().and_then(|before| before.until(&counted));
        match Since::of(times, before.as_ref().map(|_| self.time), before.is_some() && more.is_none()) {
            Since::Start(seconds) => {
                add(readings, Aspect::Count, times, counted.count as f64 / seconds);
                tell(readings, times, counted.buckets(now.zero_threshold), now.extremes);
            }
            Since::Before(seconds) => {
                if let Some(more) = &more {
                    add(readings, Aspect::Count, times, more.count as f64 / seconds);
                    tell(readings, times, more.buckets(now.zero_threshold), Extremes::default());
                }
            }
            Since::Unknown => {}
            Since::TooShort => return,
        }
        if let Some(before) = before {
            **before = counted;
            self.advance(times);
        } else {
            self.remember(times, Kept::Exponential(Box::new(counted)));
        }
    }

    pub(super) fn summary(&mut self, point: SummaryDataPoint<'_>, readings: &mut Readings) {
        let times = Times { start: point.start_time_unix_nano(), time: point.time_unix_nano() };
        let recorded = u64::from(point.flags()) & NO_RECORDED_VALUE == 0;
        if !recorded || !times.are_known() || self.is_late(times) {
            return;
        }
        self.sum(Aspect::Count, times, Counted::Whole(point.count()), readings);
        for (aspect, quantile) in [(Aspect::Median, 0.5), (Aspect::High, 0.99)] {
            add(readings, aspect, times, nearest(point, quantile).unwrap_or(f64::NAN));
        }
    }
}

/// The value at the quantile of the summary that is nearest to this one. Which that is does not depend on whether it has a value: else the
/// reading would be of one quantile now and of another one then.
fn nearest(point: SummaryDataPoint<'_>, quantile: f64) -> Option<f64> {
    let distance = |value: &ValueAtQuantile<'_>| (value.quantile() - quantile).abs();
    let near = point.quantile_values().filter(|value| distance(value) <= NEAR);
    near.min_by(|one, other| distance(one).total_cmp(&distance(other))).map(ValueAtQuantile::value)
}
