//! Acknowledgements: who waits for a batch, and what became of it.
//!
//! A source makes a pair: the [`Ack`] travels with the batch, the [`Receipt`] stays behind. Whoever ends the journey of
//! a batch says so through its ack: [`Ack::accepted`] (safe in a queue), [`Ack::delivered`] (stored on disk, confirmed by
//! the destination, or dropped on purpose) or [`Ack::refused`] (lost here). Fanning out and splitting *share* an ack, batching
//! *merges* acks; a receipt is fulfilled when every share is. An ack that is dropped without a word counts as refused, so
//! that no path through the agent can lose a batch silently.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use smallvec::SmallVec;

use crate::budget::Lease;
use crate::refusal::Refusal;

/// The travelling half: an obligation to report what became of a batch.
#[derive(Debug, Default)]
#[must_use = "an ack that is dropped refuses its batch"]
pub struct Ack {
    shares: SmallVec<[Share; 1]>,
}

/// The waiting half. Cheap to drop: nobody has to wait.
#[derive(Debug)]
pub struct Receipt {
    node: Arc<Node>,
}

/// The right to accept a batch in the name of whoever holds it now. Dropping it accepts.
#[derive(Debug)]
#[must_use = "dropping it accepts the batch"]
pub struct Acceptance {
    nodes: SmallVec<[Arc<Node>; 1]>,
}

impl Drop for Acceptance {
    fn drop(&mut self) {
        for node in self.nodes.drain(..) {
            node.update(|state| state.unaccepted -= 1);
        }
    }
}

#[derive(Debug)]
struct Share {
    node: Arc<Node>,
    accepted: bool,
}

#[derive(Debug)]
struct Node {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    unaccepted: usize,
    undelivered: usize,
    /// What the source is told when it asks whether its batch was accepted; settled once.
    answer: Option<Result<(), Refusal>>,
    refusal: Option<Refusal>,
    accept_waker: Option<Waker>,
    deliver_waker: Option<Waker>,
    /// Memory that the batch occupies, given back when its journey ends.
    lease: Option<Lease>,
}

impl Ack {
    /// An ack that nobody waits for.
    pub const fn none() -> Self {
        Self { shares: SmallVec::new_const() }
    }

    /// A new ack and the receipt that learns of it. `lease` is returned to its budget when the journey ends.
    pub fn pair(lease: Option<Lease>) -> (Self, Receipt) {
        let state = State {
            unaccepted: 1,
            undelivered: 1,
            answer: None,
            refusal: None,
            accept_waker: None,
            deliver_waker: None,
            lease,
        };
        let node = Arc::new(Node { state: Mutex::new(state) });
        let share = Share { node: Arc::clone(&node), accepted: false };
        (Self { shares: SmallVec::from_buf([share]) }, Receipt { node })
    }

    /// One more obligation for the same sources: they are satisfied when this and the new ack both are.
    pub fn share(&self) -> Self {
        Self { shares: self.shares.iter().map(Share::split).collect() }
    }

    /// Takes over the obligations of `other`.
    pub fn merge(&mut self, mut other: Self) {
        self.shares.append(&mut other.shares);
    }

    /// The batch is in a queue that takes responsibility for it. Saying it twice is harmless.
    pub fn accepted(&mut self) {
        for share in &mut self.shares {
            if !share.accepted {
                share.accepted = true;
                share.node.update(|state| state.unaccepted -= 1);
            }
        }
    }

    /// Whether this can no longer be refused, because a source has been told that its batch is accepted, or nobody would send
    /// it again: it must be kept, not turned away. Of sources that were joined, one is enough, since a refusal would lose its
    /// part as well.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.shares.is_empty() || self.shares.iter().any(|share| share.node.is_accepted())
    }

    /// Whether a source has leased memory for the batch: it was let in when there was room.
    #[must_use]
    pub fn is_leased(&self) -> bool {
        self.shares.iter().any(|share| share.node.is_leased())
    }

    /// Adds `bytes` to the memory that the batch occupies, when a source has leased any for it. Whoever copies a part of it, as
    /// cutting does, says so here.
    pub fn charge(&self, bytes: usize) {
        if bytes > 0 {
            let _charged = self.shares.iter().any(|share| share.node.charge(bytes));
        }
    }

    /// Takes the right to say [`Ack::accepted`] for this ack and all that will be shared from it. A pipeline holds it while its
    /// processors look at a batch, and accepts in their name when none has refused.
    pub fn hold(&mut self) -> Acceptance {
        let open = self.shares.iter_mut().filter(|share| !share.accepted);
        let nodes = open.map(|share| {
            share.accepted = true;
            Arc::clone(&share.node)
        });
        Acceptance { nodes: nodes.collect() }
    }

    /// The batch is safe, or was dropped on purpose.
    pub fn delivered(mut self) {
        self.resolve(None);
    }

    /// The batch is lost here, for `refusal`.
    pub fn refused(mut self, refusal: &Refusal) {
        self.resolve(Some(refusal));
    }

    fn resolve(&mut self, refusal: Option<&Refusal>) {
        for share in self.shares.drain(..) {
            share.node.update(|state| {
                state.unaccepted -= usize::from(!share.accepted);
                state.undelivered -= 1;
                if state.refusal.is_none() {
                    state.refusal = refusal.cloned();
                }
            });
        }
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        if !self.shares.is_empty() {
            self.resolve(Some(&Refusal::unavailable("the batch was dropped while the agent was stopping")));
        }
    }
}

impl Share {
    fn split(&self) -> Self {
        self.node.update(|state| {
            state.unaccepted += usize::from(!self.accepted);
            state.undelivered += 1;
        });
        Self { node: Arc::clone(&self.node), accepted: self.accepted }
    }
}

impl Node {
    /// Changes the state, then wakes whoever learns something new from it and frees the memory when all is over.
    fn update(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        let mut accept = None;
        if state.answer.is_none() && (state.refusal.is_some() || state.unaccepted == 0) {
            state.answer = Some(state.refusal.clone().map_or(Ok(()), Err));
            accept = state.accept_waker.take();
        }
        let ended = state.undelivered == 0;
        let lease = if ended { state.lease.take() } else { None };
        let deliver = if ended { state.deliver_waker.take() } else { None };
        drop(state);
        drop(lease);
        for waker in [accept, deliver].into_iter().flatten() {
            waker.wake();
        }
    }
}

impl Node {
    fn charge(&self, bytes: usize) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut state.lease {
            Some(lease) => {
                lease.charge(bytes);
                true
            }
            None => false,
        }
    }

    fn is_leased(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).lease.is_some()
    }

    fn is_accepted(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.answer == Some(Ok(()))
    }
}

impl Receipt {
    /// Waits until every queue on the batch's way has taken responsibility for it.
    ///
    /// # Errors
    ///
    /// The first [`Refusal`] met before that.
    pub async fn accepted(&mut self) -> Result<(), Refusal> {
        poll_fn(|context| self.poll_accepted(context)).await
    }

    /// Waits until every share of the batch is safe or lost.
    ///
    /// # Errors
    ///
    /// The first [`Refusal`] met on the way: some of the batch did not arrive.
    pub async fn delivered(&mut self) -> Result<(), Refusal> {
        poll_fn(|context| self.poll_delivered(context)).await
    }

    fn poll_accepted(&self, context: &mut Context<'_>) -> Poll<Result<(), Refusal>> {
        let mut state = self.node.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = &state.answer {
            return Poll::Ready(answer.clone());
        }
        state.accept_waker = Some(context.waker().clone());
        Poll::Pending
    }

    fn poll_delivered(&self, context: &mut Context<'_>) -> Poll<Result<(), Refusal>> {
        let mut state = self.node.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.undelivered == 0 {
            return Poll::Ready(state.refusal.clone().map_or(Ok(()), Err));
        }
        state.deliver_waker = Some(context.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
#[path = "ack_tests.rs"]
mod tests;
