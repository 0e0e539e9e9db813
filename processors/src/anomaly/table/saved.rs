//! Entries on their way to and from saved state.

use super::entry::{Entry, Rank, Stay};
use super::known::{Room, Table};
use crate::anomaly::clock::Clock;
use crate::anomaly::series::Past;

impl Table {
    /// How many numbers there are, of entries that are used or not.
    pub(in crate::anomaly) const fn numbers(&self) -> usize {
        self.entries.numbers()
    }

    /// The entry with a number, and what of it is saved; nothing if it is not used.
    pub(in crate::anomaly) fn saved(&self, number: u32) -> Option<(&Entry, Stay)> {
        let entry = self.entries.get(number).filter(|entry| entry.is_used())?;
        let Entry { key, turn, seen, gap, since, step, visits, rank, .. } = *entry;
        Some((entry, Stay { key, turn, seen, gap, since, step, visits, rank }))
    }

    /// Makes a series known again, if there is room for it beside those that are known.
    pub(in crate::anomaly) fn take_back(&mut self, stay: Stay, past: Past, clock: &Clock) -> Option<u32> {
        let has_room = match stay.rank {
            Rank::Ignored => false,
            Rank::Newcomer => self.unscored() < self.most_new,
            Rank::Young | Rank::Grown => self.scored() < self.most_scored,
        };
        if stay.visits == 0 || !has_room || !self.has_room_for_entry() {
            return None;
        }
        let number = self.entries.take()?;
        let Stay { key, turn, seen, gap, since, step, visits, rank } = stay;
        // No time lies ahead, even if the clock of that time was lost.
        let (seen, since) = (seen.min(clock.seconds()), since.min(clock.seconds()));
        let entry = Entry {
            key,
            past,
            turn,
            seen,
            gap,
            since,
            step: step.min(clock.steps()),
            visits,
            rank,
            ..Entry::default()
        };
        *self.entries.get_mut(number)? = entry;
        self.index.insert(key, number);
        self.lists.get_mut(rank as usize)?.push(&mut self.entries, number);
        self.turn = self.turn.max(turn);
        self.unsorted = true;
        self.count_past(number);
        if self.room_for_pasts(clock) != Room::Some {
            self.remove(number);
            return None;
        }
        Some(number)
    }

    /// Puts the series that were taken back into the order in which they were seen.
    pub(in crate::anomaly) fn sort(&mut self) {
        if !std::mem::take(&mut self.unsorted) {
            return;
        }
        let numbers = (0..self.numbers()).filter_map(|number| u32::try_from(number).ok());
        let mut used: Vec<(u64, Rank, u32)> = numbers
            .filter_map(|number| self.saved(number).map(|(entry, stay)| (stay.turn, entry.rank, number)))
            .collect();
        used.sort_unstable_by_key(|(turn, _rank, number)| (*turn, *number));
        self.lists = Default::default();
        for (_turn, rank, number) in used {
            if let Some(list) = self.lists.get_mut(rank as usize) {
                list.push(&mut self.entries, number);
            }
        }
    }
}
