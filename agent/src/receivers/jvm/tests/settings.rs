//! What a user may write, and the table of metrics.

use edgewatch_core::factory::ComponentConfig as _;

use crate::measuring::metric::{Kind, Metric};
use crate::receivers::jvm::config::Config;
use crate::receivers::jvm::metrics::Metrics;

#[test]
fn the_defaults_are_valid_and_bound_memory() {
    let config = Config::default();
    assert_eq!(config.validate(), Ok(()));
    assert_eq!(config.memory_bound(), 1000 * (32 << 10) + 64 * (64 << 10));
}

#[test]
fn times_that_make_no_sense_are_refused_where_they_stand() {
    let json = r#"{"collection_interval": "0s", "discovery_interval": "0s",
        "pauses": {"min_interval": "1ms", "max_interval": "500us"}, "gc_log": {"switch_on": true}}"#;
    let config: Config = serde_json::from_str(json).expect("a configuration");

    let error = config.validate().expect_err("refused").to_string();

    for expected in [
        "collection_interval: must not be zero",
        "discovery_interval: must not be zero",
        "pauses.min_interval: 1ms is too short; write at least 10ms",
        "gc_log.switch_on: needs attach.enabled",
    ] {
        assert!(error.contains(expected), "{expected} in {error}");
    }
}

#[test]
fn the_readme_lists_exactly_the_metrics_of_the_table() {
    let readme = include_str!("../README.md");
    let mut expected = String::new();
    for (Metric { name, unit, description, kind }, default) in Metrics::ALL {
        let kind = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
            Kind::UpDownCounter => "up-down counter",
            Kind::Histogram => "histogram",
        };
        let default = if *default { "yes" } else { "no" };
        expected += &format!("| `{name}` | `{unit}` | {kind} | {default} | {description} |\n");
    }
    let (_, rest) = readme.split_once("<!-- metrics:begin -->\n").expect("the beginning of the table");
    let (table, _) = rest.split_once("<!-- metrics:end -->").expect("the end of the table");
    let rows = table.split_once("|---|---|---|---|---|\n").expect("a heading").1;
    assert_eq!(rows.trim_end(), expected.trim_end(), "copy the right side into README.md");
}
