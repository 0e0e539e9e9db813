//! What is known of one series beside its detectors.

use super::list::{Links, NONE};
use crate::anomaly::rates::Membership;
use crate::anomaly::rules::TreatmentId;
use crate::anomaly::series::{Aspect, Past};
use crate::stats::{Stored, stored_fields};

/// How long a series has been scored.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::anomaly) enum Rank {
    /// Not at all, as it should be.
    #[default]
    Ignored,
    /// Not yet.
    Newcomer,
    /// For less than a day.
    Young,
    /// For longer.
    Grown,
}

impl Rank {
    pub(in crate::anomaly) const ALL: [Self; 4] = [Self::Ignored, Self::Newcomer, Self::Young, Self::Grown];
}

/// Which of a series' detectors. What a series is decides which aspects it has, so that aspects can share a place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::anomaly) enum Place {
    /// Of values, rates and counts.
    First,
    /// Of medians.
    Second,
    /// Of high percentiles.
    Third,
}

impl Place {
    pub(in crate::anomaly) const ALL: [Self; 3] = [Self::First, Self::Second, Self::Third];

    pub(in crate::anomaly) const fn of(aspect: Aspect) -> Self {
        match aspect {
            Aspect::Value | Aspect::Rate | Aspect::Count => Self::First,
            Aspect::Median => Self::Second,
            Aspect::High => Self::Third,
        }
    }
}

/// What is known of one series beside its detectors.
#[derive(Debug)]
pub(in crate::anomaly) struct Entry {
    pub(in crate::anomaly) key: u64,
    pub(in crate::anomaly) past: Past,
    /// Bytes that `past` takes beside its own size, as they are counted.
    pub(super) past_bytes: u32,
    pub(super) links: Links,
    /// Whose point came behind its own the last time.
    pub(super) next: u32,
    /// Its turn in the order of being seen; never the same for two entries.
    pub(super) turn: u64,
    /// The second of the clock in which it was last seen.
    pub(in crate::anomaly) seen: u32,
    /// Seconds between the last two times that it was seen.
    pub(in crate::anomaly) gap: u32,
    /// The second of the clock from which on it is scored.
    pub(super) since: u32,
    /// The step of the clock in which it was last seen.
    pub(super) step: u32,
    /// Numbers of its detectors, by place; zero: none. Above the number by one.
    pub(super) detectors: [u32; 3],
    pub(in crate::anomaly) treatment: TreatmentId,
    pub(in crate::anomaly) membership: Membership,
    /// In how many steps it has been seen, as long as it is a newcomer.
    pub(super) visits: u8,
    pub(super) rank: Rank,
    /// Whether a detector's anomaly is being told of, a bit by place.
    pub(super) told: u8,
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            key: 0,
            past: Past::default(),
            past_bytes: 0,
            links: Links::default(),
            next: NONE,
            turn: 0,
            seen: 0,
            gap: 0,
            since: 0,
            step: 0,
            detectors: [0; 3],
            treatment: TreatmentId::UNKNOWN,
            membership: Membership::UNKNOWN,
            visits: 0,
            rank: Rank::Ignored,
            told: 0,
        }
    }
}

/// What of an entry is saved: that and since when it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::anomaly) struct Stay {
    pub(in crate::anomaly) key: u64,
    pub(super) turn: u64,
    pub(super) seen: u32,
    pub(super) gap: u32,
    pub(super) since: u32,
    pub(super) step: u32,
    pub(super) visits: u8,
    pub(super) rank: Rank,
}

stored_fields!(Stay { key, turn, seen, gap, since, step, visits, rank });

impl Stored for Rank {
    fn store(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }

    fn load(bytes: &mut &[u8]) -> Option<Self> {
        Self::ALL.get(usize::from(u8::load(bytes)?)).copied()
    }
}

impl Entry {
    /// Whether it is that of a series, and not one that waits for its use.
    pub(super) const fn is_used(&self) -> bool {
        self.visits > 0
    }

    /// Whether it is known how the series is treated.
    pub(in crate::anomaly) fn is_resolved(&self) -> bool {
        self.treatment != TreatmentId::UNKNOWN
    }

    pub(in crate::anomaly) const fn rank(&self) -> Rank {
        self.rank
    }

    /// In how many steps a newcomer was seen.
    pub(in crate::anomaly) const fn visits(&self) -> u8 {
        self.visits
    }

    /// Whether an anomaly of the detector at `place` is being told of.
    pub(in crate::anomaly) const fn is_told(&self, place: Place) -> bool {
        self.told & (1 << place as u8) != 0
    }

    pub(in crate::anomaly) const fn set_told(&mut self, place: Place, told: bool) {
        let bit = 1 << place as u8;
        self.told = if told { self.told | bit } else { self.told & !bit };
    }

    /// Whether any is.
    pub(in crate::anomaly) const fn is_any_told(&self) -> bool {
        self.told != 0
    }

    pub(super) fn detector(&self, place: Place) -> Option<u32> {
        self.detectors.get(place as usize)?.checked_sub(1)
    }

    pub(super) fn set_detector(&mut self, place: Place, number: Option<u32>) {
        if let Some(held) = self.detectors.get_mut(place as usize) {
            *held = number.map_or(0, |number| number.saturating_add(1));
        }
    }
}
