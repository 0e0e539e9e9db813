//! What of a series' points must be remembered to read the next one.

use edgewatch_proto::view::{NumberValue, Point};
use smallvec::SmallVec;

use super::counter::Counted;
use super::explicit::{self, Explicit};
use super::exponential::{self, Exponential};
use super::head::Head;
use super::window::{Held, Since, Times, Told};
use super::{Aspect, Found, Kind, Reading, Temporality};

/// Most readings that one point gives.
const MOST: usize = 3;
/// So many points in a row that are not after the one before mean that the sender's clock was set back: the series starts anew. As many as the
/// detector waits for.
const PATIENCE: u8 = 30;
/// The flag of a point that has no value.
pub(super) const NO_RECORDED_VALUE: u64 = 1;

/// What one point says.
pub(super) type Readings = SmallVec<[Reading; MOST]>;

/// What is remembered of the points before: of a counter its last value, of a histogram its buckets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// Time of the point that the next one is compared with; 0 before the first. Not kept for gauges.
    pub(super) time: u64,
    /// Points in a row that were not after that.
    pub(super) late: u8,
    pub(super) kept: Kept,
}

/// What is kept of the point before.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Kept {
    /// Nothing but its time.
    #[default]
    Nothing,
    /// What a cumulative sum, or a summary, had counted.
    Counted(Counted),
    /// Deltas that were too close together.
    Held(Held),
    /// The sum of all deltas of a sum that also falls.
    Total(f64),
    /// What a histogram had counted.
    Explicit(Explicit),
    /// What an exponential histogram had counted.
    Exponential(Box<Exponential>),
}

impl Past {
    /// What a point says beyond what is remembered. What [`super::walk()`] has read of it is not read again.
    #[inline]
    pub fn take(&mut self, found: &Found<'_>) -> Readings {
        self.read_behind(found.kind, &found.head, found.point)
    }

    /// What `point`, of a metric of this kind, says beyond what is remembered: [`Past::take`] for a point that was not walked to.
    ///
    /// The kind is that of [`Found`]; a [`Data`](edgewatch_proto::view::Data) will do, but all points of the metric are walked to learn its kind.
    pub fn read(&mut self, kind: impl Into<Kind>, point: Point<'_>) -> Readings {
        self.read_behind(kind.into(), &Head::of(point), point)
    }

    #[inline]
    fn read_behind(&mut self, kind: Kind, head: &Head, point: Point<'_>) -> Readings {
        let mut readings = Readings::new();
        match (kind, point) {
            (kind, Point::Number(_)) => self.number(kind, head, &mut readings),
            (Kind::Histogram(Some(temporality)), Point::Histogram(point)) => {
                self.histogram(temporality, &explicit::Point::of(point), &mut readings);
            }
            (Kind::ExponentialHistogram(Some(temporality)), Point::ExponentialHistogram(point)) => {
                self.exponential(temporality, exponential::Point::of(point), &mut readings);
            }
            (_, Point::Summary(point)) => self.summary(point, &mut readings),
            (_, Point::Histogram(_) | Point::ExponentialHistogram(_)) => {}
        }
        readings
    }

    /// Bytes that it holds beside its own size.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        match &self.kept {
            Kept::Nothing | Kept::Counted(_) | Kept::Held(_) | Kept::Total(_) => 0,
            Kept::Explicit(kept) => size_of_val(&*kept.counts),
            Kept::Exponential(kept) => size_of_val(&**kept) + kept.heap_bytes(),
        }
    }

    fn number(&mut self, kind: Kind, point: &Head, readings: &mut Readings) {
        let Some(value) = point.value.filter(|_| point.times.are_known()) else { return };
        match kind {
            Kind::Gauge | Kind::UpDownCounter(Some(Temporality::Cumulative)) => {
                add(readings, Aspect::Value, point.times, float(value));
            }
            Kind::UpDownCounter(Some(Temporality::Delta)) => self.change(point.times, float(value), readings),
            Kind::Counter(Some(temporality)) => {
                let Some(counted) = Counted::of(value) else { return };
                if self.is_late(point.times) {
                    return;
                }
                match temporality {
                    Temporality::Cumulative => self.sum(Aspect::Rate, point.times, counted, readings),
                    Temporality::Delta => self.delta(Aspect::Rate, point.times, counted.amount(), readings),
                }
            }
            Kind::Counter(None)
            | Kind::UpDownCounter(None)
            | Kind::Unknown
            | Kind::Histogram(_)
            | Kind::ExponentialHistogram(_)
            | Kind::Summary => {}
        }
    }

    /// A change of a sum that also falls: what is told is the sum of all changes.
    fn change(&mut self, times: Times, change: f64, readings: &mut Readings) {
        if !change.is_finite() || self.is_late(times) {
            return;
        }
        let total = if let Kept::Total(total) = self.kept { total + change } else { change };
        // A sum that has run out of what a float can hold starts anew.
        let total = if total.is_finite() { total } else { change };
        self.remember(times, Kept::Total(total));
        add(readings, Aspect::Value, times, total);
    }

    /// A cumulative sum. Not for late points.
    pub(super) fn sum(&mut self, aspect: Aspect, times: Times, counted: Counted, readings: &mut Readings) {
        let before = if let Kept::Counted(before) = self.kept { Some(before) } else { None };
        let more = before.and_then(|before| counted.more_than(before));
        match Since::of(times, before.map(|_| self.time), before.is_some() && more.is_none()) {
            Since::Start(seconds) => add(readings, aspect, times, counted.amount() / seconds),
            Since::Before(seconds) => {
                add(readings, aspect, times, more.unwrap_or(f64::NAN) / seconds);
            }
            Since::Unknown => {}
            Since::TooShort => return,
        }
        self.remember(times, Kept::Counted(counted));
    }

    /// What was counted since the point before. Not for late points.
    pub(super) fn delta(&mut self, aspect: Aspect, times: Times, amount: f64, readings: &mut Readings) {
        let before = Some(self.time).filter(|time| *time != 0);
        let held = if let Kept::Held(held) = self.kept { Some(held) } else { None };
        let kept = match Told::of(times, before, held, amount) {
            Told::Rate(rate) => {
                add(readings, aspect, times, rate);
                Kept::Nothing
            }
            Told::Held(held) => Kept::Held(held),
            Told::Nothing => Kept::Nothing,
        };
        self.remember(times, kept);
    }

    /// Whether the point is not after the one before, and so is to be passed over. After too many of them all is forgotten.
    pub(super) fn is_late(&mut self, times: Times) -> bool {
        if times.time > self.time {
            return false;
        }
        if self.late >= PATIENCE {
            *self = Self::default();
            return false;
        }
        self.late += 1;
        true
    }

    pub(super) fn remember(&mut self, times: Times, kept: Kept) {
        self.kept = kept;
        self.advance(times);
    }

    /// The point at these times is what the next one is compared with.
    pub(super) const fn advance(&mut self, times: Times) {
        (self.time, self.late) = (times.time, 0);
    }
}

/// Adds a reading, unless it is no number.
pub(super) fn add(readings: &mut Readings, aspect: Aspect, times: Times, value: f64) {
    if value.is_finite() {
        readings.push(Reading { aspect, time: times.time, value });
    }
}

const fn float(value: NumberValue) -> f64 {
    match value {
        NumberValue::Int(value) => value as f64,
        NumberValue::Double(value) => value,
    }
}
