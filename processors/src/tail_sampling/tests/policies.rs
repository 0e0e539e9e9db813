use edgewatch_core::testing::reading;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Status;

use super::*;
use crate::testing::{Value, pair, resource, text};

/// Whether a trace of these spans is kept.
fn keeps(policies: &[&str], attributes: &[KeyValue], spans: Vec<Span>) -> bool {
    let (mut sampler, _) = sampler("", policies);
    let (start, mut out) = (Instant::now(), Emitter::default());
    sampler.process(traces(resource(attributes), spans), start, &mut out).expect("takes it");
    !tick(&mut sampler, start + seconds(30)).is_empty()
}

fn policy(kind: &str, settings: &str) -> String {
    format!(r#"{{"name": "{kind}", "type": "{kind}", "{kind}": {settings}}}"#)
}

fn with(attribute: KeyValue) -> Vec<Span> {
    vec![span(1, "plain"), Span { attributes: vec![attribute], ..span(1, "marked") }]
}

fn took(start_ms: u64, end_ms: u64) -> Span {
    Span {
        start_time_unix_nano: start_ms * 1_000_000,
        end_time_unix_nano: end_ms * 1_000_000,
        ..span(1, "x")
    }
}

fn status(code: i32) -> Vec<Span> {
    vec![span(1, "x"), Span { status: Some(Status { code, ..Status::default() }), ..span(1, "y") }]
}

#[test]
fn latency_is_from_the_first_start_to_the_last_end() {
    let trace = || vec![took(1000, 1200), took(1100, 1500)];
    for (settings, expected) in [
        (r#"{"threshold_ms": 500}"#, true),
        (r#"{"threshold_ms": 501}"#, false),
        (r#"{"threshold_ms": 499, "upper_threshold_ms": 500}"#, true),
        (r#"{"threshold_ms": 500, "upper_threshold_ms": 600}"#, false),
        (r#"{"threshold_ms": 100, "upper_threshold_ms": 499}"#, false),
    ] {
        assert_eq!(keeps(&[&policy("latency", settings)], &[], trace()), expected, "{settings}");
    }
}

#[test]
fn spans_without_a_start_have_not_taken_since_1970_and_those_that_end_before_they_start_nothing() {
    let slow = policy("latency", r#"{"threshold_ms": 500}"#);
    assert!(!keeps(&[&slow], &[], vec![took(1000, 1200), took(0, 1100)]));
    assert!(!keeps(&[&slow], &[], vec![took(0, 1100)]));
    assert!(!keeps(&[&slow], &[], vec![took(2000, 1000)]));
    let endless = Span { end_time_unix_nano: u64::MAX, ..took(1000, 0) };
    assert!(keeps(&[&slow], &[], vec![took(1000, 1200), endless]));
}

#[test]
fn attributes_are_looked_for_in_resources_and_spans() {
    let texts = policy("string_attribute", r#"{"key": "k", "values": ["v", "w"]}"#);
    let pattern =
        policy("string_attribute", r#"{"key": "k", "values": ["^v.+"], "enabled_regex_matching": true}"#);
    let number = policy("numeric_attribute", r#"{"key": "k", "min_value": 5, "max_value": 7}"#);
    let least = policy("numeric_attribute", r#"{"key": "k", "min_value": 5}"#);
    let flag = policy("boolean_attribute", r#"{"key": "k", "value": true}"#);
    let cases = [
        (&texts, text("k", "w"), true),
        (&texts, text("k", "x"), false),
        (&texts, text("l", "v"), false),
        (&pattern, text("k", "vv"), true),
        (&pattern, text("k", "wvv"), false),
        (&number, pair("k", Value::IntValue(7)), true),
        (&number, pair("k", Value::IntValue(8)), false),
        (&number, text("k", "6"), false),
        (&least, pair("k", Value::IntValue(i64::MAX)), true),
        (&least, pair("k", Value::IntValue(4)), false),
        (&flag, pair("k", Value::BoolValue(true)), true),
        (&flag, pair("k", Value::BoolValue(false)), false),
    ];
    for (policy, attribute, expected) in cases {
        assert_eq!(keeps(&[policy], &[], with(attribute.clone())), expected, "{policy} {attribute:?}");
        assert_eq!(
            keeps(&[policy], std::slice::from_ref(&attribute), vec![span(1, "x")]),
            expected,
            "{policy} {attribute:?}"
        );
    }
}

#[test]
fn other_properties_of_a_trace_are_asked_for() {
    let errors = policy("status_code", r#"{"status_codes": ["ERROR"]}"#);
    assert!(keeps(&[&errors], &[], status(2)));
    assert!(!keeps(&[&errors], &[], status(1)));
    assert!(keeps(&[&policy("status_code", r#"{"status_codes": ["UNSET"]}"#)], &[], status(1)));

    let count = policy("span_count", r#"{"min_spans": 2, "max_spans": 3}"#);
    for (spans, expected) in [(1, false), (2, true), (3, true), (4, false)] {
        assert_eq!(keeps(&[&count], &[], vec![span(1, "x"); spans]), expected);
    }
    assert!(keeps(&[&policy("span_count", r#"{"min_spans": 2}"#)], &[], vec![span(1, "x"); 9]));

    let state = policy("trace_state", r#"{"key": "tier", "values": ["gold"]}"#);
    let stated = |state: &str| vec![Span { trace_state: state.to_owned(), ..span(1, "x") }];
    assert!(keeps(&[&state], &[], stated("a=b, tier=gold")));
    assert!(!keeps(&[&state], &[], stated("a=gold,tier=b")));

    let flags = r#"{"name": "f", "type": "trace_flags"}"#;
    assert!(keeps(&[flags], &[], vec![Span { flags: 0x101, ..span(1, "x") }]));
    assert!(!keeps(&[flags], &[], vec![Span { flags: 0x100, ..span(1, "x") }]));
}

#[test]
fn a_share_of_traces_is_kept_by_the_hash_of_the_collector() {
    let mut kept = 0;
    for number in 0..400_u128 {
        let trace_id = number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes().to_vec();
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in b"default-hash-seed".iter().chain(&trace_id) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(1_099_511_628_211);
        }
        let quarter = policy("probabilistic", r#"{"sampling_percentage": 25}"#);
        let is_kept = keeps(&[&quarter], &[], vec![Span { trace_id, ..Span::default() }]);
        assert_eq!(is_kept, hash <= u64::MAX / 4);
        kept += u32::from(is_kept);
    }
    assert!((80..120).contains(&kept), "{kept}");
}

#[test]
fn inverted_policies_are_against_what_matches_and_for_the_rest() {
    let inverted = policy("string_attribute", r#"{"key": "k", "values": ["v"], "invert_match": true}"#);
    let errors = policy("status_code", r#"{"status_codes": ["ERROR"]}"#);
    let plain = || vec![span(1, "x")];
    assert!(keeps(&[&inverted], &[], plain()));
    assert!(!keeps(&[&inverted], &[], with(text("k", "v"))));
    assert!(!keeps(&[&inverted, ALWAYS], &[], with(text("k", "v"))), "against beats for");
    assert!(!keeps(&[&inverted, &errors], &[], plain()), "a plain no beats an inverted yes");
    assert!(keeps(&[&inverted, &errors], &[], status(2)));
}

#[test]
fn policies_that_drop_beat_all_others() {
    let health = r#"{"name": "path", "type": "string_attribute", "string_attribute": {"key": "url.path", "values": ["/health"]}}"#;
    let drop = policy("drop", &format!(r#"{{"drop_sub_policy": [{health}]}}"#));
    assert!(!keeps(&[ALWAYS, &drop], &[], with(text("url.path", "/health"))));
    assert!(keeps(&[ALWAYS, &drop], &[], with(text("url.path", "/order"))));
}

#[test]
fn policies_are_joined_and_negated() {
    let errors = policy("status_code", r#"{"status_codes": ["ERROR"]}"#);
    let inverted = policy("string_attribute", r#"{"key": "k", "values": ["v"], "invert_match": true}"#);
    let and = policy("and", &format!(r#"{{"and_sub_policy": [{errors}, {inverted}]}}"#));
    assert!(keeps(&[&and], &[], status(2)));
    assert!(!keeps(&[&and], &[], status(1)));
    assert!(!keeps(&[&and], &[text("k", "v")], status(2)));

    let not = policy("not", &format!(r#"{{"not_sub_policy": {errors}}}"#));
    assert!(!keeps(&[&not], &[], status(2)));
    assert!(keeps(&[&not], &[], status(1)));
}

#[test]
fn rates_are_kept_to() {
    let spans = policy("rate_limiting", r#"{"spans_per_second": 2}"#);
    let bytes = policy("bytes_limiting", r#"{"bytes_per_second": 40, "burst_capacity": 80}"#);
    for limit in [spans, bytes] {
        let (mut sampler, _) = sampler("", &[&limit]);
        let start = Instant::now();
        let size = prost::Message::encoded_len(&span(1, "x")) as u64;
        assert_eq!(size, 21);
        feed(&mut sampler, (0..10).map(|trace| span(trace, "x")).collect(), start);
        let kept = tick(&mut sampler, start + seconds(30)).len();
        assert_eq!(kept, if limit.contains("bytes") { 3 } else { 4 }, "{limit}");
        feed(&mut sampler, (10..20).map(|trace| span(trace, "x")).collect(), start + seconds(31));
        assert_eq!(tick(&mut sampler, start + seconds(31 + 30)).len(), kept);
    }
}

#[test]
fn policies_that_share_a_rate_have_their_parts_of_it() {
    let marked = |value: &str| Span { attributes: vec![text("k", value)], ..Span::default() };
    let sub = |name: &str| {
        format!(
            r#"{{"name": "{name}", "type": "string_attribute", "string_attribute": {{"key": "k", "values": ["{name}"]}}}}"#
        )
    };
    let composite = policy(
        "composite",
        &format!(
            r#"{{"max_total_spans_per_second": 10, "policy_order": ["b", "a", "all"], "composite_sub_policy": [{}, {}, {ALWAYS}],
                "rate_allocation": [{{"policy": "a", "percent": 50}}, {{"policy": "b", "percent": 20}}]}}"#,
            sub("a"),
            sub("b")
        ),
    );
    let (mut sampler, registry) = sampler("", &[&composite]);
    let start = Instant::now();
    for second in 0..2 {
        for (trace, value) in (0..60).zip(["a", "b", "c"].into_iter().cycle()) {
            let trace_id = vec![trace + 1, second, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7];
            feed(&mut sampler, vec![Span { trace_id, ..marked(value) }], start + seconds(second.into()));
        }
        let kept = tick(&mut sampler, start + seconds(30 + u64::from(second)));
        let of = |value| kept.iter().filter(|span| span.attributes == [text("k", value)]).count();
        assert_eq!((of("a"), of("b"), of("c")), (5, 2, 3));
    }
    let count = |decision| {
        let name = "otelcol_processor_tail_sampling_count_traces_sampled";
        reading(&registry, name, &[("policy", "composite"), ("decision", decision)]) as u32
    };
    assert_eq!((count("sampled"), count("not_sampled")), (20, 100));
}

#[test]
fn on_the_first_match_no_other_policy_is_asked() {
    let rate = policy("rate_limiting", r#"{"spans_per_second": 1}"#);
    for (keys, asked) in [("", 1), (r#""sample_on_first_match": true"#, 0)] {
        let (mut sampler, registry) = sampler(keys, &[ALWAYS, &rate]);
        let start = Instant::now();
        feed(&mut sampler, vec![span(1, "x")], start);
        tick(&mut sampler, start + seconds(30));
        let name = "otelcol_processor_tail_sampling_count_traces_sampled";
        assert_eq!(reading(&registry, name, &[("policy", "rate_limiting")]) as u32, asked);
    }
}
