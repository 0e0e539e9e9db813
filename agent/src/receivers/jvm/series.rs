//! The pauses of one JVM as cumulative histograms.

use std::borrow::Cow;

/// Upper bounds of the buckets, in seconds, as the semantic conventions advise.
pub(super) const BOUNDS: [f64; 4] = [0.01, 0.1, 1.0, 10.0];

/// Most histograms of a JVM. There are three kinds of collections at most, and some twenty causes; names come from outside all the same.
pub(super) const MOST_SERIES: usize = 64;

/// One histogram and what it is of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series {
    /// `jvm.gc.name`.
    pub(super) name: Cow<'static, str>,
    /// `jvm.gc.action`.
    pub(super) action: Cow<'static, str>,
    /// `jvm.gc.cause`, where it is wanted and known.
    pub(super) cause: Option<String>,
    /// When it began to count, in nanoseconds since 1970.
    pub(super) since: u64,
    /// How many pauses were how long: one more than there are bounds.
    pub(super) buckets: [u64; BOUNDS.len() + 1],
    /// All of them together, in nanoseconds.
    pub(super) sum: u64,
}

impl Series {
    /// How many pauses there were.
    pub(super) fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    fn add(&mut self, nanoseconds: u64, times: u64) {
        let seconds = nanoseconds as f64 / 1e9;
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        if let Some(bucket) = self.buckets.get_mut(bucket) {
            *bucket += times;
        }
    }
}

/// All histograms of a JVM.
#[derive(Debug, Default)]
pub(super) struct AllSeries {
    series: Vec<Series>,
}

impl AllSeries {
    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Series> {
        self.series.iter()
    }

    /// Makes sure that there is a histogram, of nothing yet: what has not happened is known to be zero from `now` on.
    pub(super) fn begin(&mut self, name: &'static str, action: &'static str, now: u64) {
        self.find(Cow::Borrowed(name), Cow::Borrowed(action), None, now);
    }

    /// Adds pauses that counters tell of. `each` took a pause, all `times` of them `sum`.
    pub(super) fn counted(
        &mut self,
        (name, action): (&'static str, &'static str),
        cause: Option<&str>,
        (each, times, sum): (u64, u64, u64),
        now: u64,
    ) {
        let Some(series) = self.find(Cow::Borrowed(name), Cow::Borrowed(action), cause, now) else { return };
        series.add(each, times);
        series.sum = series.sum.saturating_add(sum);
    }

    /// Adds time to a pause that was counted before all of it could be seen.
    pub(super) fn late(&mut self, (name, action): (&'static str, &'static str), nanoseconds: u64) {
        // Most often there is only one that has counted anything, the newest if not.
        let of_kind = |series: &&mut Series| series.name == name && series.action == action;
        let mut counted = self.series.iter_mut().rev().filter(of_kind);
        if let Some(series) = counted.find(|series| series.count() > 0) {
            series.sum = series.sum.saturating_add(nanoseconds);
        }
    }

    /// Adds a single pause that only a log tells of, and has since `since`. False when there are too many histograms.
    pub(super) fn logged(
        &mut self,
        (name, action): (Cow<'static, str>, Cow<'static, str>),
        cause: Option<&str>,
        nanoseconds: u64,
        since: u64,
    ) -> bool {
        let Some(series) = self.find(name, action, cause, since) else { return false };
        series.add(nanoseconds, 1);
        series.sum = series.sum.saturating_add(nanoseconds);
        true
    }

    /// The histogram of these attributes. When there are too many, that without a cause. One with a cause counts since that without one
    /// does: until now this cause was none of them.
    fn find(
        &mut self,
        name: Cow<'static, str>,
        action: Cow<'static, str>,
        cause: Option<&str>,
        now: u64,
    ) -> Option<&mut Series> {
        let of = |series: &Series, cause: Option<&str>| {
            series.name == name && series.action == action && series.cause.as_deref() == cause
        };
        let full = self.series.len() >= MOST_SERIES;
        let at = self
            .series
            .iter()
            .position(|series| of(series, cause))
            .or_else(|| self.series.iter().position(|series| full && of(series, None)));
        if let Some(at) = at {
            return self.series.get_mut(at);
        }
        if full {
            return None;
        }
        let since = self.series.iter().find(|series| of(series, None)).map_or(now, |series| series.since);
        let cause = cause.map(str::to_owned);
        self.series.push(Series { name, action, cause, since, buckets: [0; BOUNDS.len() + 1], sum: 0 });
        self.series.last_mut()
    }
}
