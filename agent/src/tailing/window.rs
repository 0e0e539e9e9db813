//! Batches that have been sent and not yet delivered, in the order in which they were read.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use edgewatch_core::refusal::{Refusal, RefusalKind};

use super::files::FileId;
use super::identity::Position;
use super::options::Retry;
use super::records::Chunk;

/// What is on its way.
#[derive(Debug)]
pub(super) struct Window {
    entries: VecDeque<Entry>,
    /// Number of the first entry.
    first: u64,
    bytes: usize,
    limit: usize,
    retry: Retry,
    backoff: Duration,
    retry_at: Option<Instant>,
}

#[derive(Debug)]
struct Entry {
    request: Bytes,
    items: usize,
    positions: Vec<(FileId, Position)>,
    state: State,
    /// When it was refused for the first time.
    troubled: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Sent,
    Refused,
    Done,
}

/// One batch to be sent.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    /// To be named when its fate is known.
    pub(super) number: u64,
    pub(super) request: Bytes,
    pub(super) items: usize,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    Delivered,
    /// It will be sent again.
    Kept,
    /// It is given up; so many records.
    Dropped(usize),
}

impl Window {
    pub(super) fn new(limit: usize, retry: Retry) -> Self {
        Self {
            entries: VecDeque::new(),
            first: 0,
            bytes: 0,
            limit,
            retry,
            backoff: Duration::ZERO,
            retry_at: None,
        }
    }

    /// Bytes that may still be sent. None until what was refused is delivered: nothing overtakes it, as far as that is up to here.
    pub(super) fn room(&self) -> usize {
        let troubled = |entry: &Entry| entry.troubled.is_some() && entry.state != State::Done;
        if self.entries.iter().any(troubled) { 0 } else { self.limit.saturating_sub(self.bytes) }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// When refused batches are to be sent again.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Whether [`Window::take_delivered`] would bring something.
    pub(super) fn first_is_done(&self) -> bool {
        self.entries.front().is_some_and(|entry| entry.state == State::Done)
    }

    /// Takes responsibility for `chunk`; what is to be sent of it, if anything.
    pub(super) fn add(&mut self, chunk: Chunk) -> Option<Outgoing> {
        let number = self.first + self.entries.len() as u64;
        let Chunk { request, items, positions } = chunk;
        let state = if items == 0 { State::Done } else { State::Sent };
        self.bytes += request.len();
        self.entries.push_back(Entry { request: request.clone(), items, positions, state, troubled: None });
        (items > 0).then_some(Outgoing { number, request, items })
    }

    /// Takes note of what became of batch `number`.
    pub(super) fn settle(&mut self, number: u64, outcome: Result<(), Refusal>, now: Instant) -> Fate {
        let index = number.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) else { return Fate::Delivered };
        let refusal = match outcome {
            Ok(()) => {
                entry.state = State::Done;
                self.backoff = Duration::ZERO;
                return Fate::Delivered;
            }
            Err(refusal) => refusal,
        };
        let asked = match refusal.kind {
            RefusalKind::Permanent => {
                entry.state = State::Done;
                return Fate::Dropped(entry.items);
            }
            RefusalKind::Busy { retry_after } => retry_after,
            RefusalKind::Unavailable => Duration::ZERO,
        };
        let since = *entry.troubled.get_or_insert(now);
        let patience = self.retry.max_elapsed_time.get();
        if !patience.is_zero() && now.saturating_duration_since(since) >= patience {
            entry.state = State::Done;
            return Fate::Dropped(entry.items);
        }
        entry.state = State::Refused;
        if self.retry_at.is_none() {
            let longest = self.retry.max_interval.get().max(self.retry.initial_interval.get());
            self.backoff = (self.backoff * 2).clamp(self.retry.initial_interval.get(), longest);
            self.retry_at = Some(now + self.backoff.max(asked));
        }
        Fate::Kept
    }

    /// The batches to be sent again, when it is time for that.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Outgoing> {
        if self.retry_at.is_none_or(|due| due > now) {
            return Vec::new();
        }
        self.retry_at = None;
        let numbered = (self.first..).zip(self.entries.iter_mut());
        let refused = numbered.filter(|(_, entry)| entry.state == State::Refused);
        let outgoing = refused.map(|(number, entry)| {
            entry.state = State::Sent;
            Outgoing { number, request: entry.request.clone(), items: entry.items }
        });
        outgoing.collect()
    }

    /// Positions up to which everything has been delivered, since the last call.
    pub(super) fn take_delivered(&mut self) -> Vec<(FileId, Position)> {
        let mut delivered = Vec::new();
        while self.first_is_done() {
            let Some(entry) = self.entries.pop_front() else { break };
            self.first += 1;
            self.bytes -= entry.request.len();
            delivered.extend(entry.positions);
        }
        delivered
    }
}
