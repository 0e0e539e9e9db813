//! How many calls a request needs: those from one service to another in one trace.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::store::Call;
use crate::aggregation::{HashedMap, mix};

/// What one count takes of memory: queues grow to twice what they hold, and maps in which entries come and go to almost five times.
pub(super) const BYTES: usize = 2 * size_of::<Count>() + 5 * (size_of::<(u64, u64)>() + 1);
/// No other one: numbers begin above it.
const NONE: u64 = 0;

/// The calls of one trace between two services.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Count {
    pub(super) trace_id: [u8; 16],
    /// The place of the pair of services.
    pub(super) pair: usize,
    pub(super) calls: u64,
    /// How many such traces it stands for: as many as that of its calls does that stands for most.
    pub(super) times: u64,
    /// One of the spans that call: the one with the least id, whatever comes first.
    pub(super) span_id: [u8; 8],
    /// When the last one ended, in nanoseconds since 1970.
    pub(super) end: u64,
    since: Instant,
    hash: u64,
    /// The one with the same hash before.
    next: u64,
}

/// Traces whose calls are being counted, in the order of their first calls. Each ends so long after its first call: those that are
/// counted are few, and one leaves only at the front.
#[derive(Debug)]
pub(super) struct Counts {
    queue: VecDeque<Count>,
    /// The number of the first one in the queue.
    first: u64,
    /// By hash, the number of the newest.
    heads: HashedMap<u64>,
    window: Duration,
    most: usize,
}

impl Counts {
    pub(super) fn new(window: Duration, most: usize) -> Self {
        Self { queue: VecDeque::new(), first: NONE + 1, heads: HashedMap::default(), window, most }
    }

    pub(super) fn used(&self) -> usize {
        self.queue.len() * BYTES
    }

    /// One call from one service of a pair to the other, in one of so many traces.
    #[inline]
    pub(super) fn add(&mut self, pair: usize, (call, times): (&Call, u64), now: Instant) -> Added {
        let Call { trace_id, span_id, end, .. } = *call;
        let hash = hash(&trace_id, pair);
        let head = self.heads.get(&hash).copied().unwrap_or(NONE);
        let mut number = head;
        while let Some(count) = self.numbered(number) {
            if count.pair == pair && count.trace_id == trace_id {
                count.calls += 1;
                count.times = count.times.max(times);
                count.span_id = count.span_id.min(span_id);
                count.end = count.end.max(end);
                return Added::Further;
            }
            number = count.next;
        }
        if self.queue.len() >= self.most {
            return Added::NoRoom;
        }
        self.heads.insert(hash, self.first + self.queue.len() as u64);
        self.queue.push_back(Count {
            trace_id,
            pair,
            calls: 1,
            times,
            span_id,
            end,
            since: now,
            hash,
            next: head,
        });
        Added::First
    }

    fn numbered(&mut self, number: u64) -> Option<&mut Count> {
        let place = number.checked_sub(self.first)?;
        self.queue.get_mut(usize::try_from(place).ok()?)
    }

    /// When the next count ends.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.queue.front().map(|count| count.since + self.window)
    }

    /// The next count that ends by `now`; with `None`, the next one at all.
    pub(super) fn ended(&mut self, now: Option<Instant>) -> Option<Count> {
        let ends = self.deadline()?;
        if now.is_some_and(|now| ends > now) {
            return None;
        }
        let count = self.queue.pop_front()?;
        if self.heads.get(&count.hash) == Some(&self.first) {
            self.heads.remove(&count.hash);
        }
        self.first += 1;
        Some(count)
    }

    /// The pairs have moved: `place` tells where each is now.
    pub(super) fn moved(&mut self, place: impl Fn(usize) -> usize) {
        self.heads.clear();
        for (number, count) in (self.first..).zip(&mut self.queue) {
            count.pair = place(count.pair);
            count.hash = hash(&count.trace_id, count.pair);
            count.next = self.heads.insert(count.hash, number).unwrap_or(NONE);
        }
    }
}

/// What became of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Added {
    First,
    Further,
    NoRoom,
}

#[inline]
fn hash(trace_id: &[u8; 16], pair: usize) -> u64 {
    let (words, _) = trace_id.as_chunks::<8>();
    words.iter().fold(pair as u64, |state, word| mix(state, u64::from_le_bytes(*word)))
}
