//! A series in bounded memory: minimum and maximum of every stretch of time, so that no spike is lost.

/// Stretches of time, at most. A picture has fewer columns.
const MOST: usize = 2048;
/// The shortest stretch: a millisecond.
const SHORTEST: u64 = 1_000_000;

/// What a series did in a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in super::super) struct Bucket {
    /// Points in it; the rest means nothing when there are none.
    pub(in super::super) count: u64,
    pub(super) first: f64,
    pub(super) last: f64,
    pub(in super::super) low: f64,
    pub(in super::super) high: f64,
    pub(in super::super) score: f32,
    pub(in super::super) anomalous: bool,
}

impl Bucket {
    pub(super) fn add(&mut self, next: &Self) {
        if next.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *next;
            return;
        }
        self.count += next.count;
        self.last = next.last;
        self.low = self.low.min(next.low);
        self.high = self.high.max(next.high);
        self.score = self.score.max(next.score);
        self.anomalous |= next.anomalous;
    }
}

/// A series as stretches of time that grow with it.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Buckets {
    /// Where the first one begins, in nanoseconds since 1970.
    origin: u64,
    width: u64,
    buckets: Vec<Bucket>,
    first: u64,
    last: u64,
}

impl Buckets {
    pub(in super::super) fn new(time: u64) -> Self {
        Self { origin: time, width: SHORTEST, buckets: Vec::new(), first: time, last: time }
    }

    /// Adds a point.
    pub(in super::super) fn add(&mut self, time: u64, value: f64, score: f32, anomalous: bool) {
        self.first = self.first.min(time);
        self.last = self.last.max(time);
        self.reach_back(time);
        let index = loop {
            let index = (time.saturating_sub(self.origin)) / self.width;
            match usize::try_from(index) {
                Ok(index) if index < MOST => break index,
                Ok(_) | Err(_) => self.widen(),
            }
        };
        if self.buckets.len() <= index {
            self.buckets.resize(index + 1, Bucket::default());
        }
        if let Some(bucket) = self.buckets.get_mut(index) {
            bucket.add(&Bucket {
                count: 1,
                first: value,
                last: value,
                low: value,
                high: value,
                score,
                anomalous,
            });
        }
    }

    /// Makes room for a time before the first, as there is when a clock was set back.
    fn reach_back(&mut self, time: u64) {
        while time < self.origin {
            let missing = (self.origin - time).div_ceil(self.width);
            match usize::try_from(missing) {
                Ok(missing) if self.buckets.len() + missing <= MOST => {
                    self.buckets.splice(0..0, std::iter::repeat_n(Bucket::default(), missing));
                    self.origin = self.origin.saturating_sub(missing as u64 * self.width);
                }
                Ok(_) | Err(_) => self.widen(),
            }
        }
    }

    /// Stretches of twice the time.
    fn widen(&mut self) {
        self.width = self.width.saturating_mul(2);
        let pairs = self.buckets.chunks(2);
        let merged = pairs.map(|pair| {
            let mut bucket = Bucket::default();
            pair.iter().for_each(|one| bucket.add(one));
            bucket
        });
        self.buckets = merged.collect();
    }

    /// First and last time.
    pub(super) const fn span(&self) -> (u64, u64) {
        (self.first, self.last)
    }

    /// The series as `count` columns from its first time to its last.
    pub(in super::super) fn columns(&self, count: usize) -> Vec<Bucket> {
        let mut columns = vec![Bucket::default(); count];
        let span = u128::from(self.last - self.first).max(1);
        for (bucket, index) in self.buckets.iter().zip(0_u64..) {
            let from = self.origin.saturating_add(index.saturating_mul(self.width));
            // The middle of what the stretch shares with the series.
            let to = from.saturating_add(self.width).min(self.last);
            let middle = from.max(self.first).midpoint(to.max(self.first)) - self.first;
            let at = u128::from(middle) * (count as u128) / span;
            let at = usize::try_from(at).unwrap_or(usize::MAX).min(count.saturating_sub(1));
            if let Some(column) = columns.get_mut(at) {
                column.add(bucket);
            }
        }
        columns
    }

    /// How much memory it has taken, in stretches.
    #[cfg(test)]
    pub(in super::super) const fn len(&self) -> usize {
        self.buckets.len()
    }
}
