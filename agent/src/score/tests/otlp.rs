use serde_json::{Value, json};

use super::score;

const START: u64 = 1_772_323_200;

/// A line with a request of two hosts; point number `at` of each series.
fn line(at: u64) -> String {
    let time = ((START + at * 300) * 1_000_000_000).to_string();
    let start = (START * 1_000_000_000).to_string();
    let cpu = |host: &str| if host == "b" && at > 700 { 95.0 } else { (at % 7) as f64 };
    let metrics = |host: &str| -> Value {
        json!([
            {"name": "cpu", "gauge": {"dataPoints": [
                {"timeUnixNano": time, "asDouble": cpu(host), "attributes": [{"key": "cpu", "value": {"intValue": "0"}}]}
            ]}},
            {"name": "requests", "sum": {"isMonotonic": true, "aggregationTemporality": 2, "dataPoints": [
                {"startTimeUnixNano": start, "timeUnixNano": time, "asInt": (600 * at).to_string()}
            ]}},
            {"name": "gone", "gauge": {"dataPoints": [{"timeUnixNano": time, "flags": 1}]}},
        ])
    };
    let resource = |host: &str| {
        json!({
            "resource": {"attributes": [{"key": "host.name", "value": {"stringValue": host}}]},
            "scopeMetrics": [{"metrics": metrics(host)}]
        })
    };
    json!({"resourceMetrics": [resource("a"), resource("b")]}).to_string() + "\n"
}

#[test]
fn every_number_read_off_a_point_has_a_row_with_its_series() {
    let text: String = (1..=2).map(line).collect();

    insta::assert_snapshot!(score(text.as_bytes()).csv);
}

#[test]
fn series_are_scored_each_by_itself() {
    let text: String = (1..800).map(line).collect();

    let outcome = score(text.as_bytes());

    outcome.done.as_ref().expect("scores");
    assert_eq!(outcome.report.summary.events.len(), 1);
    let start = outcome.rows().into_iter().find(|row| row.contains(",start,")).expect("an event");
    assert!(start.starts_with("2026-03-03T10:25:00Z,95,"), "{start}");
    assert!(start.ends_with("\"cpu{cpu=0} value of {host.name=\"\"b\"\"}\""), "{start}");
}

#[test]
fn a_broken_line_has_a_row_and_other_signals_have_none() {
    let text = format!("{}\n{{\"resourceLogs\":[]}}\n{{broken\n{}", line(1).trim_end(), line(2));

    let outcome = score(text.as_bytes());

    let whole = score((line(1) + &line(2)).as_bytes());
    let broken: Vec<&str> = outcome.rows().into_iter().filter(|row| row.starts_with(",,,,,")).collect();
    assert_eq!(broken, [",,,,,not OTLP JSON: column 2: key must be a string,"]);
    assert_eq!(outcome.rows().len(), whole.rows().len() + 1);
    assert_eq!(outcome.report.summary.first, Some((1, "no recorded value".to_owned())));
}
