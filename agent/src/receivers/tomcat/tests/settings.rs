//! What a user may write, and what the manual says about it.

use edgewatch_core::factory::ComponentConfig as _;
use edgewatch_core::testing::check_examples;

use crate::measuring::metric::{Kind, Metric};
use crate::receivers::RECEIVERS;
use crate::receivers::tomcat::config::Config;
use crate::receivers::tomcat::encoding::Metrics;

fn refused(json: &str) -> String {
    let config: Config = serde_json::from_str(json).expect("JSON");
    config.validate().expect_err("refused").to_string()
}

#[test]
fn nothing_needs_to_be_written() {
    assert_eq!(Config::default().validate(), Ok(()));
}

#[test]
fn rules_are_told_where_they_are_broken() {
    let said = refused(
        r#"{"collection_interval": "0s", "max_instances": 0, "include": ["a["],
            "status": [{}, {"endpoint": "http://h/manager/status?XML=true", "password": "p"}],
            "jmx_proxy": [{"endpoint": "ftp://h", "username": "a:b", "timeout": "0s"}]}"#,
    );

    for expected in [
        "collection_interval: must not be zero",
        "max_instances: must not be zero",
        "include: not a glob",
        "status[0].endpoint: is missing; write http://localhost:8080/manager/status",
        "status[1].endpoint: asks for something already",
        "status[1].username: is missing, but there is a password",
        "jmx_proxy[0].endpoint: begins with neither https:// nor http://",
        "jmx_proxy[0].username: contains a colon",
        "jmx_proxy[0].timeout: must not be zero",
    ] {
        assert!(said.contains(expected), "{expected} in {said}");
    }
}

#[test]
fn passwords_are_not_shown() {
    let json = r#"{"jmx_proxy": [{"endpoint": "http://h", "username": "u", "password": "hidden"}]}"#;
    let config: Config = serde_json::from_str(json).expect("JSON");

    assert!(!format!("{config:?}").contains("hidden"));
    assert!(!serde_json::to_string(&config).expect("JSON").contains("hidden"));
}

#[test]
fn the_examples_of_the_manual_can_be_used() {
    let factory = RECEIVERS.iter().find(|factory| factory.answers_to("tomcat")).expect("registered");
    assert_eq!(check_examples(include_str!("../README.md"), factory), "");
}

#[test]
fn the_manual_lists_exactly_the_metrics_of_the_table() {
    let readme = include_str!("../README.md");
    let (_, rest) = readme.split_once("<!-- metrics:begin -->\n").expect("the beginning of the table");
    let (table, _) = rest.split_once("<!-- metrics:end -->").expect("the end of the table");
    let stated: Vec<String> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').take(4).collect::<Vec<_>>().join("|"))
        .collect();
    let expected: Vec<String> = Metrics::ALL
        .iter()
        .map(|(Metric { name, unit, kind, .. }, _)| {
            let kind = match kind {
                Kind::Gauge => "gauge",
                Kind::Counter => "counter",
                Kind::UpDownCounter => "up-down counter",
                Kind::Histogram => "histogram",
            };
            format!("| `{name}` | `{unit}` | {kind} ")
        })
        .collect();
    assert_eq!(stated, expected, "copy the right side into README.md");
}
