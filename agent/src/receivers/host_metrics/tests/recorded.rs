//! A recorded host, and what every metric says about it.

use std::fs;
use std::time::{Duration, Instant};

use edgewatch_core::telemetry::Registry;
use edgewatch_core::testing::reading;

use super::decoded::{
    Point, config, paths, recorded, render, round, round_at, scraping, scraping_into, value,
};
use crate::receivers::host_metrics::config::Config;

/// When the recorded host's clock said.
const NOW: u64 = 1_795_165_400_000_000_000;

/// Every scraper that reads recorded files only, with every metric switched on.
fn everything() -> Config {
    let mut json = serde_json::to_value(Config::default()).expect("json");
    let scrapers = json["scrapers"].as_object_mut().expect("a map");
    scrapers.remove("filesystem");
    let process = serde_json::to_value(crate::receivers::host_metrics::process::Config::default());
    scrapers.insert("process".to_owned(), process.expect("json"));
    for scraper in scrapers.values_mut() {
        for part in ["metrics", "resource_attributes"] {
            let Some(switches) = scraper.get_mut(part) else { continue };
            for switch in switches.as_object_mut().expect("a map").values_mut() {
                switch["enabled"] = true.into();
            }
        }
    }
    serde_json::from_value(json).expect("a configuration")
}

/// Page size and clock ticks of the recorded host are those of the host that runs the test.
fn is_like_the_recorded_host() -> bool {
    rustix::param::page_size() == 4096 && rustix::param::clock_ticks_per_second() == 100
}

#[test]
fn every_metric_of_a_recorded_host_is_as_reviewed() {
    if !is_like_the_recorded_host() {
        return;
    }
    let mut scraping = scraping(everything(), &recorded());
    let start = Instant::now();

    let points = round_at(&mut scraping, NOW, start);

    assert!(points.iter().all(|point| point.time == NOW));
    insta::assert_snapshot!("every_metric", render(&points));
    let told: Vec<&str> = scraping.report().told().iter().map(|(_, what)| &**what).collect();
    assert_eq!(told, ["the owner of a process"], "the zombie's user is unknown");
}

#[test]
fn shares_of_time_are_absent_at_first_and_add_up_afterwards() {
    let root = copy_of_recorded();
    let proc = root.path().join("proc");
    let mut scraping = scraping(everything(), &paths(root.path()));
    let start = Instant::now();
    let has = |points: &[Point], name: &str| points.iter().any(|point| point.metric == name);

    let first = round_at(&mut scraping, NOW, start);
    assert!(!has(&first, "system.cpu.utilization"));
    assert!(!has(&first, "process.cpu.utilization"));

    // cpu0: 300 ticks user, 100 idle; iowait runs backwards. cpu1: nothing at all.
    let stat = fs::read_to_string(proc.join("stat")).expect("stat");
    let changed: Vec<String> = stat.lines().map(|line| advance_cpu0(line, 300, 100, -5)).collect();
    fs::write(proc.join("stat"), changed.join("\n")).expect("write");
    // systemd: 100 ticks user, 300 system, in 10 s on two CPUs.
    let stat = fs::read_to_string(proc.join("1/stat")).expect("stat");
    fs::write(proc.join("1/stat"), stat.replace(" 1480 144 ", " 1580 444 ")).expect("write");
    let second = round_at(&mut scraping, NOW + 10_000_000_000, start + Duration::from_secs(10));

    let share = |state: &str| value(&second, "system.cpu.utilization", &format!("cpu=cpu0,state={state}"));
    assert_eq!(share("user"), 0.75);
    assert_eq!(share("idle"), 0.25);
    assert_eq!(share("wait"), 0.0);
    assert!(!second.iter().any(|p| p.metric == "system.cpu.utilization" && p.attributes.contains("cpu1")));
    let of_init = |state: &str| {
        let mut found = second.iter().filter(|p| {
            p.metric == "process.cpu.utilization"
                && p.resource.starts_with("process.pid=1,")
                && p.attributes == format!("state={state}")
        });
        found.next().expect("a point").value
    };
    if is_like_the_recorded_host() {
        assert_eq!([of_init("user"), of_init("system"), of_init("wait")], [0.05, 0.15, 0.0]);
    }
}

/// Adds to the columns `user`, `idle` and `iowait` of the line of cpu0.
fn advance_cpu0(line: &str, user: i64, idle: i64, wait: i64) -> String {
    if !line.starts_with("cpu0 ") {
        return line.to_owned();
    }
    let mut columns: Vec<String> = line.split(' ').map(str::to_owned).collect();
    for (index, change) in [(1, user), (4, idle), (5, wait)] {
        columns[index] = (columns[index].parse::<i64>().expect("a number") + change).to_string();
    }
    columns.join(" ")
}

#[test]
fn start_times_stay_when_the_kernel_corrects_its_idea_of_the_boot_time() {
    let root = copy_of_recorded();
    let mut scraping = scraping(config(r#"{"scrapers": {"cpu": null}}"#), &paths(root.path()));
    let before = round(&mut scraping, NOW);

    let stat = fs::read_to_string(root.path().join("proc/stat")).expect("stat");
    fs::write(root.path().join("proc/stat"), stat.replace("btime 1", "btime 2")).expect("write");
    let after = round(&mut scraping, NOW + 1);

    assert_eq!(before[0].start, 1_795_164_071_000_000_000);
    assert_eq!(after[0].start, before[0].start);
}

#[test]
fn a_file_that_is_missing_costs_its_metrics_only_and_is_told_once() {
    let root = copy_of_recorded();
    for file in ["stat", "meminfo", "net/dev", "vmstat", "diskstats", "uptime", "loadavg"] {
        fs::remove_file(root.path().join("proc").join(file)).expect("remove");
    }
    let registry = Registry::default();
    let mut config = Config::default();
    config.scrapers.filesystem = None;
    let mut scraping = scraping_into(config, &paths(root.path()), &registry);

    let first = round(&mut scraping, NOW);
    let second = round(&mut scraping, NOW + 1);

    let names = |points: &[Point]| {
        let mut names: Vec<String> = points.iter().map(|point| point.metric.clone()).collect();
        names.dedup();
        names
    };
    let expected = ["system.network.connections", "system.paging.usage", "system.processes.count"];
    assert_eq!(names(&first), expected);
    assert_eq!(names(&second), expected);
    let told: Vec<&str> = scraping.report().told().iter().map(|(scraper, _)| *scraper).collect();
    assert_eq!(told, ["cpu", "disk", "load", "memory", "network", "paging", "processes", "system"]);
    let errored =
        |scraper| reading(&registry, "otelcol_scraper_errored_metric_points", &[("scraper", scraper)]);
    assert_eq!(errored("disk"), 14.0, "seven metrics in two rounds");
    assert_eq!(errored("network"), 8.0);
    assert_eq!(errored("cpu"), 2.0);
    let scraped =
        |scraper| reading(&registry, "otelcol_scraper_scraped_metric_points", &[("scraper", scraper)]);
    assert_eq!(scraped("network"), 22.0, "eleven states in two rounds");
    assert_eq!(scraped("disk"), 0.0);
}

#[test]
fn filters_choose_devices_interfaces_and_processes() {
    let json = r#"{"scrapers": {
        "disk": {"include": {"devices": ["^v"], "match_type": "regexp"}},
        "network": {"exclude": {"interfaces": ["lo", "ifb0"], "match_type": "strict"}},
        "process": {"include": {"names": ["^postgres", "systemd"], "match_type": "regexp"},
                    "exclude": {"names": ["systemd"], "match_type": "strict"}}
    }}"#;
    let mut scraping = scraping(config(json), &recorded());

    let points = round(&mut scraping, NOW);

    let distinct = |metric: &str, of: fn(&Point) -> String| {
        let mut values: Vec<String> = points.iter().filter(|point| point.metric == metric).map(of).collect();
        values.dedup();
        values
    };
    let device = |point: &Point| point.attributes.split(',').next().expect("one").to_owned();
    assert_eq!(distinct("system.disk.io", device), ["device=vda"]);
    assert_eq!(distinct("system.network.io", device), ["device=ifb1", "device=eth0"]);
    let process = |point: &Point| point.resource.split(',').nth(2).expect("a name").to_owned();
    let expected = ["process.executable.name=postgres-autovacuum-launcher"];
    assert_eq!(distinct("process.memory.usage", process), expected);
}

#[test]
fn young_processes_are_left_out_until_the_delay_has_passed() {
    let json = r#"{"scrapers": {"process": {"scrape_process_delay": "30s"}}}"#;
    let mut scraping = scraping(config(json), &recorded());
    let boot = 1_795_164_071_000_000_000;
    let pids = |points: Vec<Point>| {
        let pid = |point: Point| point.resource.split(',').next().expect("a pid").to_owned();
        let mut pids: Vec<String> = points.into_iter().map(pid).collect();
        pids.dedup();
        pids
    };

    // postgres began 50 s after boot, tmux 10.42 s after it.
    let early = round(&mut scraping, boot + 45_000_000_000);
    let late = round(&mut scraping, boot + 85_000_000_000);

    assert_eq!(pids(early), ["process.pid=1", "process.pid=2", "process.pid=842"]);
    assert_eq!(pids(late), ["process.pid=1", "process.pid=2", "process.pid=842", "process.pid=1337"]);
}

#[test]
fn muted_failures_are_neither_counted_nor_told() {
    let count = |json: &str| {
        let registry = Registry::default();
        let mut scraping = scraping_into(config(json), &recorded(), &registry);
        round(&mut scraping, NOW);
        reading(&registry, "otelcol_scraper_errored_metric_points", &[("scraper", "process")])
    };

    assert_eq!(count(r#"{"scrapers": {"process": {}}}"#), 1.0);
    assert_eq!(count(r#"{"scrapers": {"process": {"mute_process_user_error": true}}}"#), 0.0);
    assert_eq!(count(r#"{"scrapers": {"process": {"mute_process_all_errors": true}}}"#), 0.0);
}

#[test]
fn load_can_be_divided_by_the_number_of_cpus() {
    let json = r#"{"scrapers": {"load": {"cpu_average": true}}}"#;
    let divided = round(&mut scraping(config(json), &recorded()), NOW);
    let plain = round(&mut scraping(config(r#"{"scrapers": {"load": null}}"#), &recorded()), NOW);

    for (divided, plain) in divided.iter().zip(&plain) {
        assert_eq!(divided.value * 2.0, plain.value);
    }
    assert_eq!(divided.len(), 3);
}

/// A copy of the recorded host that a test may change.
fn copy_of_recorded() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    copy(&recorded().root, directory.path());
    directory
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).expect("create");
    for entry in fs::read_dir(from).expect("list") {
        let entry = entry.expect("an entry");
        let (kind, target) = (entry.file_type().expect("a type"), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_symlink() {
            let link = fs::read_link(entry.path()).expect("a link");
            std::os::unix::fs::symlink(link, target).expect("link");
        } else {
            fs::copy(entry.path(), target).expect("copy");
        }
    }
}
