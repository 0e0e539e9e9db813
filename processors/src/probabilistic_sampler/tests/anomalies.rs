use edgewatch_core::testing::reading;
use opentelemetry_proto::tonic::trace::v1::Status;

use super::*;
use crate::testing::Value;

const NOW: u64 = 1_700_000_000_000_000_000;

fn took(micros: u64) -> Span {
    Span { start_time_unix_nano: NOW, end_time_unix_nano: NOW + micros * 1000, ..span(HALF, "") }
}

fn trained(config: &str) -> (ProbabilisticSampler, Registry) {
    let (mut processor, registry) = processor(config, Signal::Traces);
    for at in 0..2000 {
        let _ = kept(&mut processor, vec![took(1000 + at * 7919 % 1000)]);
    }
    (processor, registry)
}

#[test]
fn an_unusual_span_stays_and_says_how_unusual_it_is() {
    let (mut processor, registry) = trained(r#"{"keep_anomalies": {}}"#);
    let failed = Span { status: Some(Status { code: 2, ..Status::default() }), ..took(1500) };

    let spans = kept(&mut processor, vec![took(1500), took(900_000), failed]);

    let probabilities: Vec<_> = spans
        .iter()
        .map(|span| {
            let mark = span.attributes.iter().find(|pair| pair.key == "edgewatch.sampling.tail_probability");
            match mark.and_then(|pair| pair.value.as_ref()).and_then(|value| value.value.as_ref()) {
                Some(Value::DoubleValue(number)) => *number,
                other => panic!("{other:?}"),
            }
        })
        .collect();
    assert_eq!(spans.len(), 2);
    assert!(probabilities.iter().all(|probability| (0.0..=1e-3).contains(probability)), "{probabilities:?}");
    assert!(spans.iter().all(|span| span.trace_state.is_empty()), "it stands for no others");
    assert!(reading(&registry, "edgewatch_processor_probabilistic_sampler_anomalies_kept", &[]) >= 2.0);
    assert_eq!(reading(&registry, "edgewatch_processor_operations_known", &[]) as u32, 1);
}

#[test]
fn a_threshold_that_it_came_with_goes_since_it_is_not_the_one_it_was_kept_by() {
    let (mut processor, _) =
        trained(r#"{"mode": "equalizing", "sampling_percentage": 1, "keep_anomalies": {}}"#);
    let sampled = Span { trace_state: "ot=rv:90000000000000;th:8,a=1".to_owned(), ..took(900_000) };
    let spans = kept(&mut processor, vec![sampled]);
    assert_eq!(spans[0].trace_state, "ot=rv:90000000000000,a=1");
}

#[test]
fn a_span_that_is_sampled_anyway_is_not_marked() {
    let (mut processor, _) =
        trained(r#"{"mode": "equalizing", "sampling_percentage": 100, "keep_anomalies": {}}"#);
    let spans = kept(&mut processor, vec![took(900_000)]);
    assert_eq!((spans[0].attributes.len(), spans[0].trace_state.as_str()), (0, "ot=th:0"));
}

#[test]
fn no_more_stay_in_a_second_than_may() {
    let (mut processor, _) = trained(r#"{"keep_anomalies": {"spans_per_second": 2}}"#);
    let (mut out, now) = (Emitter::default(), Instant::now() + std::time::Duration::from_secs(60));
    let spans = (0..20).map(|at| took(1_000_000 << at)).collect();
    processor.process(batch_of(None, spans), now, &mut out).expect("takes it");
    assert_eq!(out.take().iter().flat_map(spans_of).count(), 4);
}

#[test]
fn what_was_learned_is_kept_through_a_restart_and_without_the_key_nothing_is_learned() {
    let (mut before, _) = trained(r#"{"keep_anomalies": {}}"#);
    let mut part = Vec::new();
    assert_eq!(before.learned().expect("learns").save(0, &mut part), None);

    let (mut after, _) = processor(r#"{"keep_anomalies": {}}"#, Signal::Traces);
    after.learned().expect("learns").restore(&part).expect("just saved");
    assert_eq!(kept(&mut after, vec![took(1500), took(900_000)]).len(), 1);
    assert!(processor("{}", Signal::Traces).0.learned().is_none());
}
