//! How unlikely it is that a record is of a template that was not seen for so long.
//!
//! The number of records since the same template was seen before, its *gap*, is what makes a record odd; a template that was never seen
//! is odder than any gap. The probability is the share of former records that were at least as odd, the record itself counted among
//! them: a conformal p-value (Vovk, Gammerman, Shafer: Algorithmic Learning in a Random World, 2005), which among exchangeable records
//! is at most x for a share of at most x of them, whatever the templates and their frequencies are. It stands for what frequencies would
//! tell: the share of records with a gap above g estimates the frequency of all templates that g records do not show (Good, 1953). A
//! burst is odd where it begins only.
//!
//! Severity counts as oddness: each of WARN, ERROR and FATAL is worth twice the gap of the one before. Since that is part of what is
//! compared, the probability stays what it is.

use std::time::{Duration, Instant};

use crate::stats::{Stored, stored_fields};

/// Ranks of oddness for each doubling of the gap.
const STEPS: usize = 4;
/// Ranks of gaps, with three doublings more for severity.
const GAPS: usize = (64 + 3) * STEPS;
/// All ranks: templates that were never seen have their own, by severity.
const RANKS: usize = GAPS + 4;
/// The least severity number of the range ERROR.
const ERROR: i32 = 17;
/// What was seen counts half after this time, so that a service may change.
const HALF_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Records of a service, by how odd they were.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Surprise {
    /// Records ever.
    records: u64,
    /// When the number of records has come this far, those before begin to count less.
    fade_at: u64,
    /// The weight of all records.
    total: f64,
    /// Their weights by oddness.
    ranks: [f64; RANKS],
    /// The weight of those of severity ERROR or above.
    errors: f64,
}

stored_fields!(Surprise { records, fade_at, total, ranks, errors });

/// A record that should not be there, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Odd {
    /// How likely a record is that is at least as odd.
    pub(super) probability: f64,
    /// Whether its template was never seen before; otherwise it is a rare one.
    pub(super) new: bool,
}

impl Default for Surprise {
    fn default() -> Self {
        Self { records: 0, fade_at: 16, total: 0.0, ranks: [0.0; RANKS], errors: 0.0 }
    }
}

impl Surprise {
    /// Takes in a record, and says whether one that is at least as odd is as unlikely as `limit`.
    pub(super) fn note(&mut self, gap: Option<u64>, severity: i32, limit: f64) -> Option<Odd> {
        let rank = rank(gap, severity);
        let total = self.total + 1.0;
        let same = self.ranks.get_mut(rank)?;
        // What is common is told by its own rank.
        let common = *same + 1.0 > limit * total;
        *same += 1.0;
        let odd = (!common)
            .then(|| self.ranks.iter().skip(rank).sum::<f64>() / total)
            .filter(|probability| *probability <= limit)
            .map(|probability| Odd { probability, new: gap.is_none() });
        self.total = total;
        self.errors += if severity >= ERROR { 1.0 } else { 0.0 };
        self.records += 1;
        if self.records >= self.fade_at {
            self.fade();
        }
        odd
    }

    /// The usual share of records of severity ERROR or above.
    pub(super) fn errors(&self) -> f64 {
        if self.total > 0.0 { self.errors / self.total } else { 0.0 }
    }

    /// Lets a record count as much as its number among all: at first everything is new, which says little about later.
    fn fade(&mut self) {
        let next = self.records + self.records / 8;
        self.scale(self.records as f64 / next as f64);
        self.fade_at = next;
    }

    /// Some time has passed.
    pub(super) fn age(&mut self, passed: Duration) {
        self.scale((-passed.as_secs_f64() / HALF_LIFE.as_secs_f64()).exp2());
    }

    fn scale(&mut self, by: f64) {
        for weight in self.ranks.iter_mut().chain([&mut self.total, &mut self.errors]) {
            *weight *= by;
            // Arithmetic on what is nearly nothing is slow.
            if *weight < 1e-12 {
                *weight = 0.0;
            }
        }
    }

    /// What was saved, unless no such state can be.
    pub(super) fn restored(bytes: &mut &[u8]) -> Option<Self> {
        let known = Self::load(bytes)?;
        let sane = known.records < 1 << 60
            && known.fade_at < 1 << 61
            && known
                .ranks
                .iter()
                .chain([&known.total, &known.errors])
                .all(|weight| (0.0..1e18).contains(weight));
        sane.then_some(known)
    }
}

/// How odd a record is.
fn rank(gap: Option<u64>, severity: i32) -> usize {
    let severe = match severity {
        ..13 => 0,
        13..17 => 1,
        17..21 => 2,
        21.. => 3,
    };
    match gap.map(|gap| gap.max(1)) {
        Some(gap) => {
            let octave = gap.ilog2();
            // The two bits behind the first.
            let step = (gap << (63 - octave) >> 61) as usize % STEPS;
            (octave as usize + severe) * STEPS + step
        }
        None => GAPS + severe,
    }
}

/// Tells how much time has passed, now and then.
#[derive(Debug, Default)]
pub(super) struct Ageing {
    since: Option<Instant>,
}

impl Ageing {
    /// Time that has passed since this said so last, when that is worth the work.
    pub(super) fn due(&mut self, now: Instant) -> Option<Duration> {
        let since = *self.since.get_or_insert(now);
        let passed = now.saturating_duration_since(since);
        (passed >= Duration::from_secs(60)).then(|| {
            self.since = Some(now);
            passed
        })
    }
}
