use edgewatch_core::factory::{ComponentConfig, ConnectorFactory};
use serde_json::json;

use super::*;

fn config(value: serde_json::Value) -> Config {
    serde_json::from_value(value).expect("settings")
}

#[test]
fn both_spellings_of_the_retry_interval_are_read() {
    assert_eq!(config(json!({})).retry_interval(), Duration::from_secs(600));
    assert_eq!(config(json!({"retry_interval": "5m"})).retry_interval(), Duration::from_secs(300));
    let newer = json!({"strategy": "standard", "standard": {"retry_interval": "2m"}, "retry_interval": "5m"});
    assert_eq!(config(newer).retry_interval(), Duration::from_secs(120));
}

#[test]
fn a_former_configuration_of_the_collector_is_taken() {
    let former = json!({
        "priority_levels": [["traces/first", "traces/also_first"], ["traces/second"]],
        "retry_interval": "5m", "retry_gap": "1m", "max_retries": 10,
    });
    assert_eq!(config(former).validate(), Ok(()));
}

#[test]
fn what_cannot_work_is_refused_with_the_way_out() {
    for (wrong, report) in [
        (
            json!({}),
            "priority_levels: is missing; name the pipelines, best first: [[traces/primary], [traces/backup]]",
        ),
        (
            json!({"priority_levels": [["a"], []]}),
            "priority_levels.1: names no pipeline; name one or remove it",
        ),
        (json!({"priority_levels": [["a"], ["b", "a"]]}), "priority_levels.1.1: pipeline `a` is named twice"),
        (
            json!({"priority_levels": [["a"]], "retry_interval": "0s"}),
            "retry_interval: is zero; write how long to leave a failed level alone, such as 1m",
        ),
        (
            json!({"priority_levels": [["a"]], "sending_queue": {"queue_size": 5}}),
            "sending_queue: this build has no queue in front of a connector; remove the key",
        ),
        (
            json!({"priority_levels": vec![["a"]; 33]}),
            "priority_levels: has 33 levels; at most 32 are possible",
        ),
    ] {
        let error = config(wrong).validate().expect_err("wrong").to_string();
        assert!(error.starts_with(report), "{error}");
    }
    let off = json!({"priority_levels": [["a"]], "sending_queue": {"enabled": false}});
    assert_eq!(config(off).validate(), Ok(()));
}

#[test]
fn the_example_in_the_manual_is_valid() {
    let factory = ConnectorFactory::router::<Failover>();
    assert_eq!(testing::check_examples(include_str!("../README.md"), &factory), "");
}
