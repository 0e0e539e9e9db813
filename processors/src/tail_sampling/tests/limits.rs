use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::budget::Budget;
use edgewatch_core::testing::reading;

use super::*;

fn early(registry: &Registry, reason: &str) -> u32 {
    reading(registry, "edgewatch_processor_tail_sampling_decided_early", &[("reason", reason)]) as u32
}

#[test]
fn with_too_many_traces_the_oldest_are_decided_early() {
    let (mut sampler, registry) = sampler(r#""num_traces": 2"#, &[ALWAYS]);
    let start = Instant::now();
    assert_eq!(feed(&mut sampler, vec![span(1, "a"), span(2, "b")], start), []);
    assert_eq!(feed(&mut sampler, vec![span(1, "c"), span(3, "d")], start), [span(1, "a"), span(1, "c")]);
    assert_eq!((early(&registry, "num_traces"), early(&registry, "memory")), (1, 0));
    assert_eq!(
        reading(&registry, "otelcol_processor_tail_sampling_sampling_traces_on_memory", &[]) as u32,
        2
    );
}

#[test]
fn with_too_much_memory_the_oldest_are_decided_early_until_there_is_room() {
    let (mut sampler, registry) = sampler(r#""max_memory_mib": 1"#, &[ALWAYS]);
    let (start, long) = (Instant::now(), "x".repeat(100_000));
    let mut out = 0;
    for trace in 0..100 {
        out += feed(&mut sampler, vec![span(trace, &long)], start).len();
        let held = reading(&registry, "edgewatch_processor_tail_sampling_held_bytes", &[]);
        assert!(held <= 1_048_576.0, "{held}");
    }
    assert_eq!(out, 90);
    assert_eq!(early(&registry, "memory"), 90);
}

#[test]
fn places_of_many_small_spans_count_as_memory() {
    let (mut sampler, registry) = sampler(r#""max_memory_mib": 1"#, &[ALWAYS]);
    let spans = vec![Span::default(); 50_000];
    assert_eq!(feed(&mut sampler, spans, Instant::now()).len(), 50_000);
    assert_eq!(early(&registry, "memory"), 1);
}

#[test]
fn no_more_is_held_than_half_of_what_may_be_in_flight() {
    let config = config(&format!(r#"{{"policies": [{ALWAYS}]}}"#));
    let (mut context, registry) = context("tail_sampling");
    context.budget = Budget::new(100_000);
    let mut sampler = TailSampling::build(config, &context).expect("builds");
    let long = "x".repeat(10_000);
    for trace in 0..10 {
        feed(&mut sampler, vec![span(trace, &long)], Instant::now());
    }
    assert!(early(&registry, "memory") >= 5);
}

#[test]
fn with_block_on_overflow_requests_are_refused_unless_they_are_accepted_already() {
    let (mut sampler, _) = sampler(r#""num_traces": 1, "block_on_overflow": true"#, &[ALWAYS]);
    let (start, mut out) = (Instant::now(), Emitter::default());
    feed(&mut sampler, vec![span(1, "a")], start);

    let request = traces(None, vec![span(2, "b")]).segments()[0].clone();
    let (ack, _receipt) = Ack::pair(None);
    let error = sampler.process(Batch::new(Signal::Traces, request.clone(), 1, ack), start, &mut out);
    let error = error.expect_err("is full");
    assert_eq!(error.batch.segments(), [request]);
    error.batch.refuse(&error.refusal);

    assert_eq!(feed(&mut sampler, vec![span(2, "b")], start), [span(1, "a")], "nobody would send it again");
}

#[test]
fn a_trace_that_is_too_large_is_dropped_with_all_that_follows() {
    let (mut sampler, registry) = sampler(r#""maximum_trace_size_bytes": 1000"#, &[ALWAYS]);
    let (start, long) = (Instant::now(), "x".repeat(600));
    feed(&mut sampler, vec![span(1, &long), span(2, "b")], start);
    feed(&mut sampler, vec![span(1, &long), span(1, "more")], start);
    assert_eq!(tick(&mut sampler, start + seconds(30)), [span(2, "b")]);
    assert_eq!(
        reading(&registry, "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early", &[]) as u32,
        1
    );
    assert_eq!(reading(&registry, "edgewatch_processor_tail_sampling_held_bytes", &[]) as u32, 0);
}

#[test]
fn a_request_with_too_many_traces_does_not_make_more_be_held_and_none_of_its_spans_is_lost() {
    let keys = r#""num_traces": 2, "record_policy": true"#;
    let (mut sampler, registry) = sampler(keys, &[ALWAYS]);
    let start = Instant::now();
    let spans = [1, 2, 3, 1, 2].map(|trace| span(trace, "x"));
    let kept = feed(&mut sampler, spans.to_vec(), start);
    // The first one was decided when the third came; its second span follows it.
    assert_eq!(kept.iter().map(|span| span.trace_id[0]).collect::<Vec<_>>(), [1, 1]);
    assert!(kept.iter().all(|span| span.attributes[0].key == "tailsampling.policy"), "{kept:?}");
    assert_eq!(early(&registry, "num_traces"), 1);
    assert_eq!(tick(&mut sampler, start + seconds(30)).len(), 3);
}

#[test]
fn what_was_decided_about_spans_without_a_trace_id_is_not_held_against_later_ones() {
    let errors = r#"{"name": "errors", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}}"#;
    for trace_id in [vec![], vec![0; 16]] {
        let (mut sampler, _) = sampler("", &[errors]);
        let start = Instant::now();
        let sound = Span { trace_id: trace_id.clone(), ..Span::default() };
        let status = opentelemetry_proto::tonic::trace::v1::Status { code: 2, ..Default::default() };
        let failed = Span { status: Some(status), ..sound.clone() };
        feed(&mut sampler, vec![sound], start);
        assert_eq!(tick(&mut sampler, start + seconds(30)), []);
        feed(&mut sampler, vec![failed.clone()], start + seconds(31));
        assert_eq!(tick(&mut sampler, start + seconds(61)), [failed]);
    }
}

#[test]
fn ids_of_another_length_are_told_apart() {
    let (mut sampler, _) =
        sampler("", &[r#"{"name": "two", "type": "span_count", "span_count": {"min_spans": 2}}"#]);
    let start = Instant::now();
    let of = |id: &[u8]| Span { trace_id: id.to_vec(), ..Span::default() };
    feed(
        &mut sampler,
        vec![of(&[7]), of(&[7, 7]), of(&[7; 15]), of(&[7; 16]), of(&[8; 16]), of(&[7])],
        start,
    );
    assert_eq!(tick(&mut sampler, start + seconds(30)), [of(&[7]), of(&[7])]);
}
