//! The distribution of durations in about a kilobyte, and how unlikely a duration is by it.
//!
//! Durations are counted in buckets whose width is a share of where they stand: 16 to each doubling, so a duration is known to
//! within 3.2 % of itself (the guarantee of `DDSketch`, Masson, Rim and Lee, VLDB 2019). Unlike there the buckets are fixed: they
//! reach from 4 µs to 73 minutes, so nothing is ever collapsed, a bucket is found in the bits of the number without a
//! logarithm, and one absurd duration cannot coarsen the rest. What is shorter or longer falls into the first or last one.
//!
//! *Forgetting.* All counts are halved once in [`HALF_LIFE`] of the data's own time, and when a bucket is full, so behaviour of
//! long ago fades. Remainders are passed down from the top, so that the few in the tail do not vanish by rounding. What the time
//! is, durations have to agree on: one device whose clock stands at 1970, or a year ahead, must not make all be forgotten. That
//! more time has passed than [`HALF_LIFE`] is believed when 16 more say so than say otherwise, and an eighth as many as were seen.
//!
//! *Tail probability.* Of `n` durations seen, `k` are at least as long as the one in question (of its own bucket the share that
//! lies above it): `p = (k + 1) / (n + 1)`. That is a conformal p-value (Vovk, Gammerman and Shafer, 2005): when durations come
//! in exchangeable order, at most a share `x` of them gets `p <= x`, whatever their distribution, from the first one on.
//! Where few were seen it is near 1.
//!
//! *Beyond the longest one seen* `n` alone would decide. There the tail is taken to be of Pareto's kind, as those of latencies
//! mostly are or lie below: the logarithmic excess over a high threshold is exponential, its mean `h` is that of the
//! `m <= 16` longest (Hill, Annals of Statistics 3, 1975). Since `h` itself is uncertain, its predictive distribution is used,
//! `p = (1 + ln(d / longest) / (m h))^-m / (n + 1)`. And no further than as far again as the data reaches: `p >= 1 / (n + 1)²`.

use super::Stored;

/// After this much of the data's own time, what was seen counts half. In nanoseconds: a day.
pub(crate) const HALF_LIFE: u64 = 24 * 3_600 * 1_000_000_000;

/// Bits of a duration in nanoseconds below the first bucket's lower end: 4 µs.
const FIRST_BIT: u32 = 12;
/// Doublings between the shortest and the longest duration that are told apart.
const OCTAVES: usize = 30;
/// Buckets to a doubling, as a power of two.
const STEP_BITS: u32 = 4;
const STEPS: usize = 1 << STEP_BITS;
const BUCKETS: usize = OCTAVES * STEPS;

/// How many of the longest durations tell how the tail goes on.
const LONGEST: u32 = 16;
/// The least mean excess: half a bucket, below which nothing is known.
const LEAST_EXCESS: f64 = 0.5 / STEPS as f64;
/// So many, and one more for so many of those seen, have to say that more time has passed.
const JURY: u32 = 16;
const JURY_SHARE: u32 = 8;
/// Halvings after which nothing is left of a count.
const MOST_HALVINGS: u64 = 16;

/// Counts of durations by length.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sketch {
    counts: [u16; BUCKETS],
    /// Sums of the counts of each doubling.
    octaves: [u32; OCTAVES],
    seen: u32,
    /// How many more have ended a half-life after `halved` (below zero: before it) than near it. Not stored.
    votes: i32,
    /// When counts were halved last, in nanoseconds of the data's time; 0 before the first one.
    halved: u64,
    /// Of those that voted the time that is nearest to `halved`. Not stored.
    nearest: u64,
}

impl Default for Sketch {
    fn default() -> Self {
        Self { counts: [0; BUCKETS], octaves: [0; OCTAVES], seen: 0, votes: 0, halved: 0, nearest: 0 }
    }
}

impl Sketch {
    /// How many durations count.
    pub(crate) const fn seen(&self) -> u32 {
        self.seen
    }

    /// The probability of `duration` or more, in nanoseconds, by what was seen so far; 1 when nothing was.
    pub(crate) fn tail_probability(&self, duration: u64) -> f64 {
        let bucket = bucket_of(duration);
        let same = f64::from(self.counts.get(bucket).copied().unwrap_or_default());
        let longer = f64::from(self.above(bucket)) + same * share_above(bucket, duration);
        let ranks = f64::from(self.seen) + 1.0;
        if longer >= 1.0 || self.seen == 0 {
            return (longer + 1.0) / ranks;
        }
        ((longer + self.beyond(duration)) / ranks).max(ranks.powi(-2))
    }

    /// Takes in `duration`, in nanoseconds, which ended at `time`, in nanoseconds since 1970. Returns how often counts were halved.
    pub(crate) fn insert(&mut self, duration: u64, time: u64) -> u32 {
        let mut halvings = self.age(time);
        let bucket = bucket_of(duration);
        if self.counts.get(bucket) == Some(&u16::MAX) {
            self.halve();
            halvings += 1;
        }
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        if let Some(octave) = self.octaves.get_mut(bucket / STEPS) {
            *octave += 1;
        }
        self.seen += 1;
        halvings
    }

    /// Halves the counts as often as time demands. A clock that jumps back, or came back from the future, starts anew.
    fn age(&mut self, time: u64) -> u32 {
        if self.halved == 0 {
            self.halved = time;
        }
        if time.saturating_sub(self.halved) >= HALF_LIFE {
            self.nearest = if self.votes > 0 { self.nearest.min(time) } else { time };
            self.votes = self.votes.max(0).saturating_add(1);
        } else if self.halved.saturating_sub(time) > HALF_LIFE {
            self.nearest = if self.votes < 0 { self.nearest.max(time) } else { time };
            self.votes = self.votes.min(0).saturating_sub(1);
        } else {
            self.votes -= self.votes.signum();
            return 0;
        }
        if self.votes.unsigned_abs() <= JURY + self.seen / JURY_SHARE {
            return 0;
        }
        self.votes = 0;
        let due = self.nearest.saturating_sub(self.halved) / HALF_LIFE;
        if due == 0 {
            self.halved = self.nearest;
            return 0;
        }
        self.halved = self.halved.saturating_add(due.saturating_mul(HALF_LIFE));
        let due = due.min(MOST_HALVINGS);
        (0..due).for_each(|_| self.halve());
        u32::try_from(due).unwrap_or_default()
    }

    fn halve(&mut self) {
        // The longest one is rounded up, so that it is known as long as anything is.
        let mut rest = u16::from(self.seen > 1);
        for count in self.counts.iter_mut().rev() {
            let whole = u32::from(*count) + u32::from(rest);
            rest = u16::from(whole % 2 == 1);
            *count = u16::try_from(whole / 2).unwrap_or(u16::MAX);
        }
        self.sum();
    }

    /// Adds the counts up.
    fn sum(&mut self) {
        let (octaves, _) = self.counts.as_chunks::<STEPS>();
        for (sum, counts) in self.octaves.iter_mut().zip(octaves) {
            *sum = counts.iter().map(|&count| u32::from(count)).sum();
        }
        self.seen = self.octaves.iter().sum();
    }

    /// How many are in longer buckets than this one.
    fn above(&self, bucket: usize) -> u32 {
        let octave = bucket / STEPS;
        let longer: u32 = self.octaves.iter().skip(octave + 1).sum();
        let rest = self.counts.get(bucket + 1..(octave + 1) * STEPS).unwrap_or_default();
        longer + rest.iter().map(|&count| u32::from(count)).sum::<u32>()
    }

    /// The probability that what is longer than the longest one seen is as long as `duration`.
    fn beyond(&self, duration: u64) -> f64 {
        let filled = self.counts.iter().enumerate().rev().filter(|(_, count)| **count > 0);
        let wanted = (self.seen / 4).clamp(1, LONGEST);
        let (mut taken, mut logs, mut longest, mut threshold) = (0, 0.0, None, 0.0);
        for (bucket, &count) in filled {
            let (lower, upper) = (lower_end(bucket), lower_end(bucket + 1));
            let some = u32::from(count).min(wanted - taken);
            longest.get_or_insert(upper);
            logs += f64::from(some) * f64::midpoint(lower, upper).ln();
            threshold = lower;
            taken += some;
            if taken == wanted {
                break;
            }
        }
        let many = f64::from(taken.max(1));
        let excess = (logs / many - threshold.max(1.0).ln()).max(LEAST_EXCESS);
        let over = (duration as f64 / longest.unwrap_or(1.0)).ln().max(0.0);
        (1.0 + over / (many * excess)).powf(-many)
    }
}

/// The bucket that a duration falls into.
fn bucket_of(duration: u64) -> usize {
    let Some(bit) = duration.checked_ilog2().filter(|bit| *bit >= FIRST_BIT) else { return 0 };
    let step = usize::try_from(duration >> (bit - STEP_BITS)).unwrap_or_default() % STEPS;
    let octave = usize::try_from(bit - FIRST_BIT).unwrap_or_default();
    (octave * STEPS + step).min(BUCKETS - 1)
}

/// Where a bucket begins, in nanoseconds.
fn lower_end(bucket: usize) -> f64 {
    let octave = i32::try_from(bucket / STEPS).unwrap_or_default();
    let step = (bucket % STEPS + STEPS) as f64;
    step * f64::from(octave + FIRST_BIT.cast_signed() - STEP_BITS.cast_signed()).exp2()
}

/// Which share of a bucket lies above `duration`: all of it where the bucket has no end to that side.
fn share_above(bucket: usize, duration: u64) -> f64 {
    if bucket == 0 || bucket == BUCKETS - 1 {
        return 1.0;
    }
    let (lower, upper) = (lower_end(bucket), lower_end(bucket + 1));
    ((upper - duration as f64) / (upper - lower)).clamp(0.0, 1.0)
}

impl Stored for Sketch {
    fn store(&self, out: &mut Vec<u8>) {
        self.halved.store(out);
        let filled = self.counts.iter().zip(0_u32..).filter(|(count, _)| **count > 0);
        u32::try_from(filled.clone().count()).unwrap_or_default().store(out);
        filled.for_each(|(count, bucket)| (bucket << 16 | u32::from(*count)).store(out));
    }

    fn load(bytes: &mut &[u8]) -> Option<Self> {
        let mut sketch = Self { halved: u64::load(bytes)?, ..Self::default() };
        for _ in 0..u32::load(bytes)? {
            let filled = u32::load(bytes)?;
            let count = sketch.counts.get_mut(usize::try_from(filled >> 16).ok()?)?;
            *count = u16::try_from(filled & 0xffff).ok()?;
        }
        sketch.sum();
        Some(sketch)
    }
}

#[cfg(test)]
#[path = "sketch_tests.rs"]
mod tests;
