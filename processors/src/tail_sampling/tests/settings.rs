use super::*;

fn refused(text: &str) -> String {
    config(text).validate().expect_err("must be refused").to_string()
}

fn refused_policy(policy: &str) -> String {
    refused(&format!(r#"{{"policies": [{policy}]}}"#))
}

#[test]
fn what_is_not_there_is_refused_by_name_and_with_the_way_out() {
    assert_eq!(
        refused("{}"),
        "policies: must name at least one policy; without one every trace would be dropped"
    );
    assert_eq!(
        refused(&format!(r#"{{"sampling_strategy": "span-ingest", "policies": [{ALWAYS}]}}"#)),
        "sampling_strategy: span-ingest is not in this build; remove the key to decide when a trace is complete"
    );
    let ottl = r#"{"name": "o", "type": "ottl_condition", "ottl_condition": {"span": ["true"]}}"#;
    assert_eq!(
        refused_policy(ottl),
        "policies[0].type: ottl_condition needs the OpenTelemetry Transformation Language, which this build does not have; \
         use string_attribute, numeric_attribute, boolean_attribute or status_code, joined by and"
    );
}

#[test]
fn policies_that_mean_nothing_are_refused_at_their_key() {
    for (policy, key) in [
        (r#"{"name": "", "type": "always_sample"}"#, "policies[0].name"),
        (r#"{"name": "x", "type": "latency"}"#, "policies[0].latency"),
        (
            r#"{"name": "x", "type": "latency", "latency": {"threshold_ms": 5, "upper_threshold_ms": 5}}"#,
            "policies[0].latency.upper_threshold_ms",
        ),
        (
            r#"{"name": "x", "type": "numeric_attribute", "numeric_attribute": {"key": "k"}}"#,
            "policies[0].numeric_attribute",
        ),
        (
            r#"{"name": "x", "type": "numeric_attribute", "numeric_attribute": {"key": "k", "min_value": 2, "max_value": 1}}"#,
            "policies[0].numeric_attribute.max_value",
        ),
        (r#"{"name": "x", "type": "rate_limiting"}"#, "policies[0].rate_limiting"),
        (r#"{"name": "x", "type": "bytes_limiting"}"#, "policies[0].bytes_limiting"),
        (r#"{"name": "x", "type": "status_code"}"#, "policies[0].status_code.status_codes"),
        (r#"{"name": "x", "type": "string_attribute"}"#, "policies[0].string_attribute"),
        (
            r#"{"name": "x", "type": "string_attribute", "string_attribute": {"key": "k", "values": ["("], "enabled_regex_matching": true}}"#,
            "policies[0].string_attribute.values[0]",
        ),
        (
            r#"{"name": "x", "type": "anomaly", "anomaly": {"probability": 1.5}}"#,
            "policies[0].anomaly.probability",
        ),
        (r#"{"name": "x", "type": "and"}"#, "policies[0].and.and_sub_policy"),
        (r#"{"name": "x", "type": "not"}"#, "policies[0].not.not_sub_policy"),
        (
            r#"{"name": "x", "type": "not", "not": {"not_sub_policy": {"name": "y", "type": "boolean_attribute", "boolean_attribute": {"key": "k", "invert_match": true}}}}"#,
            "policies[0].not.not_sub_policy",
        ),
        (
            r#"{"name": "x", "type": "and", "and": {"and_sub_policy": [{"name": "y", "type": "drop"}]}}"#,
            "policies[0].and.and_sub_policy[0].type",
        ),
        (
            r#"{"name": "x", "type": "composite", "composite": {"policy_order": ["z"], "composite_sub_policy": [{"name": "y", "type": "always_sample"}]}}"#,
            "policies[0].composite.policy_order",
        ),
    ] {
        let message = refused_policy(policy);
        assert!(message.starts_with(&format!("{key}: ")), "{policy}: {message}");
    }
    let twice = refused(&format!(r#"{{"policies": [{ALWAYS}, {ALWAYS}]}}"#));
    assert_eq!(twice, "policies[1].name: all names two policies; give each a name of its own");
}

#[test]
fn policies_do_not_stand_in_each_other_without_end() {
    let nested = (0..12).fold(ALWAYS.to_owned(), |inner, level| {
        format!(r#"{{"name": "p{level}", "type": "not", "not": {{"not_sub_policy": {inner}}}}}"#)
    });
    assert!(refused_policy(&nested).contains("stands in too many others"));
}

#[test]
fn the_memory_that_it_may_take_beside_requests_is_told() {
    let small = config(&format!(r#"{{"num_traces": 1000, "policies": [{ALWAYS}]}}"#)).memory_bound();
    let learning = r#"{"num_traces": 1000, "policies": [{"name": "odd", "type": "anomaly"}]}"#;
    let more = config(learning).memory_bound() - small;
    assert!((400_000..1_000_000).contains(&small), "{small}");
    assert!((2_400_000..3_200_000).contains(&more), "{more}");
}

#[test]
fn the_largest_numbers_that_can_be_written_do_no_harm() {
    let most = u64::MAX;
    let limit = format!(
        r#"{{"name": "rate", "type": "rate_limiting", "rate_limiting": {{"spans_per_second": {most}}}}}"#
    );
    let subs: Vec<String> =
        (0..200).map(|at| format!(r#"{{"name": "s{at}", "type": "always_sample"}}"#)).collect();
    let shares: Vec<String> =
        (0..200).map(|at| format!(r#"{{"policy": "s{at}", "percent": 100}}"#)).collect();
    let composite = format!(
        r#"{{"name": "c", "type": "composite", "composite": {{"max_total_spans_per_second": {most}, "composite_sub_policy": [{}], "rate_allocation": [{}]}}}}"#,
        subs.join(", "),
        shares.join(", ")
    );
    let keys = format!(
        r#""decision_wait": "18446744073s", "decision_wait_after_root_received": "18446744072s", "num_traces": {most}, "max_memory_mib": {most},
            "expected_new_traces_per_sec": {most}, "decision_cache": {{"sampled_cache_size": {most}, "non_sampled_cache_size": {most}}}"#
    );
    let (mut sampler, _) = sampler(&keys, &[&limit, &composite]);
    let start = Instant::now();
    feed(&mut sampler, vec![span(1, "a")], start);
    assert_eq!(feed(&mut sampler, vec![span(1, "b")], start + seconds(10)), []);
    assert!(sampler.deadline() > Some(start + seconds(1_000_000)));
    assert_eq!(drain(&mut sampler).len(), 2);
}
