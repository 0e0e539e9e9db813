//! What a user may write, and the tables of metrics.

use edgewatch_core::config::{Duration, ProcessEnvironment, from_node, load};
use edgewatch_core::factory::ComponentConfig as _;

use super::decoded::config;
use crate::measuring::metric::{Kind, Metric};
use crate::receivers::host_metrics::config::Config;
use crate::receivers::host_metrics::{
    cpu, disk, filesystem, load, memory, network, paging, process, processes, system,
};

#[test]
fn without_configuration_every_scraper_but_process_runs_each_minute() {
    let config = Config::default();

    assert_eq!(config.collection_interval, Duration::from_secs(60));
    assert_eq!(config.initial_delay, Duration::from_secs(1));
    let scrapers = serde_json::to_value(&config.scrapers).expect("json");
    let names: Vec<&String> = scrapers.as_object().expect("a map").keys().collect();
    let expected =
        ["cpu", "disk", "filesystem", "load", "memory", "network", "paging", "processes", "system"];
    assert_eq!(names, expected);
    assert_eq!(config.validate(), Ok(()));
}

#[test]
fn a_scraper_is_switched_on_by_its_name_alone() {
    let config = config(r#"{"scrapers": {"cpu": null, "load": {"cpu_average": true}}}"#);

    assert_eq!(config.scrapers.cpu, Some(cpu::Config::default()));
    assert!(config.scrapers.load.expect("load").cpu_average);
    assert_eq!(config.scrapers.memory, None);
}

/// Reads a configuration as the agent does; the second part is what it says about it.
fn read(yaml: &str) -> (Option<Config>, String) {
    let texts = [("agent.yaml".to_owned(), yaml.to_owned())];
    let mut loaded = load(&texts, &[], &ProcessEnvironment);
    let config = from_node::<Config>(&loaded.root, "host_metrics", &mut loaded.problems);
    (config, loaded.problems.render(&loaded.sources, false))
}

#[test]
fn a_key_of_yaml_with_nothing_behind_it_switches_a_scraper_on() {
    let (config, said) =
        read("root_path: /hostfs\nscrapers:\n  cpu:\n  disk: {}\n  load:\n    cpu_average: true\n");

    let scrapers = config.expect("a configuration").scrapers;
    assert_eq!(said, "no problems");
    assert!(scrapers.cpu.is_some() && scrapers.disk.is_some() && scrapers.load.is_some());
    assert!(scrapers.memory.is_none() && scrapers.process.is_none());

    let (config, _) = read("scrapers:\n");
    assert!(config.expect("a configuration").validate().is_err(), "as the Collector, which wants one");
}

#[test]
fn a_misspelt_metric_is_told_with_its_place_and_what_was_meant() {
    let yaml = "scrapers:\n  cpu:\n    metrics:\n      system.cpu.utilisation: {enabled: true}\n";

    let (_, said) = read(yaml);

    assert!(said.contains("agent.yaml:4:7"), "{said}");
    assert!(said.contains("did you mean `system.cpu.utilization`?"), "{said}");
}

#[test]
fn no_scraper_at_all_is_refused() {
    let error = config(r#"{"scrapers": {}}"#).validate().expect_err("refused");

    assert!(error.to_string().starts_with("scrapers: no scraper is named"), "{error}");
}

#[test]
fn unknown_scrapers_and_metrics_are_refused() {
    let refused = |json| serde_json::from_str::<Config>(json).expect_err("refused").to_string();

    assert!(refused(r#"{"scrapers": {"gpu": {}}}"#).contains("unknown field `gpu`"));
    let metric = r#"{"scrapers": {"cpu": {"metrics": {"system.cpu.tim": {}}}}}"#;
    assert!(
        refused(metric).contains("unknown field `system.cpu.tim`, expected one of `system.cpu.frequency`")
    );
}

#[test]
fn lists_without_a_match_type_and_bad_expressions_are_refused_where_they_stand() {
    let json = r#"{"collection_interval": "0s", "scrapers": {
        "disk": {"include": {"devices": ["sda"]}},
        "network": {"exclude": {"interfaces": ["("], "match_type": "regexp"}},
        "filesystem": {"exclude_fs_types": {"fs_types": ["["], "match_type": "regexp"}},
        "process": {"include": {"names": ["x"]}}
    }}"#;

    let error = config(json).validate().expect_err("refused").to_string();

    for expected in [
        "collection_interval: must not be zero",
        "scrapers.disk.include.match_type: devices has entries, but match_type is missing",
        "scrapers.network.exclude.interfaces: not a regular expression",
        "scrapers.filesystem.exclude_fs_types.fs_types: not a regular expression",
        "scrapers.process.include.match_type: names has entries",
    ] {
        assert!(error.contains(expected), "{expected} in {error}");
    }
}

#[test]
fn a_written_metric_without_enabled_keeps_its_default() {
    let json = r#"{"scrapers": {"cpu": {"metrics": {
        "system.cpu.time": {}, "system.cpu.utilization": {}, "system.cpu.frequency": {"enabled": true}
    }}}}"#;

    let metrics = config(json).scrapers.cpu.expect("cpu").metrics;

    assert!(metrics.time.enabled);
    assert!(!metrics.utilization.enabled);
    assert!(metrics.frequency.enabled);
}

#[test]
fn the_readme_lists_exactly_the_metrics_of_the_tables() {
    let readme = include_str!("../README.md");
    let tables: [(&str, &[(Metric, bool)]); 10] = [
        ("cpu", cpu::Metrics::ALL),
        ("disk", disk::Metrics::ALL),
        ("filesystem", filesystem::Metrics::ALL),
        ("load", load::Metrics::ALL),
        ("memory", memory::Metrics::ALL),
        ("network", network::Metrics::ALL),
        ("paging", paging::Metrics::ALL),
        ("process", process::Metrics::ALL),
        ("processes", processes::Metrics::ALL),
        ("system", system::Metrics::ALL),
    ];
    let mut expected = String::new();
    for (scraper, metrics) in tables {
        for (Metric { name, unit, description, kind }, default) in metrics {
            let kind = match kind {
                Kind::Gauge => "gauge",
                Kind::Counter => "counter",
                Kind::UpDownCounter => "up-down counter",
                Kind::Histogram => "histogram",
            };
            let default = if *default { "yes" } else { "no" };
            expected +=
                &format!("| {scraper} | `{name}` | `{unit}` | {kind} | {default} | {description} |\n");
        }
    }
    let (_, rest) = readme.split_once("<!-- metrics:begin -->\n").expect("the beginning of the table");
    let (table, _) = rest.split_once("<!-- metrics:end -->").expect("the end of the table");
    let rows = table.split_once("|---|---|---|---|---|---|\n").expect("a heading").1;
    assert_eq!(rows, expected, "copy the right side into README.md");
}
