//! Logs that JVMs wrote.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::collector::Collector;
use crate::gc_log::{Line, parse};

fn collector(name: &str) -> Collector {
    match name {
        "g1" => Collector::G1,
        "parallel" => Collector::Parallel,
        "serial" => Collector::Serial,
        "z" => Collector::Z,
        "generational_z" => Collector::GenerationalZ,
        "shenandoah" => Collector::Shenandoah,
        other => panic!("{other}"),
    }
}

/// Count and nanoseconds by name.
fn sums(text: &str, collector: Collector) -> BTreeMap<&'static str, (u64, u64)> {
    let mut sums = BTreeMap::new();
    for line in text.lines() {
        if let Some(Line::Event(event)) = parse(line) {
            let (name, _) = event.names(collector).unwrap_or_else(|| panic!("no name: {line}"));
            let sum: &mut (u64, u64) = sums.entry(name).or_default();
            sum.0 += 1;
            sum.1 += event.nanoseconds.unwrap_or_default();
        }
    }
    sums
}

fn logs(directory: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(directory).expect("recorded logs").flatten();
    let logs = entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "log"));
    let mut logs: Vec<_> = logs
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().replace(".log", "");
            (name, fs::read_to_string(entry.path()).expect("text"))
        })
        .collect();
    logs.sort();
    logs
}

fn testdata() -> Vec<(String, String)> {
    logs(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gc_log/testdata"))
}

#[test]
fn every_line_of_a_pause_is_read_under_every_collector() {
    let logs = testdata();
    assert_eq!(logs.len(), 21);
    for (name, text) in logs {
        let of = collector(name.split_once('-').expect("collector-version").0);
        let ends = |line: &&str| line.ends_with("ms") && line.contains("Pause ");
        let pauses = text.lines().filter(ends).filter(|line| !line.contains("gc,stats")).count() as u64;
        let sums = sums(&text, of);
        let counted: u64 =
            sums.iter().filter(|(name, _)| !name.ends_with("Cycles")).map(|(_, (count, _))| count).sum();
        assert_eq!(counted, pauses, "{name}: {sums:?}");
        assert!(pauses >= 4, "{name}");
        for line in
            text.lines().filter(|line| line.contains("] Safepoint \"") || line.contains("were stopped:"))
        {
            assert!(matches!(parse(line), Some(Line::Safepoint(_))), "{line}");
        }
        for event in text.lines().filter_map(parse) {
            let moment = match event {
                Line::Event(event) => event.moment,
                Line::Safepoint(safepoint) => safepoint.moment,
            };
            assert!(moment.wall.is_some() && moment.uptime.is_some());
        }
    }
}
