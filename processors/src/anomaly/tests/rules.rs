use edgewatch_proto::encode::Times;

use super::*;

fn problem(config: &str) -> String {
    let config: Config = serde_json::from_str(config).expect("parses");
    format!("{:?}", config.validate().expect_err("is refused"))
}

#[test]
fn the_first_rule_that_matches_counts() {
    let mut subject = Subject::new(
        r#"{"rules": [
            {"match_type": "regexp", "metric_names": ["^loa"], "attributes": [{"key": "series", "value": "^[12]$"}]},
            {"metric_names": ["load"], "enabled": false},
            {"resources": [{"key": "service.name", "value": "bank"}], "enabled": false}
        ]}"#,
    );
    for beat in 0..4 {
        subject.take(gauges(at(beat), (0..4).map(|series| (series, 1.0))));
        subject.take(batch("bank", |scope| {
            scope.gauge("other", "1", "", |points| points.double(Times::at(at(beat)), 1.0, |_| {}));
        }));
    }
    assert_eq!(subject.reading("series", &[]), 2.0);
    assert_eq!(subject.reading("unscored_points", &[("reason", "disabled")]), 12.0);
}

#[test]
fn a_strict_value_is_compared_as_text() {
    let mut subject =
        Subject::new(r#"{"rules": [{"attributes": [{"key": "series", "value": "1"}], "enabled": false}]}"#);
    (0..4).for_each(|beat| subject.take(gauges(at(beat), [(0, 1.0), (1, 1.0), (11, 1.0)])));
    assert_eq!(subject.reading("series", &[]), 2.0);
}

#[test]
fn only_what_goes_the_way_that_was_asked_for_is_told() {
    let events = |direction: &str, value: f64| {
        let rules = format!(r#"{{"rules": [{{"direction": "{direction}"}}]}}"#);
        let mut subject = Subject::new(&rules);
        live(&mut subject, 1, 0..GROWN);
        subject.take(gauges(at(GROWN), [(0, value)]));
        subject.told.events.len()
    };
    assert_eq!((events("up", 900.0), events("up", -900.0)), (1, 0));
    assert_eq!((events("down", 900.0), events("down", -900.0)), (0, 1));
    assert_eq!((events("both", 900.0), events("both", -900.0)), (1, 1));
}

#[test]
fn what_cannot_be_is_refused_at_its_key() {
    let cases = [
        (r#"{"event_probability": 0}"#, "event_probability"),
        (r#"{"event_probability": 0.5}"#, "event_probability"),
        (r#"{"scoring_step": "500ms"}"#, "scoring_step"),
        (r#"{"scoring_step": "2h"}"#, "scoring_step"),
        (r#"{"forget_after": "1m"}"#, "forget_after"),
        (
            r#"{"rules": [{}, {"match_type": "regexp", "metric_names": ["a", "("]}]}"#,
            "rules.1.metric_names.1",
        ),
        (
            r#"{"rules": [{"match_type": "regexp", "resources": [{"key": "a", "value": "("}]}]}"#,
            "rules.0.resources.0.value",
        ),
        (r#"{"rules": [{"attributes": [{"key": ""}]}]}"#, "rules.0.attributes.0.key"),
    ];
    for (config, key) in cases {
        let problem = problem(config);
        assert!(problem.contains(&format!("\"{key}\"")), "{key}: {problem}");
    }
}

#[test]
fn what_the_processor_has_written_is_not_scored_when_it_comes_back_by_way_of_prometheus() {
    let mut subject = Subject::new(r#"{"rules": [{"enabled": true}]}"#);
    let own =
        ["edgewatch_anomaly_score", "edgewatch_anomaly_rate_ratio", "edgewatch_processor_anomaly_active"];
    for beat in 0..5 {
        subject.take(batch("shop", |scope| {
            for name in own.into_iter().chain(["edgewatch_queue_bytes"]) {
                scope.gauge(name, "1", "", |points| points.double(Times::at(at(beat)), 1.0, |_| {}));
            }
        }));
    }
    assert_eq!(subject.reading("unscored_points", &[("reason", "disabled")]), 15.0);
    assert_eq!(subject.reading("series", &[]), 1.0);
}
