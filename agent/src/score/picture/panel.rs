//! What there is to draw of a series, and which series are drawn.

use super::super::report::Row;
use super::buckets::{Bucket, Buckets};

/// Series of which a picture is kept, 100 KiB each at most.
const MOST_KEPT: usize = 1000;
/// Series that are drawn: those with the highest score.
pub(super) const MOST_DRAWN: usize = 20;
/// Series that are named when they are not drawn.
const MOST_NAMED: usize = 50;
/// Scores are drawn on this scale at least, so that the noise of a calm series looks small.
const LEAST_TOP: f32 = 40.0;

/// A series on its way to a picture.
#[derive(Debug)]
struct Kept {
    label: Option<String>,
    series: usize,
    buckets: Buckets,
    top: f32,
}

/// Pictures of all series of an input.
#[derive(Debug, Default)]
pub(in super::super) struct Pictures {
    /// By the number of the series.
    kept: Vec<Kept>,
    /// Series beyond those that are kept, as far as is known.
    beyond: usize,
}

impl Pictures {
    /// Adds a point.
    pub(in super::super) fn add(&mut self, row: &Row<'_>, time: u64, value: f64, score: f32) {
        if row.series >= MOST_KEPT {
            self.beyond = self.beyond.max(row.series + 1 - MOST_KEPT);
            return;
        }
        let at = self.kept.binary_search_by_key(&row.series, |kept| kept.series).unwrap_or_else(|at| {
            let label = row.label.map(str::to_owned);
            self.kept.insert(at, Kept { label, series: row.series, buckets: Buckets::new(time), top: 0.0 });
            at
        });
        if let Some(kept) = self.kept.get_mut(at) {
            kept.top = kept.top.max(score);
            kept.buckets.add(time, value, score, row.anomalous);
        }
    }

    /// The series to be drawn with `columns` columns, the most anomalous first, and a line about those that are not.
    pub(super) fn panels(&self, title: &str, columns: usize) -> (Vec<Panel>, Option<String>) {
        let mut ranked: Vec<&Kept> = self.kept.iter().collect();
        ranked.sort_by(|one, other| other.top.total_cmp(&one.top).then(one.series.cmp(&other.series)));
        let (drawn, rest) = ranked.split_at(ranked.len().min(MOST_DRAWN));
        let panels = drawn.iter().map(|kept| Panel::new(kept, title, columns)).collect();
        let missing = rest.len() + self.beyond;
        let named = rest.iter().take(MOST_NAMED).filter_map(|kept| kept.label.as_deref());
        let mut names: Vec<&str> = named.collect();
        let more = format!("and {} more", missing - names.len().min(missing));
        if missing > names.len() {
            names.push(&more);
        }
        (panels, (missing > 0).then(|| format!("not drawn, less anomalous or later: {}", names.join(", "))))
    }
}

/// A series as it is drawn.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) series: usize,
    /// First and last time, in nanoseconds since 1970.
    pub(super) from: u64,
    pub(super) to: u64,
    /// What the value axis spans.
    pub(super) low: f64,
    pub(super) high: f64,
    /// Where the score axis ends.
    pub(super) top: f32,
    pub(super) columns: Vec<Bucket>,
}

impl Panel {
    fn new(kept: &Kept, title: &str, columns: usize) -> Self {
        let columns = kept.buckets.columns(columns);
        let filled = || columns.iter().filter(|column| column.count > 0);
        let mut low = filled().map(|column| column.low).fold(f64::INFINITY, f64::min);
        let mut high = filled().map(|column| column.high).fold(f64::NEG_INFINITY, f64::max);
        if low >= high {
            // A flat line is drawn in the middle.
            let room = if low == 0.0 { 1.0 } else { low.abs() / 10.0 };
            (low, high) = (low - room, high + room);
        }
        let (from, to) = kept.buckets.span();
        Self {
            title: kept.label.clone().unwrap_or_else(|| title.to_owned()),
            series: kept.series,
            from,
            to,
            low,
            high,
            top: kept.top.max(LEAST_TOP),
            columns,
        }
    }

    /// Where between the ends of the axis a value is, from 0 to 1.
    pub(super) fn height(&self, value: f64) -> f64 {
        // Halves, so that the difference of huge numbers fits.
        let (low, high) = (self.low / 2.0, self.high / 2.0);
        ((value / 2.0 - low) / (high - low)).clamp(0.0, 1.0)
    }

    /// The columns with points, as runs that are drawn as one line: where points are missing for much longer than usual, it is broken.
    pub(super) fn runs(&self) -> Vec<Vec<(usize, Bucket)>> {
        const GAP: usize = 6;
        let filled: Vec<(usize, Bucket)> =
            self.columns.iter().copied().enumerate().filter(|(_, column)| column.count > 0).collect();
        let usual = self.columns.len() / filled.len().max(1);
        let longest = GAP * usual.max(1);
        filled.chunk_by(|one, other| other.0 - one.0 <= longest).map(<[_]>::to_vec).collect()
    }

    /// Columns from and to which an event is on.
    pub(super) fn events(&self) -> Vec<(usize, usize)> {
        let mut events: Vec<(usize, usize)> = Vec::new();
        let mut on = false;
        for (at, column) in self.columns.iter().enumerate() {
            // Between two points nothing changes.
            let anomalous = if column.count > 0 { column.anomalous } else { on };
            match events.last_mut().filter(|_| on) {
                Some(last) if anomalous => last.1 = at,
                _ if anomalous => events.push((at, at)),
                Some(_) | None => {}
            }
            on = anomalous;
        }
        events
    }

    /// The time at a column's beginning.
    pub(super) fn time(&self, column: usize) -> u64 {
        let passed = u128::from(self.to - self.from) * column as u128 / self.columns.len().max(1) as u128;
        self.from.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX))
    }
}
