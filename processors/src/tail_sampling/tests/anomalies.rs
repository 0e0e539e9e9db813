use edgewatch_core::testing::reading;
use opentelemetry_proto::tonic::trace::v1::Status;

use super::*;
use crate::testing::Value;

const NOW: u64 = 1_700_000_000_000_000_000;
const ODD: &str = r#"{"name": "odd", "type": "anomaly"}"#;

/// A trace of three spans of which one took so long.
fn trace(number: u64, micros: u64) -> Vec<Span> {
    let trace_id = [number.to_be_bytes(), number.to_be_bytes()].concat();
    let took = |name: &str, micros: u64| Span {
        trace_id: trace_id.clone(),
        name: name.to_owned(),
        start_time_unix_nano: NOW,
        end_time_unix_nano: NOW + micros * 1000,
        ..Span::default()
    };
    vec![took("request", 5_000 + number % 100), took("query", micros), took("render", 100)]
}

/// An ordinary duration: at least a millisecond, and exponentially distributed above.
fn micros(number: u64) -> u64 {
    let mut bits = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let uniform = ((bits >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    (1000.0 - 300.0 * uniform.ln()) as u64
}

fn trained(keys: &str, policies: &[&str], start: Instant) -> (TailSampling, Registry) {
    let (mut sampler, registry) = sampler(keys, policies);
    for number in 0..8000 {
        feed(&mut sampler, trace(number, micros(number)), start);
    }
    tick(&mut sampler, start + seconds(100));
    (sampler, registry)
}

#[test]
fn an_unusual_trace_is_kept_whole_and_says_how_unusual_it_is() {
    let start = Instant::now();
    let (mut sampler, registry) = trained("", &[ODD], start);
    let later = start + seconds(200);
    let mut failed = trace(9_002, 1_500);
    failed[2].status = Some(Status { code: 2, ..Status::default() });
    for spans in [trace(9_000, 1_500), trace(9_001, 80_000), failed] {
        feed(&mut sampler, spans, later);
    }
    let kept = tick(&mut sampler, later + seconds(100));

    let mut ids: Vec<_> =
        kept.iter().map(|span| u64::from_be_bytes(span.trace_id[8..].try_into().expect("8"))).collect();
    ids.sort_unstable();
    assert_eq!(ids, [9_001, 9_001, 9_001, 9_002, 9_002, 9_002]);
    for span in &kept {
        let mark = span.attributes.iter().find(|pair| pair.key == "edgewatch.sampling.tail_probability");
        match mark.and_then(|pair| pair.value.as_ref()).and_then(|value| value.value.as_ref()) {
            Some(Value::DoubleValue(probability)) => {
                assert!((1e-9..=2e-3).contains(probability), "{probability}")
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(reading(&registry, "edgewatch_processor_operations_known", &[]) as u32, 3);
}

#[test]
fn no_more_traces_are_unusual_than_the_probability_says_and_about_as_many_by_each_question() {
    let start = Instant::now();
    let policy =
        r#"{"name": "odd", "type": "anomaly", "anomaly": {"probability": 0.05, "spans_per_second": 0}}"#;
    let (mut sampler, _) = trained("", &[policy], start);
    for number in 10_000..20_000 {
        feed(&mut sampler, trace(number, micros(number)), start + seconds(200));
    }
    let kept = tick(&mut sampler, start + seconds(300)).len() / 3;
    // Of six questions, two for each span, one is answered by chance here: a sixth of 500, within what chance allows.
    assert!((50..=120).contains(&kept), "{kept}");
}

#[test]
fn unusual_traces_are_kept_up_to_a_rate() {
    let start = Instant::now();
    let policy = r#"{"name": "odd", "type": "anomaly", "anomaly": {"spans_per_second": 3}}"#;
    let (mut sampler, _) = trained("", &[policy], start);
    for number in 0..10 {
        feed(&mut sampler, trace(10_000 + number, 1_000_000 << number), start + seconds(200));
    }
    assert_eq!(tick(&mut sampler, start + seconds(300)).len(), 6);
}

#[test]
fn an_unusual_trace_with_more_spans_than_may_be_kept_in_a_second_is_kept_and_others_wait_for_it() {
    let start = Instant::now();
    let policy = r#"{"name": "odd", "type": "anomaly", "anomaly": {"spans_per_second": 3}}"#;
    let (mut sampler, _) = trained("", &[policy], start);
    let large: Vec<Span> = trace(9_000, 1_000_000).into_iter().cycle().take(12).collect();
    feed(&mut sampler, large, start + seconds(200));
    feed(&mut sampler, trace(9_001, 2_000_000), start + seconds(200));
    assert_eq!(tick(&mut sampler, start + seconds(230)).len(), 12);
    feed(&mut sampler, trace(9_002, 4_000_000), start + seconds(204));
    assert_eq!(tick(&mut sampler, start + seconds(234)).len(), 3);
}

#[test]
fn what_was_learned_is_kept_through_a_restart_and_without_the_policy_nothing_is_learned() {
    let start = Instant::now();
    let (mut before, _) = trained("", &[ODD], start);
    let mut part = Vec::new();
    assert_eq!(before.learned().expect("learns").save(0, &mut part), None);

    let (mut after, _) = sampler("", &[ODD]);
    after.learned().expect("learns").restore(&part).expect("just saved");
    feed(&mut after, trace(9_001, 80_000), start);
    assert_eq!(tick(&mut after, start + seconds(100)).len(), 3);
    assert!(sampler("", &[ALWAYS]).0.learned().is_none());
}
