//! Which level a batch goes to.

use std::time::{Duration, Instant};

use edgewatch_core::refusal::RefusalKind;

/// The levels, best first, and what is known of each.
#[derive(Debug)]
pub(super) struct Levels {
    levels: Vec<Level>,
    retry_interval: Duration,
}

#[derive(Debug, Default)]
struct Level {
    health: Health,
    /// Batches that were sent there and have not met their fate.
    in_flight: usize,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Health {
    #[default]
    Works,
    /// Its pipelines are full, or their destination fails. It is used again as soon as they say otherwise: their own retries
    /// find out.
    Ails { probe_at: Instant },
    /// It has refused a batch. Only a batch that it delivers proves that it works.
    Refused { probe_at: Instant },
}

/// What the pipelines of a level say of themselves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Seen {
    /// New batches are taken.
    pub(super) admits: bool,
    /// A destination does not work at the moment.
    pub(super) failing: bool,
}

/// Levels that a batch has been refused by.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Tried(u32);

/// Where a batch goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Choice {
    pub(super) level: usize,
    /// No level is left after this one.
    pub(super) last: bool,
}

/// What became of a batch at a level.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    Delivered,
    Refused(RefusalKind),
    /// It was taken back before the level had it.
    Recalled,
}

/// A level's change for the better or worse, for logs and counters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Change {
    Failed(usize),
    Recovered(usize),
}

impl Seen {
    pub(super) const fn works(self) -> bool {
        self.admits && !self.failing
    }
}

impl Tried {
    pub(super) const fn has(self, level: usize) -> bool {
        self.0 & (1 << level) != 0
    }

    pub(super) const fn add(&mut self, level: usize) {
        self.0 |= 1 << level;
    }

    /// Adds all levels up to this one.
    pub(super) const fn add_up_to(&mut self, level: usize) {
        self.0 |= u32::MAX >> (31 - level);
    }
}

impl Levels {
    pub(super) fn new(count: usize, retry_interval: Duration) -> Self {
        Self { levels: std::iter::repeat_with(Level::default).take(count).collect(), retry_interval }
    }

    /// The level for a batch that has been refused by `tried`, given what the levels say of themselves: the first that works or is
    /// due to be probed; when none does, one that at least takes it. `None`: all have been tried.
    pub(super) fn choose(
        &mut self,
        now: Instant,
        seen: &[Seen],
        tried: Tried,
        changes: &mut Vec<Change>,
    ) -> Option<Choice> {
        let next = now + self.retry_interval;
        let mut chosen = None;
        for (index, (level, seen)) in self.levels.iter_mut().zip(seen).enumerate() {
            level.observe(index, *seen, next, changes);
            if chosen.is_none() && !tried.has(index) && level.is_for(*seen, now, next) {
                chosen = Some(index);
            }
        }
        let open = || (0..self.levels.len()).filter(|index| !tried.has(*index));
        // Nothing works: a level without a batch of ours goes first, so that each has one whose retries find out when it works again.
        let makeshift = || {
            open().min_by_key(|index| {
                let idle = self.levels.get(*index).is_some_and(|level| level.in_flight == 0);
                (!seen.get(*index).is_some_and(|seen| seen.admits), !idle, *index)
            })
        };
        let level = chosen.or_else(makeshift)?;
        let last = open().count() == 1;
        if let Some(level) = self.levels.get_mut(level) {
            level.in_flight += 1;
        }
        Some(Choice { level, last })
    }

    /// Learns what became of a batch that [`Levels::choose`] has sent to `level`.
    pub(super) fn settle(&mut self, level: usize, fate: Fate, now: Instant, changes: &mut Vec<Change>) {
        let probe_at = now + self.retry_interval;
        let Some(found) = self.levels.get_mut(level) else { return };
        found.in_flight = found.in_flight.saturating_sub(1);
        match (fate, found.health) {
            (Fate::Delivered, Health::Ails { .. } | Health::Refused { .. }) => {
                found.health = Health::Works;
                changes.push(Change::Recovered(level));
            }
            (Fate::Refused(RefusalKind::Unavailable), Health::Works) => {
                found.health = Health::Refused { probe_at };
                changes.push(Change::Failed(level));
            }
            // Refusals of what was sent there before it was known do not put off the next probe.
            (Fate::Refused(RefusalKind::Unavailable), Health::Ails { probe_at }) => {
                found.health = Health::Refused { probe_at };
            }
            // Too much at the moment: its pipelines say so themselves, and when it is over. Bad data says nothing of a level.
            (Fate::Refused(RefusalKind::Busy { .. } | RefusalKind::Permanent) | Fate::Recalled, _)
            | (Fate::Delivered, Health::Works)
            | (Fate::Refused(RefusalKind::Unavailable), Health::Refused { .. }) => {}
        }
    }

    /// Whether a batch that waits for room at level `at` had better go elsewhere: to a level that works, or at least takes it.
    pub(super) fn has_better(&self, seen: &[Seen], tried: Tried, at: usize) -> bool {
        let Some(here) = seen.get(at).filter(|here| !here.works()) else { return false };
        self.levels.iter().zip(seen).enumerate().any(|(index, (level, there))| {
            let works = there.works() && !matches!(level.health, Health::Refused { .. });
            index != at && !tried.has(index) && (works || (there.admits && !here.admits))
        })
    }

    /// The best level that has a batch; their number when none has.
    pub(super) fn first_in_flight(&self) -> usize {
        self.levels.iter().position(|level| level.in_flight > 0).unwrap_or(self.levels.len())
    }
}

impl Level {
    /// Takes note of what its pipelines say.
    fn observe(&mut self, index: usize, seen: Seen, probe_at: Instant, changes: &mut Vec<Change>) {
        match (self.health, seen.works()) {
            (Health::Works, false) => {
                self.health = Health::Ails { probe_at };
                changes.push(Change::Failed(index));
            }
            (Health::Ails { .. }, true) => {
                self.health = Health::Works;
                changes.push(Change::Recovered(index));
            }
            (Health::Works, true) | (Health::Ails { .. }, false) | (Health::Refused { .. }, _) => {}
        }
    }

    /// Whether it gets the next batch. A probe is for when nothing of ours is there that would find out by itself.
    fn is_for(&mut self, seen: Seen, now: Instant, next: Instant) -> bool {
        match &mut self.health {
            Health::Works => true,
            Health::Ails { probe_at } | Health::Refused { probe_at } => {
                let probe = *probe_at <= now && seen.admits && self.in_flight == 0;
                if probe {
                    *probe_at = next;
                }
                probe
            }
        }
    }
}
