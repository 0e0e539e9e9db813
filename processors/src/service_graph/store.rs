//! Sides of calls that wait for the other one.

use std::time::{Duration, Instant};

use crate::aggregation::{HashedMap, mix};

/// No other one.
const NONE: usize = usize::MAX;
/// Up to so many bytes, the memory of an identity is kept for the next one.
const KEPT: usize = 512;
/// Most bytes of an identity, of a side and of a series. What is longer is no name.
pub(super) const LONGEST: usize = 8 << 10;

/// Which side of a call a span is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    Client,
    Server,
}

/// What counts of a span that is a side of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Call {
    pub(super) side: Side,
    pub(super) trace_id: [u8; 16],
    /// The span itself.
    pub(super) span_id: [u8; 8],
    /// When it ended, in nanoseconds since 1970.
    pub(super) end: u64,
    pub(super) nanoseconds: u64,
    /// How many spans it stands for.
    pub(super) times: u64,
    pub(super) failed: bool,
    /// Whether it sends or gets a message.
    pub(super) messaging: bool,
}

/// What two sides of a call have in common: trace and span of the client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Meet {
    pub(super) trace_id: [u8; 16],
    pub(super) span_id: [u8; 8],
}

/// A side that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) call: Call,
    /// Whether nothing is missing when no other side comes any more: it has met one, or was only a guess.
    pub(super) met: bool,
    /// Who it is, as bytes of a key.
    pub(super) identity: Vec<u8>,
    meet: Meet,
    hash: u64,
    since: Instant,
    /// The next one with the same hash, which came later.
    next: usize,
    older: usize,
    newer: usize,
}

/// Sides that wait, oldest first. No memory is asked for while spans come and go.
#[derive(Debug)]
pub(super) struct Store {
    slots: Vec<Waiting>,
    free: Vec<usize>,
    chains: HashedMap<Chain>,
    oldest: usize,
    newest: usize,
    length: usize,
    most: usize,
    memory: usize,
    used: usize,
    /// What identities take that no one has any more, and which wait for the next ones.
    kept: usize,
}

/// Those with the same hash, oldest first: who waits for the same is found, added and taken out without a look at the others, however
/// many there are.
#[derive(Clone, Copy, Debug)]
struct Chain {
    first: usize,
    last: usize,
}

impl Store {
    /// Room for `most` sides that take `memory` bytes at most.
    pub(super) fn new(most: usize, memory: usize) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            chains: HashedMap::default(),
            oldest: NONE,
            newest: NONE,
            length: 0,
            most,
            memory,
            used: 0,
            kept: 0,
        }
    }

    /// What a side takes, without its identity: vectors grow to twice what they hold, and a map in which entries come and go to
    /// almost five times.
    const fn overhead() -> usize {
        2 * (size_of::<Waiting>() + 8) + 5 * (size_of::<(u64, Chain)>() + 1)
    }

    pub(super) const fn len(&self) -> usize {
        self.length
    }

    /// What they take of memory.
    pub(super) const fn used(&self) -> usize {
        self.used
    }

    /// The one of a side that has waited for `meet` longest.
    #[inline]
    pub(super) fn find(&self, side: Side, meet: &Meet) -> Option<usize> {
        let mut index = self.chains.get(&hash(side, meet))?.first;
        while let Some(waiting) = self.slots.get(index) {
            if waiting.call.side == side && waiting.meet == *meet {
                return Some(index);
            }
            index = waiting.next;
        }
        None
    }

    pub(super) fn get(&self, index: usize) -> Option<&Waiting> {
        self.slots.get(index)
    }

    pub(super) fn met(&mut self, index: usize) {
        if let Some(waiting) = self.slots.get_mut(index) {
            waiting.met = true;
        }
    }

    /// The one that waits longest, if that is not less than `ttl`.
    pub(super) fn expired(&self, now: Instant, ttl: Duration) -> Option<usize> {
        let waiting = self.slots.get(self.oldest)?;
        (now.saturating_duration_since(waiting.since) >= ttl).then_some(self.oldest)
    }

    /// Since when the one waits that waits longest.
    pub(super) fn since(&self) -> Option<Instant> {
        self.slots.get(self.oldest).map(|waiting| waiting.since)
    }

    /// The one that waits longest.
    pub(super) fn oldest(&self) -> Option<usize> {
        (self.oldest != NONE).then_some(self.oldest)
    }

    /// Lets a side wait. Returns whether there is room.
    pub(super) fn add(&mut self, call: Call, meet: Meet, met: bool, identity: &[u8], now: Instant) -> bool {
        if self.length >= self.most || identity.len() > LONGEST {
            return false;
        }
        if !self.has_room(identity.len()) {
            return false;
        }
        let hash = hash(call.side, &meet);
        let index = self.free.pop().unwrap_or(self.slots.len());
        let (older, newer, next) = (self.newest, NONE, NONE);
        if let Some(slot) = self.slots.get_mut(index) {
            let mut kept = std::mem::take(&mut slot.identity);
            self.used -= kept.capacity();
            self.kept -= kept.capacity();
            kept.clear();
            kept.reserve_exact(identity.len());
            kept.extend_from_slice(identity);
            self.used += kept.capacity();
            *slot = Waiting { call, met, identity: kept, meet, hash, since: now, next, older, newer };
        } else {
            let identity = identity.to_vec();
            self.used += Self::overhead() + identity.capacity();
            self.slots.push(Waiting { call, met, identity, meet, hash, since: now, next, older, newer });
        }
        match self.slots.get_mut(older) {
            Some(slot) => slot.newer = index,
            None => self.oldest = index,
        }
        self.newest = index;
        self.length += 1;
        let chain = self.chains.entry(hash).or_insert(Chain { first: index, last: index });
        let last = std::mem::replace(&mut chain.last, index);
        if let Some(slot) = self.slots.get_mut(last).filter(|_| last != index) {
            slot.next = index;
        }
        true
    }

    /// Whether there is room for one with an identity of so many bytes. Gives back what is kept for others when there is none otherwise.
    fn has_room(&mut self, length: usize) -> bool {
        let reused = self.free.last().and_then(|&index| self.slots.get(index));
        let more = match reused {
            Some(slot) => length.saturating_sub(slot.identity.capacity()),
            None => Self::overhead() + length,
        };
        if self.used.saturating_add(more) <= self.memory {
            return true;
        }
        if (self.used - self.kept).saturating_add(length) > self.memory || reused.is_none() {
            return false;
        }
        for &index in &self.free {
            if let Some(slot) = self.slots.get_mut(index) {
                slot.identity = Vec::new();
            }
        }
        self.used -= std::mem::take(&mut self.kept);
        true
    }

    /// A side waits no longer.
    pub(super) fn remove(&mut self, index: usize) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        let (hash, next, older, newer) = (slot.hash, slot.next, slot.older, slot.newer);
        if slot.identity.capacity() > KEPT {
            self.used -= slot.identity.capacity();
            slot.identity = Vec::new();
        }
        self.kept += slot.identity.capacity();
        match self.slots.get_mut(older) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
        match self.slots.get_mut(newer) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
        self.unchain(hash, index, next);
        self.free.push(index);
        self.length -= 1;
    }

    /// Takes `index` out of those with its hash.
    fn unchain(&mut self, hash: u64, index: usize, next: usize) {
        let Some(chain) = self.chains.get_mut(&hash) else { return };
        if chain.first == index {
            if next == NONE {
                self.chains.remove(&hash);
            } else {
                chain.first = next;
            }
            return;
        }
        // Only of different ones whose hash happens to be the same does one leave that is not the first.
        let mut before = chain.first;
        while let Some(slot) = self.slots.get_mut(before) {
            if slot.next == index {
                slot.next = next;
                if chain.last == index {
                    chain.last = before;
                }
                return;
            }
            before = slot.next;
        }
    }
}

fn hash(side: Side, meet: &Meet) -> u64 {
    let side = match side {
        Side::Client => 0,
        Side::Server => 1,
    };
    let (words, _) = meet.trace_id.as_chunks::<8>();
    let trace = words.iter().fold(side, |state, word| mix(state, u64::from_le_bytes(*word)));
    mix(trace, u64::from_le_bytes(meet.span_id))
}
