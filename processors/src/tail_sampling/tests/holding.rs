use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::budget::Budget;
use edgewatch_core::testing::reading;

use super::*;
use crate::testing::{resource, text};

#[test]
fn a_trace_is_held_until_it_is_due_and_then_comes_whole() {
    let (mut sampler, _) = sampler(r#""decision_wait": "10s""#, &[ALWAYS]);
    let start = Instant::now();

    assert_eq!(feed(&mut sampler, vec![span(1, "a"), span(2, "b")], start), []);
    assert_eq!(feed(&mut sampler, vec![span(1, "c")], start + seconds(9)), []);
    assert_eq!(sampler.deadline(), Some(start + seconds(10)));
    assert_eq!(tick(&mut sampler, start + Duration::from_millis(9_999)), []);

    assert_eq!(tick(&mut sampler, start + seconds(10)), [span(1, "a"), span(2, "b"), span(1, "c")]);
    assert_eq!(sampler.deadline(), None);
}

#[test]
fn traces_of_one_second_are_decided_together() {
    let (mut sampler, _) = sampler(r#""decision_wait": "10s""#, &[ALWAYS]);
    let start = Instant::now();
    for trace in 0..10 {
        feed(&mut sampler, vec![span(trace, "a")], start + Duration::from_millis(90 * u64::from(trace)));
    }
    assert_eq!(tick(&mut sampler, start + seconds(10)).len(), 1);
    assert_eq!(sampler.deadline(), Some(start + seconds(11)));
    assert_eq!(tick(&mut sampler, start + seconds(11)).len(), 9);
}

#[test]
fn with_the_root_span_a_trace_is_due_sooner() {
    let keys = r#""decision_wait": "10s", "decision_wait_after_root_received": "2s""#;
    let (mut sampler, _) = sampler(keys, &[ALWAYS]);
    let start = Instant::now();
    let child = |name| Span { parent_span_id: vec![1; 8], ..span(1, name) };
    feed(&mut sampler, vec![child("a"), Span { parent_span_id: vec![1; 8], ..span(2, "z") }], start);
    feed(&mut sampler, vec![span(1, "root")], start + seconds(1));

    assert_eq!(tick(&mut sampler, start + seconds(3)), [child("a"), span(1, "root")]);
    assert_eq!(tick(&mut sampler, start + seconds(10)).len(), 1);
}

#[test]
fn without_waiting_every_batch_is_decided_at_once() {
    let (mut sampler, _) = sampler(r#""decision_wait": "0s""#, &[ALWAYS]);
    assert_eq!(feed(&mut sampler, vec![span(1, "a")], Instant::now()), [span(1, "a")]);
}

#[test]
fn late_spans_go_the_way_of_their_trace() {
    let errors = r#"{"name": "errors", "type": "string_attribute", "string_attribute": {"key": "k", "values": ["v"]}}"#;
    let (mut sampler, registry) = sampler("", &[errors]);
    let start = Instant::now();
    let wanted = Span { attributes: vec![text("k", "v")], ..span(1, "a") };
    feed(&mut sampler, vec![wanted.clone(), span(2, "b")], start);
    assert_eq!(tick(&mut sampler, start + seconds(30)), [wanted]);

    assert_eq!(
        feed(&mut sampler, vec![span(1, "late"), span(2, "late")], start + seconds(31)),
        [span(1, "late")]
    );
    assert_eq!(sampler.deadline(), None);
    let late = |sampled| {
        let name = "otelcol_processor_tail_sampling_early_releases_from_cache_decision";
        reading(&registry, name, &[("sampled", sampled)]) as u32
    };
    assert_eq!((late("true"), late("false")), (1, 1));
}

#[test]
fn a_trace_that_was_forgotten_and_comes_again_does_not_bring_back_what_was_decided() {
    let keys = r#""decision_wait": "10s", "decision_wait_after_root_received": "2s",
        "decision_cache": {"sampled_cache_size": 1, "non_sampled_cache_size": 1}"#;
    let (mut sampler, _) = sampler(keys, &[ALWAYS]);
    let start = Instant::now();
    let child = |trace, name| Span { parent_span_id: vec![1; 8], ..span(trace, name) };
    feed(&mut sampler, vec![span(1, "first"), child(9, "held on")], start);
    assert_eq!(tick(&mut sampler, start + seconds(2)), [span(1, "first")]);
    feed(&mut sampler, (20..30).map(|other| span(other, "x")).collect(), start + seconds(2));
    assert_eq!(tick(&mut sampler, start + seconds(4)).len(), 10);

    assert_eq!(feed(&mut sampler, vec![child(1, "again")], start + seconds(4)), []);
    assert_eq!(tick(&mut sampler, start + seconds(14)), [child(9, "held on"), child(1, "again")]);
}

#[test]
fn what_is_held_at_the_end_is_decided_or_dropped_as_asked() {
    let start = Instant::now();
    for (keys, expected) in [("", 2), (r#""drop_pending_traces_on_shutdown": true"#, 0)] {
        let (mut sampler, registry) = sampler(keys, &[ALWAYS]);
        feed(&mut sampler, vec![span(1, "a"), span(2, "b")], start);
        assert_eq!(drain(&mut sampler).len(), expected);
        let dropped =
            reading(&registry, "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early", &[]);
        assert_eq!(dropped as usize, 2 - expected);
    }
}

#[test]
fn a_request_that_is_kept_whole_passes_without_being_copied() {
    let (mut sampler, _) = sampler("", &[ALWAYS]);
    let batch = traces(resource(&[text("service.name", "x")]), vec![span(1, "a"), span(2, "b")]);
    let request = batch.segments()[0].clone();
    let (mut out, start) = (Emitter::default(), Instant::now());
    sampler.process(batch, start, &mut out).expect("takes it");
    sampler.tick(start + seconds(30), &mut out);
    let batches = out.take();
    assert_eq!(batches[0].segments()[0].as_ptr(), request.as_ptr());
    batches.into_iter().for_each(Batch::deliver);
}

#[test]
fn sources_are_told_accepted_at_once_and_delivered_when_all_that_was_kept_is() {
    let wanted = r#"{"name": "wanted", "type": "string_attribute", "string_attribute": {"key": "k", "values": ["v"]}}"#;
    let (mut sampler, _) = sampler("", &[wanted]);
    let (budget, start) = (Budget::new(1 << 20), Instant::now());
    let kept = Span { attributes: vec![text("k", "v")], ..span(1, "a") };
    let request = traces(None, vec![kept, span(2, "b")]).segments()[0].clone();
    let (ack, mut receipt) = Ack::pair(budget.lease(request.len()));
    let mut out = Emitter::default();

    sampler.process(Batch::new(Signal::Traces, request, 2, ack), start, &mut out).expect("takes it");
    assert_eq!(now(receipt.accepted()), Some(Ok(())));
    assert!(budget.used() > 0, "what is held is in flight");

    sampler.tick(start + seconds(30), &mut out);
    assert_eq!(now(receipt.delivered()), None);
    out.take().into_iter().for_each(Batch::deliver);
    assert_eq!(now(receipt.delivered()), Some(Ok(())));
    assert_eq!(budget.used(), 0);
}

#[test]
fn what_is_dropped_and_what_holds_nothing_is_delivered() {
    let never = r#"{"name": "never", "type": "probabilistic", "probabilistic": {}}"#;
    let (mut sampler, _) = sampler("", &[never]);
    let start = Instant::now();
    for request in [traces(None, vec![span(1, "a")]).segments()[0].clone(), Bytes::from_static(&[0x0a, 0])] {
        let (ack, mut receipt) = Ack::pair(None);
        let mut out = Emitter::default();
        sampler.process(Batch::new(Signal::Traces, request, 1, ack), start, &mut out).expect("takes it");
        sampler.tick(start + seconds(30), &mut out);
        assert!(out.is_empty());
        assert_eq!(now(receipt.delivered()), Some(Ok(())));
    }
}

#[test]
fn kept_spans_say_which_policy_kept_them_when_asked_to() {
    let (mut sampler, _) = sampler(r#""record_policy": true"#, &[ALWAYS]);
    let start = Instant::now();
    feed(&mut sampler, vec![span(1, "a")], start);
    let marked = Span { attributes: vec![text("tailsampling.policy", "all")], ..span(1, "a") };
    assert_eq!(tick(&mut sampler, start + seconds(30)), [marked]);
    let late = feed(&mut sampler, vec![span(1, "b")], start + seconds(31));
    assert_eq!(late[0].attributes[0].key, "tailsampling.cached_decision");
}

/// What a future has come to without waiting.
fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}
