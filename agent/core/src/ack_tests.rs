//! What sources learn, whatever happens to their batches.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::*;
use crate::budget::Budget;

fn poll<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_batch_is_accepted_before_it_is_delivered() {
    let (mut ack, mut receipt) = Ack::pair(None);
    assert_eq!(poll(receipt.accepted()), Poll::Pending);

    ack.accepted();
    ack.accepted();
    assert_eq!(poll(receipt.accepted()), Poll::Ready(Ok(())));
    assert_eq!(poll(receipt.delivered()), Poll::Pending);

    ack.delivered();
    assert_eq!(poll(receipt.delivered()), Poll::Ready(Ok(())));
}

#[test]
fn every_share_must_be_delivered() {
    let (ack, mut receipt) = Ack::pair(None);
    let other = ack.share();
    ack.delivered();
    assert_eq!(poll(receipt.accepted()), Poll::Pending);
    other.delivered();
    assert_eq!(poll(receipt.accepted()), Poll::Ready(Ok(())));
    assert_eq!(poll(receipt.delivered()), Poll::Ready(Ok(())));
}

#[test]
fn one_refusal_is_known_at_once() {
    let (ack, mut receipt) = Ack::pair(None);
    let other = ack.share();
    let full = Refusal::busy("the queue is full");
    other.refused(&full);
    assert_eq!(poll(receipt.accepted()), Poll::Ready(Err(full.clone())));
    assert_eq!(poll(receipt.delivered()), Poll::Pending);
    ack.delivered();
    assert_eq!(poll(receipt.delivered()), Poll::Ready(Err(full)));
}

#[test]
fn a_pipeline_accepts_what_its_processors_keep() {
    let (mut ack, mut receipt) = Ack::pair(None);
    let other_pipeline = ack.share();
    let acceptance = ack.hold();
    let kept = ack.share();
    assert!(!kept.is_accepted());

    drop(acceptance);
    assert_eq!(poll(receipt.accepted()), Poll::Pending, "the other pipeline has not said a word");

    let mut other_pipeline = other_pipeline;
    other_pipeline.accepted();
    assert_eq!(poll(receipt.accepted()), Poll::Ready(Ok(())));
    assert!(kept.is_accepted());

    kept.refused(&Refusal::permanent("given up"));
    assert_eq!(poll(receipt.accepted()), Poll::Ready(Ok(())), "what was accepted stays accepted");
    ack.delivered();
    other_pipeline.delivered();
    assert_eq!(poll(receipt.delivered()), Poll::Ready(Err(Refusal::permanent("given up"))));
}

#[test]
fn a_refusal_while_a_pipeline_holds_the_answer_reaches_the_source() {
    let (mut ack, mut receipt) = Ack::pair(None);
    let acceptance = ack.hold();
    ack.refused(&Refusal::busy("over budget"));
    drop(acceptance);
    assert_eq!(poll(receipt.accepted()), Poll::Ready(Err(Refusal::busy("over budget"))));
}

#[test]
fn what_is_joined_to_a_promise_must_be_kept_with_it() {
    let (mut old, mut first) = Ack::pair(None);
    old.accepted();
    assert_eq!(poll(first.accepted()), Poll::Ready(Ok(())));
    let (new, _second) = Ack::pair(None);
    assert!(!new.is_accepted());

    old.merge(new);
    assert!(old.is_accepted(), "the first source will not send its part again");

    old.delivered();
    assert!(Ack::none().is_accepted(), "nobody would send it again");
}

#[test]
fn a_dropped_ack_is_a_refusal() {
    let (ack, mut receipt) = Ack::pair(None);
    drop(ack);
    assert!(matches!(poll(receipt.accepted()), Poll::Ready(Err(_))));
}

#[test]
fn the_lease_ends_with_the_last_share() {
    let budget = Budget::new(10);
    let (ack, _receipt) = Ack::pair(budget.lease(10));
    let mut merged = Ack::none();
    merged.merge(ack.share());
    ack.delivered();
    assert_eq!(budget.used(), 10);
    merged.delivered();
    assert_eq!(budget.used(), 0);
}

proptest! {
    /// However batches are shared and merged, a receipt is fulfilled exactly when the last share ends, and reports a refusal
    /// exactly when one of its own shares was refused.
    #[test]
    fn receipts_tell_the_truth(
        sources in 1_usize..5,
        moves in prop::collection::vec((0_usize..8, 0_usize..8, 0_u8..4), 0..40),
    ) {
        let (mut acks, mut receipts): (Vec<_>, Vec<_>) = (0..sources).map(|_| Ack::pair(None)).unzip();
        let mut held: Vec<Vec<usize>> = (0..sources).map(|source| vec![source]).collect();
        let mut refused = vec![false; sources];
        for (a, b, action) in moves {
            if acks.is_empty() { break; }
            let (a, b) = (a % acks.len(), b % acks.len());
            match action {
                0 => { acks.push(acks[a].share()); held.push(held[a].clone()); }
                1 if a != b => {
                    let (ack, sources) = (std::mem::take(&mut acks[b]), held[b].clone());
                    acks[a].merge(ack);
                    held[a].extend(sources);
                    drop(acks.swap_remove(b));
                    held.swap_remove(b);
                }
                2 => { acks.swap_remove(a).delivered(); held.swap_remove(a); }
                3 => {
                    acks.swap_remove(a).refused(&Refusal::permanent("no"));
                    for source in held.swap_remove(a) { refused[source] = true; }
                }
                _ => acks[a].accepted(),
            }
            for (source, receipt) in receipts.iter_mut().enumerate() {
                let open = held.iter().any(|sources| sources.contains(&source));
                let expected = match (open, refused[source]) {
                    (true, _) => Poll::Pending,
                    (false, false) => Poll::Ready(Ok(())),
                    (false, true) => Poll::Ready(Err(Refusal::permanent("no"))),
                };
                prop_assert_eq!(poll(receipt.delivered()), expected);
            }
        }
        for ack in acks { ack.delivered(); }
    }
}
