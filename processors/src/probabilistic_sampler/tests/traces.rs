use edgewatch_core::config::ConfigError;
use edgewatch_core::testing::reading;
use proptest::prelude::*;

use super::*;
use crate::testing::{Value, pair, processed, text};

const MODES: [&str; 3] = ["hash_seed", "equalizing", "proportional"];

fn in_mode(mode: &str, percentage: f32, fail_closed: bool) -> ProbabilisticSampler {
    let config = format!(
        r#"{{"mode": "{mode}", "sampling_percentage": {percentage:?}, "fail_closed": {fail_closed}}}"#
    );
    processor(&config, Signal::Traces).0
}

#[test]
fn the_priority_of_a_span_decides_whatever_the_percentage() {
    let priorities = [
        (Value::IntValue(2), Some(true)),
        (Value::DoubleValue(0.5), Some(true)),
        (Value::StringValue("1".to_owned()), Some(true)),
        (Value::IntValue(0), Some(false)),
        (Value::DoubleValue(0.0), Some(false)),
        (Value::StringValue("0.0".to_owned()), Some(false)),
        (Value::IntValue(-1), None),
        (Value::StringValue("NaN".to_owned()), None),
        (Value::BoolValue(true), None),
    ];
    for mode in MODES {
        for (value, asks) in &priorities {
            for percentage in [0.0, 100.0] {
                let attributes = vec![pair("sampling.priority", value.clone())];
                let spans = vec![Span { attributes, ..span(HALF, "") }];
                let is_kept = !kept(&mut in_mode(mode, percentage, true), spans).is_empty();
                assert_eq!(is_kept, asks.unwrap_or(percentage > 0.0), "{mode} {value:?} {percentage}");
            }
        }
    }
}

#[test]
fn what_nothing_can_be_decided_about_is_dropped_unless_it_is_to_pass() {
    let undecidable = [
        (MODES, span(&"0".repeat(32), "")),
        (MODES, span("", "")),
        (MODES, span(HALF, "ot=rv:abababababababab")),
        (MODES, span(HALF, "ot=th:-1")),
        (MODES, span(HALF, "not a trace state")),
        (["hash_seed"; 3], span(HALF, "ot=th:8")),
        (["hash_seed"; 3], span(HALF, "ot=rv:90000000000000")),
        (["equalizing", "proportional", "proportional"], span("ffffffffffffffffff70000000000000", "ot=th:8")),
    ];
    for (modes, span) in undecidable {
        for mode in modes {
            assert_eq!(kept(&mut in_mode(mode, 100.0, true), vec![span.clone()]), [], "{mode} {span:?}");
            assert_eq!(kept(&mut in_mode(mode, 62.0, false), vec![span.clone()]).len(), 1, "{mode} {span:?}");
        }
    }
    assert_eq!(kept(&mut in_mode("hash_seed", 0.0, false), vec![span("", "")]), []);
}

#[test]
fn everything_else_of_a_span_stays_as_it_was() {
    let before = Span { attributes: vec![text("a", "b")], end_time_unix_nano: 7, ..span(HALF, "vendor=1") };
    let after = kept(&mut in_mode("proportional", 100.0, true), vec![before.clone()]);
    assert_eq!(after, [Span { trace_state: "ot=th:0,vendor=1".to_owned(), ..before }]);
}

#[test]
fn a_request_whose_spans_have_their_threshold_already_passes_byte_for_byte() {
    let batch = batch_of(None, vec![span(HALF, "ot=th:8"), span(HALF, "ot=th:8")]);
    let segments = batch.segments().to_vec();
    assert_eq!(processed(&mut in_mode("equalizing", 50.0, true), batch).segments(), segments);
}

#[test]
fn counts_what_was_decided_and_by_what() {
    let (mut processor, registry) =
        processor(r#"{"mode": "equalizing", "sampling_percentage": 50}"#, Signal::Traces);
    let spans = vec![span(HALF, ""), span(HALF, "ot=rv:00000000000000"), span("", "")];
    kept(&mut processor, spans);
    let count = |policy, sampled| {
        let name = "otelcol_processor_probabilistic_sampler_count_traces_sampled";
        reading(&registry, name, &[("policy", policy), ("sampled", sampled)]) as u32
    };
    assert_eq!(count("trace_id_w3c", "true"), 1);
    assert_eq!(count("sampling_randomness", "false"), 1);
    assert_eq!(count("missing_randomness", "false"), 1);
}

#[test]
fn settings_that_mean_nothing_are_refused() {
    let refused = |text: &str| {
        let config: Config = serde_json::from_str(text).expect("parses");
        config.validate().err().map(|error: ConfigError| error.to_string())
    };
    assert_eq!(
        refused(
            r#"{"sampling_percentage": -1, "sampling_precision": 15, "keep_anomalies": {"probability": 2}}"#
        )
        .as_deref(),
        Some(
            "sampling_percentage: -1 is not a percentage; write a number from 0 to 100; \
             sampling_precision: 15 is not within 1 and 14; \
             keep_anomalies.probability: 2 is no probability; write a number from 0 to 1, such as 0.001"
        )
    );
    assert_eq!(refused("{}"), None);
}

proptest! {
    #[test]
    fn all_spans_of_a_trace_are_kept_or_none_and_those_kept_at_a_percentage_are_kept_at_a_larger_one(
        ids in prop::collection::vec(any::<[u8; 16]>(), 1..8), one in 0.1..100.0_f32, two in 0.1..100.0_f32, mode in 0..3_usize,
    ) {
        let spans: Vec<Span> = ids.iter().chain(&ids).map(|id| Span { trace_id: id.to_vec(), ..Span::default() }).collect();
        let ids_kept = |percentage| -> Vec<Vec<u8>> {
            let kept = kept(&mut in_mode(MODES[mode], percentage, true), spans.clone());
            kept.into_iter().map(|span| span.trace_id).collect()
        };
        let (fewer, more) = (ids_kept(one.min(two)), ids_kept(one.max(two)));
        for id in &ids {
            let of = |kept: &[Vec<u8>]| kept.iter().filter(|kept| kept.as_slice() == id).count();
            let all = spans.iter().filter(|span| span.trace_id == id).count();
            prop_assert!([0, all].contains(&of(&fewer)));
            prop_assert!(of(&fewer) <= of(&more));
        }
    }
}
