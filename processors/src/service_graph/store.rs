//! Sides of calls that wait for the other one.

use std::time::{Duration, Instant};

use crate::aggregation::{HashedMap, mix};

/// No other one.
const NONE: usize = usize::MAX;
/// Up to so many bytes, the memory of an identity is kept for the next one.
const KEPT: usize = 512;
/// Most bytes of an identity.
const LONGEST: usize = 8 << 10;

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
    /// Whether it has met another side already.
    pub(super) met: bool,
    /// Who it is, as bytes of a key.
    pub(super) identity: Vec<u8>,
    meet: Meet,
    hash: u64,
    since: Instant,
    /// The next one with the same hash, which came before.
    next: usize,
    older: usize,
    newer: usize,
}

/// Sides that wait, oldest first. No memory is asked for while spans come and go.
#[derive(Debug)]
pub(super) struct Store {
    slots: Vec<Waiting>,
    free: Vec<usize>,
    heads: HashedMap<usize>,
    oldest: usize,
    newest: usize,
    length: usize,
    most: usize,
    memory: usize,
    used: usize,
}

impl Store {
    /// Room for `most` sides that take `memory` bytes at most.
    pub(super) fn new(most: usize, memory: usize) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            heads: HashedMap::default(),
            oldest: NONE,
            newest: NONE,
            length: 0,
            most,
            memory,
            used: 0,
        }
    }

    /// What a side takes, without its identity: vectors and maps grow to twice what they hold.
    const fn overhead() -> usize {
        2 * (size_of::<Waiting>() + 8 + 24)
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
        let mut index = *self.heads.get(&hash(meet))?;
        let mut found = None;
        while let Some(waiting) = self.slots.get(index) {
            if waiting.call.side == side && waiting.meet == *meet {
                found = Some(index);
            }
            index = waiting.next;
        }
        found
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
        let reused = self.free.last().and_then(|&index| self.slots.get(index));
        let more = match reused {
            Some(slot) => identity.len().saturating_sub(slot.identity.capacity()),
            None => Self::overhead() + identity.len(),
        };
        if self.used.saturating_add(more) > self.memory {
            return false;
        }
        let hash = hash(&meet);
        let index = self.free.pop().unwrap_or(self.slots.len());
        let next = self.heads.insert(hash, index).unwrap_or(NONE);
        let (older, newer) = (self.newest, NONE);
        if let Some(slot) = self.slots.get_mut(index) {
            let mut kept = std::mem::take(&mut slot.identity);
            self.used -= kept.capacity();
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
        let Some(head) = self.heads.get_mut(&hash) else { return };
        if *head == index {
            if next == NONE {
                self.heads.remove(&hash);
            } else {
                *head = next;
            }
            return;
        }
        let mut before = *head;
        while let Some(slot) = self.slots.get_mut(before) {
            if slot.next == index {
                slot.next = next;
                return;
            }
            before = slot.next;
        }
    }
}

fn hash(meet: &Meet) -> u64 {
    let (words, _) = meet.trace_id.as_chunks::<8>();
    let trace = words.iter().fold(0, |state, word| mix(state, u64::from_le_bytes(*word)));
    mix(trace, u64::from_le_bytes(meet.span_id))
}
