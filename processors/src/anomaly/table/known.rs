//! The table itself.

use super::entry::{Entry, Place, Rank};
use super::index::Index;
use super::list::List;
use super::order::Order;
use super::slab::Slab;
use crate::anomaly::clock::Clock;
use crate::anomaly::detector::Detector;

/// Seconds after which a series is grown, and for which a grown one may be silent and keep its room.
const DAY: u32 = 86_400;
/// Steps for which a new or young series may be silent and keep its room.
const QUIET_STEPS: u32 = 10;
/// One in so many bytes is for series that are not scored.
const NEWCOMERS: usize = 16;
/// One in so many bytes is for what is remembered of histograms.
const PASTS: usize = 8;
/// Entries are taken in chunks of this size. Small, so that little room is lost at the limit.
const ENTRIES: usize = 64;
const DETECTORS: usize = 16;

type Entries = Slab<Entry, ENTRIES>;
type Detectors = Slab<Detector, DETECTORS>;

/// Series by key, within a limit of bytes.
#[derive(Debug)]
pub(in crate::anomaly) struct Table {
    /// Most bytes of everything but pasts.
    limit: usize,
    /// Most bytes of what pasts take beside entries.
    past_limit: usize,
    /// Most series that are not scored.
    pub(super) most_new: usize,
    /// Most series that are scored.
    pub(super) most_scored: usize,
    pub(super) index: Index,
    pub(super) entries: Entries,
    pub(super) detectors: Detectors,
    pub(super) order: Order,
    pub(super) lists: [List; 4],
    /// What pasts take beside entries.
    past_bytes: usize,
    /// The last turn that was given.
    pub(super) turn: u64,
    /// Whether entries were taken back in another order than that of their turns.
    pub(super) unsorted: bool,
}

/// Whether there is room.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::anomaly) enum Room {
    /// There is.
    Some,
    /// There is when this series has gone.
    Instead(u32),
    /// There is not, and nobody gives way.
    None,
}

impl Table {
    /// A table that takes at most `limit` bytes.
    pub(in crate::anomaly) fn new(limit: usize) -> Self {
        let past_limit = limit / PASTS;
        let limit = limit - past_limit;
        let most_new = (limit / NEWCOMERS / size_of::<Entry>()).max(ENTRIES);
        let each = size_of::<Entry>() + size_of::<Detector>();
        let most_scored = (limit / each).max(DETECTORS);
        let most = most_new + most_scored;
        Self {
            limit,
            past_limit,
            most_new,
            most_scored,
            index: Index::new(most),
            entries: Slab::new(most),
            detectors: Slab::new(most_scored),
            order: Order::default(),
            lists: Default::default(),
            past_bytes: 0,
            turn: 0,
            unsorted: false,
        }
    }

    /// Bytes that it takes now.
    pub(in crate::anomaly) fn bytes(&self) -> usize {
        self.index.bytes() + self.entries.bytes() + self.detectors.bytes() + self.past_bytes
    }

    /// How many series of a rank there are.
    pub(in crate::anomaly) fn count(&self, rank: Rank) -> usize {
        self.lists.get(rank as usize).map_or(0, List::len)
    }

    #[inline]
    pub(in crate::anomaly) fn find(&self, key: u64) -> Option<u32> {
        self.index.find(key, |number| self.entries.get(number).is_some_and(|entry| entry.key == key))
    }

    #[inline]
    pub(in crate::anomaly) fn entry(&self, number: u32) -> Option<&Entry> {
        self.entries.get(number)
    }

    #[inline]
    pub(in crate::anomaly) fn entry_mut(&mut self, number: u32) -> Option<&mut Entry> {
        self.entries.get_mut(number)
    }

    /// An entry and its detector at `place`.
    #[inline]
    pub(in crate::anomaly) fn detector_mut(&mut self, number: u32, place: Place) -> Option<&mut Detector> {
        let detector = self.entries.get(number)?.detector(place)?;
        self.detectors.get_mut(detector)
    }

    /// The detector of an entry at `place`.
    pub(in crate::anomaly) fn detector(&self, number: u32, place: Place) -> Option<&Detector> {
        self.detectors.get(self.entries.get(number)?.detector(place)?)
    }

    /// How many series are scored.
    pub(in crate::anomaly) fn scored(&self) -> usize {
        self.count(Rank::Young) + self.count(Rank::Grown)
    }

    /// How many series are known, but not scored.
    pub(in crate::anomaly) fn unscored(&self) -> usize {
        self.count(Rank::Ignored) + self.count(Rank::Newcomer)
    }

    /// Whether one more series of this rank has room, [`Rank::Ignored`] or [`Rank::Newcomer`].
    pub(in crate::anomaly) fn room_for_unscored(&mut self, rank: Rank, clock: &Clock) -> Room {
        if self.unscored() < self.most_new && self.has_room_for_entry() {
            return Room::Some;
        }
        let ignored = self.oldest(Rank::Ignored);
        let newcomer = || self.oldest_silent(Rank::Newcomer, Self::quiet(clock), clock);
        let gives_way = if rank == Rank::Newcomer { ignored.or_else(newcomer) } else { ignored };
        gives_way.map_or(Room::None, Room::Instead)
    }

    pub(super) fn has_room_for_entry(&mut self) -> bool {
        self.entries.has_room() || self.may_take(Entries::CHUNK_BYTES) && self.entries.grow()
    }

    /// Whether one more detector has room.
    pub(in crate::anomaly) fn room_for_detector(&mut self, clock: &Clock) -> Room {
        let bytes = Detectors::CHUNK_BYTES + self.owed_to_unscored();
        if self.detectors.has_room() || self.may_take(bytes) && self.detectors.grow() {
            return Room::Some;
        }
        self.who_gives_way(clock)
    }

    /// Whether a newcomer may become one of those that are scored.
    pub(in crate::anomaly) fn room_for_scored(&mut self, clock: &Clock) -> Room {
        if self.scored() >= self.most_scored {
            return self.who_gives_way(clock);
        }
        self.room_for_detector(clock)
    }

    /// Bytes of entries that are not there yet, but must be had when more series come: detectors may not take them.
    fn owed_to_unscored(&self) -> usize {
        let missing = (self.scored() + self.most_new).saturating_sub(self.entries.numbers());
        missing.div_ceil(ENTRIES) * Entries::CHUNK_BYTES
    }

    fn may_take(&self, bytes: usize) -> bool {
        self.bytes() - self.past_bytes + bytes <= self.limit
    }

    /// Whether there is room for the pasts of all series.
    pub(in crate::anomaly) fn room_for_pasts(&self, clock: &Clock) -> Room {
        if self.past_bytes <= self.past_limit {
            return Room::Some;
        }
        let helps = |number: &u32| self.entries.get(*number).is_some_and(|entry| entry.past_bytes > 0);
        match self.who_gives_way(clock) {
            Room::Instead(number) if helps(&number) => Room::Instead(number),
            Room::Some | Room::Instead(_) | Room::None => Room::None,
        }
    }

    fn who_gives_way(&self, clock: &Clock) -> Room {
        let young = self.oldest_silent(Rank::Young, Self::quiet(clock), clock);
        let gives_way = young.or_else(|| self.oldest_silent(Rank::Grown, DAY, clock));
        gives_way.map_or(Room::None, Room::Instead)
    }

    /// Seconds of silence that cost a series its room.
    fn quiet(clock: &Clock) -> u32 {
        clock.step_seconds().saturating_mul(QUIET_STEPS)
    }

    fn oldest_silent(&self, rank: Rank, least: u32, clock: &Clock) -> Option<u32> {
        self.oldest(rank).filter(|oldest| self.silence(*oldest, clock) >= least)
    }

    /// The series of a rank that was not seen for longest.
    pub(in crate::anomaly) fn oldest(&self, rank: Rank) -> Option<u32> {
        self.lists.get(rank as usize)?.oldest()
    }

    /// Seconds for which a series has been silent.
    pub(in crate::anomaly) fn silence(&self, number: u32, clock: &Clock) -> u32 {
        self.entries.get(number).map_or(0, |entry| clock.seconds().saturating_sub(entry.seen))
    }

    /// Adds a series. [`Table::room_for_unscored`] must have said that there is room.
    pub(in crate::anomaly) fn admit(&mut self, key: u64, rank: Rank) -> Option<u32> {
        let number = self.entries.take()?;
        self.entries.get_mut(number)?.key = key;
        self.index.insert(key, number);
        self.append(number, rank);
        self.note_order(number);
        Some(number)
    }

    /// Notes that a series was seen. In each step, the order of first being seen is that of the lists.
    #[inline]
    pub(in crate::anomaly) fn see(&mut self, number: u32, clock: &Clock) {
        let (second, step) = (clock.seconds(), clock.steps());
        let Some(entry) = self.entries.get_mut(number) else { return };
        if second > entry.seen && entry.visits > 0 {
            entry.gap = second - entry.seen;
        }
        entry.seen = second;
        if entry.step == step && entry.visits > 0 {
            return;
        }
        entry.step = step;
        entry.visits = entry.visits.saturating_add(1);
        let mut rank = entry.rank;
        if rank == Rank::Young && second.saturating_sub(entry.since) >= DAY {
            rank = Rank::Grown;
        }
        self.move_to(number, rank);
    }

    /// Makes a newcomer one of those that are scored.
    pub(in crate::anomaly) fn promote(&mut self, number: u32, clock: &Clock) {
        if let Some(entry) = self.entries.get_mut(number) {
            entry.since = clock.seconds();
        }
        self.move_to(number, Rank::Young);
    }

    /// Gives a series a detector at `place`. [`Table::room_for_detector`] must have said that there is room.
    pub(in crate::anomaly) fn add_detector(&mut self, number: u32, place: Place) -> Option<&mut Detector> {
        let detector = self.detectors.take()?;
        self.entries.get_mut(number)?.set_detector(place, Some(detector));
        self.detectors.get_mut(detector)
    }

    /// Counts what the past of a series takes, after it may have changed.
    #[inline]
    pub(in crate::anomaly) fn count_past(&mut self, number: u32) {
        let Some(entry) = self.entries.get_mut(number) else { return };
        let bytes = u32::try_from(entry.past.heap_bytes()).unwrap_or(u32::MAX);
        if bytes != entry.past_bytes {
            self.past_bytes = self.past_bytes + bytes as usize - entry.past_bytes as usize;
            entry.past_bytes = bytes;
        }
    }

    /// Forgets a series. What it was is returned.
    pub(in crate::anomaly) fn remove(&mut self, number: u32) -> Option<Entry> {
        self.disarm(number);
        let Entry { key, rank, .. } = *self.entries.get(number)?;
        self.index.remove(key, number);
        self.unlink(number, rank);
        self.order.forget(number);
        Some(self.entries.release(number))
    }

    /// Makes a series one that is not scored, and has just been seen for the first time: what was learned of it is given up.
    pub(in crate::anomaly) fn demote(&mut self, number: u32, rank: Rank) {
        self.disarm(number);
        self.move_to(number, rank);
        if let Some(entry) = self.entries.get_mut(number) {
            entry.visits = 1;
        }
    }

    /// Takes its detectors and its past from a series.
    fn disarm(&mut self, number: u32) {
        for place in Place::ALL {
            let Some(entry) = self.entries.get_mut(number) else { return };
            if let Some(detector) = entry.detector(place) {
                entry.set_detector(place, None);
                self.detectors.release(detector);
            }
        }
        if let Some(entry) = self.entries.get_mut(number) {
            entry.past = crate::anomaly::series::Past::default();
        }
        self.count_past(number);
    }

    fn move_to(&mut self, number: u32, rank: Rank) {
        let Some(entry) = self.entries.get(number) else { return };
        let before = entry.rank;
        self.unlink(number, before);
        self.append(number, rank);
    }

    fn append(&mut self, number: u32, rank: Rank) {
        self.turn += 1;
        let Some(entry) = self.entries.get_mut(number) else { return };
        (entry.turn, entry.rank) = (self.turn, rank);
        if let Some(list) = self.lists.get_mut(rank as usize) {
            list.push(&mut self.entries, number);
        }
    }

    fn unlink(&mut self, number: u32, rank: Rank) {
        if let Some(list) = self.lists.get_mut(rank as usize) {
            list.remove(&mut self.entries, number);
        }
    }
}
