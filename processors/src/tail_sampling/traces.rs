//! The traces that are held, and when they are due.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use super::requests::SpanAt;

/// How much memory a trace takes at most beside its requests and the places of its spans, which count as theirs, in bytes: lists
/// that may be half full, beside half of them while they grow; a table that may be 7/16 full; and room for the first four places.
pub(super) const TRACE_BYTES: usize = 3 * size_of::<Option<Trace>>()
    + 4 * size_of::<(u128, usize)>()
    + 4 * size_of::<SpanAt>()
    + 6 * size_of::<Due>();

/// A trace that nothing is decided about.
#[derive(Debug)]
pub(super) struct Trace {
    pub(super) id: u128,
    pub(super) spans: Vec<SpanAt>,
    /// Encoded bytes of its spans.
    pub(super) bytes: usize,
    /// The probability of its oddest span.
    pub(super) probability: f64,
    /// Its root span has come.
    rooted: bool,
    /// Tells it from those that had the same slot.
    number: u64,
}

/// When a trace is due.
#[derive(Clone, Copy, Debug)]
struct Due {
    at: Instant,
    slot: usize,
    number: u64,
}

/// Traces by id, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Traces {
    index: HashMap<u128, usize>,
    slots: Vec<Option<Trace>>,
    free: Vec<usize>,
    /// All, by when they came; some are gone.
    waiting: VecDeque<Due>,
    /// Those whose root span has come, by when it came; some are gone.
    rooted: VecDeque<Due>,
    count: u64,
}

impl Traces {
    /// With room for so many.
    pub(super) fn with_capacity(many: usize) -> Self {
        Self { index: HashMap::with_capacity(many), slots: Vec::with_capacity(many), ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// The slot of a trace.
    pub(super) fn find(&self, id: u128) -> Option<usize> {
        self.index.get(&id).copied()
    }

    /// Adds a trace that is due at `at`.
    pub(super) fn insert(&mut self, id: u128, at: Instant) -> usize {
        self.count += 1;
        let number = self.count;
        let trace = Trace { id, spans: Vec::new(), bytes: 0, probability: 1.0, rooted: false, number };
        let slot = self.free.pop().unwrap_or(self.slots.len());
        match self.slots.get_mut(slot) {
            Some(free) => *free = Some(trace),
            None => self.slots.push(Some(trace)),
        }
        self.index.insert(id, slot);
        push(&mut self.waiting, Due { at, slot, number }, &self.slots);
        slot
    }

    pub(super) fn get_mut(&mut self, slot: usize) -> Option<&mut Trace> {
        self.slots.get_mut(slot)?.as_mut()
    }

    /// The root span of a trace has come: it is due at `at`, if that is sooner.
    pub(super) fn root(&mut self, slot: usize, at: Instant) {
        let Some(trace) = self.slots.get_mut(slot).and_then(Option::as_mut).filter(|trace| !trace.rooted)
        else {
            return;
        };
        trace.rooted = true;
        let due = Due { at, slot, number: trace.number };
        push(&mut self.rooted, due, &self.slots);
    }

    /// When the next one is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let (waiting, rooted) = (self.waiting.front(), self.rooted.front());
        waiting.into_iter().chain(rooted).map(|due| due.at).min()
    }

    /// Takes out a trace that is due.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Trace> {
        let is_due = |due: &&Due| due.at <= now;
        let slot = self.waiting.front().filter(is_due).or(self.rooted.front().filter(is_due))?.slot;
        self.take(slot)
    }

    /// Takes out the oldest one.
    pub(super) fn take_oldest(&mut self) -> Option<Trace> {
        let slot = self.waiting.front()?.slot;
        self.take(slot)
    }

    pub(super) fn take(&mut self, slot: usize) -> Option<Trace> {
        let trace = self.slots.get_mut(slot)?.take()?;
        self.index.remove(&trace.id);
        self.free.push(slot);
        for queue in [&mut self.waiting, &mut self.rooted] {
            while queue.front().is_some_and(|due| !is_held(&self.slots, due)) {
                queue.pop_front();
            }
        }
        Some(trace)
    }
}

fn is_held(slots: &[Option<Trace>], due: &Due) -> bool {
    slots.get(due.slot).and_then(Option::as_ref).is_some_and(|trace| trace.number == due.number)
}

/// Adds to a queue; throws those out that are gone when they are most of it.
fn push(queue: &mut VecDeque<Due>, due: Due, slots: &[Option<Trace>]) {
    if queue.len() > 2 * slots.len() + 64 {
        queue.retain(|due| is_held(slots, due));
    }
    queue.push_back(due);
}
