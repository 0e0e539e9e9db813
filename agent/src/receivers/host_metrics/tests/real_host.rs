//! The host that runs the test, as standard tools see it. Values that move are compared with those before and
//! after, or within the tolerance that stands beside them. A tool that is not installed is not asked.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::decoded::{Point, config, paths, round, round_at, scraping, value};
use edgewatch_core::kernel::Paths;

fn host() -> Paths {
    paths(std::path::Path::new("/"))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() as u64
}

fn scrape(scrapers: &str) -> Vec<Point> {
    round(&mut scraping(config(&format!(r#"{{"scrapers": {scrapers}}}"#)), &host()), now())
}

/// What a tool prints; `None` when it is not installed.
fn ask(tool: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(tool).args(arguments).env("LC_ALL", "C").output().ok()?;
    Some(String::from_utf8(output.stdout).expect("text"))
}

/// The number behind `key` in a file of pairs.
fn number(file: &str, key: &str) -> f64 {
    let text = fs::read_to_string(file).expect(file);
    let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_else(|| panic!("{key} in {file}"));
    line[key.len()..].split_whitespace().next().expect("a number").parse().expect("a number")
}

fn is_within(value: f64, expected: f64, tolerance: f64) -> bool {
    (value - expected).abs() <= tolerance
}

#[test]
fn memory_is_what_free_shows() {
    let points = scrape(r#"{"memory": {"metrics": {"system.memory.limit": {"enabled": true}}}}"#);
    let Some(free) = ask("free", &["-b", "-w"]) else { return };
    let line = free.lines().find(|line| line.starts_with("Mem:")).expect("Mem:");
    let columns: Vec<f64> =
        line.split_whitespace().skip(1).map(|word| word.parse().expect("a number")).collect();
    let [total, _used, free, _shared, buffers, cache, available] = columns[..] else { return };

    assert_eq!(value(&points, "system.memory.limit", ""), total);
    // Other programs allocate meanwhile: 256 MiB.
    let tolerance = 268_435_456.0;
    for (state, expected) in
        [("used", total - available), ("free", free), ("buffered", buffers), ("cached", cache)]
    {
        let state = format!("state={state}");
        let ours = value(&points, "system.memory.usage", &state);
        assert!(is_within(ours, expected, tolerance), "{state}: {ours} and {expected}");
    }
}

#[test]
fn file_systems_are_as_full_as_df_shows() {
    let points = scrape(
        r#"{"filesystem": {"include_virtual_filesystems": true, "metrics": {
        "system.filesystem.utilization": {"enabled": true}}}}"#,
    );
    let Some(df) = ask("df", &["--block-size=1", "--output=source,used,avail,pcent,target", "/"]) else {
        return;
    };
    let columns: Vec<&str> = df.lines().nth(1).expect("a line").split_whitespace().collect();
    let [_device, used, available, percent, _target] = columns[..] else { panic!("{df}") };
    let of_root = |metric: &str, state: &str| {
        let found = points.iter().find(|point| {
            point.metric == metric
                && point.attributes.contains("mountpoint=/,")
                && point.attributes.ends_with(state)
        });
        found.expect("a point").value
    };

    // Builds go on meanwhile: 512 MiB.
    let tolerance = 536_870_912.0;
    let number = |text: &str| text.trim_end_matches('%').parse::<f64>().expect("a number");
    assert!(is_within(of_root("system.filesystem.usage", "state=used"), number(used), tolerance));
    assert!(is_within(of_root("system.filesystem.usage", "state=free"), number(available), tolerance));
    // df rounds up to a whole percent.
    let share = of_root("system.filesystem.utilization", "") * 100.0;
    assert!(is_within(share, number(percent), 2.0), "{share} and {percent}");
}

#[test]
fn there_are_as_many_cpus_as_getconf_says() {
    let points = scrape(r#"{"cpu": {"metrics": {"system.cpu.logical.count": {"enabled": true}}}}"#);
    let Some(online) = ask("getconf", &["_NPROCESSORS_ONLN"]) else { return };

    assert_eq!(
        value(&points, "system.cpu.logical.count", ""),
        online.trim().parse::<f64>().expect("a number")
    );
}

#[test]
fn counters_lie_between_what_the_kernel_says_before_and_after() {
    let read = || {
        [
            number("/proc/stat", "processes "),
            number("/proc/stat", "cpu0 ") / 100.0,
            number("/proc/vmstat", "pgmajfault "),
            number("/proc/uptime", ""),
        ]
    };

    let before = read();
    let points = scrape(r#"{"cpu": null, "processes": null, "paging": null, "system": null}"#);
    let after = read();

    let ours = [
        value(&points, "system.processes.created", ""),
        value(&points, "system.cpu.time", "cpu=cpu0,state=user"),
        value(&points, "system.paging.faults", "type=major"),
        value(&points, "system.uptime", ""),
    ];
    for ((before, ours), after) in before.iter().zip(ours).zip(after) {
        assert!((*before..=after).contains(&ours), "{before} <= {ours} <= {after}");
    }
}

#[test]
fn counters_start_at_boot() {
    let points = scrape(r#"{"cpu": null}"#);
    let boot = number("/proc/stat", "btime ");

    // The kernel rounds, and corrects itself with its clock.
    assert!(is_within(points[0].start as f64 / 1e9, boot, 2.0));
}

#[test]
fn every_interface_of_the_kernel_is_told() {
    let points = scrape(r#"{"network": null}"#);
    let mut expected: Vec<String> = fs::read_dir("/sys/class/net")
        .expect("interfaces")
        .map(|entry| format!("device={},direction=receive", entry.expect("an entry").file_name().display()))
        .filter(|name| !name.contains("bonding_masters"))
        .collect();
    let mut ours: Vec<String> = points
        .iter()
        .filter(|point| point.metric == "system.network.io" && point.attributes.contains("receive"))
        .map(|point| point.attributes.clone())
        .collect();
    expected.sort();
    ours.sort();

    assert_eq!(ours, expected);
}

#[test]
fn an_open_listener_is_counted() {
    let count =
        || value(&scrape(r#"{"network": null}"#), "system.network.connections", "protocol=tcp,state=LISTEN");
    let listeners: Vec<_> =
        (0..50).map(|_| std::net::TcpListener::bind("127.0.0.1:0").expect("a port")).collect();

    let with = count();

    assert!(with >= listeners.len() as f64, "{with}");
}

#[test]
fn this_very_process_is_described_as_ps_does() {
    let pid = std::process::id();
    let json = r#"{"scrapers": {"process": {"mute_process_all_errors": true, "metrics": {
        "process.threads": {"enabled": true}, "process.open_file_descriptors": {"enabled": true},
        "process.uptime": {"enabled": true}, "process.cpu.utilization": {"enabled": true},
        "process.memory.utilization": {"enabled": true}}}}}"#;
    let mut scraping = scraping(config(json), &host());
    let start = Instant::now();
    round_at(&mut scraping, now(), start);
    let mine = |points: Vec<Point>| -> Vec<Point> {
        points.into_iter().filter(|p| p.resource.starts_with(&format!("process.pid={pid},"))).collect()
    };

    let points = mine(round_at(&mut scraping, now(), start + Duration::from_secs(1)));

    let exe = std::env::current_exe().expect("a path");
    let name = exe.file_name().expect("a name").display().to_string();
    assert!(points[0].resource.contains(&format!("process.executable.path={}", exe.display())));
    assert!(
        points[0].resource.contains(&format!("process.executable.name={name}")),
        "{}",
        points[0].resource
    );
    let statm = fs::read_to_string("/proc/self/statm").expect("statm");
    let pages: Vec<f64> = statm.split(' ').take(2).map(|word| word.parse().expect("a number")).collect();
    let page = rustix::param::page_size() as f64;
    // Other tests run in this process: 64 MiB of address space, 16 MiB of memory.
    assert!(is_within(value(&points, "process.memory.virtual", ""), pages[0] * page, 67_108_864.0 * 4.0));
    assert!(is_within(value(&points, "process.memory.usage", ""), pages[1] * page, 16_777_216.0));
    assert!(value(&points, "process.open_file_descriptors", "") >= 3.0);
    assert!(value(&points, "process.threads", "") >= 1.0);
    assert!((0.0..=1.0).contains(&value(&points, "process.cpu.utilization", "state=user")));
    if let Some(ps) = ask("ps", &["-o", "etimes=,ppid=,user:32=", "-p", &pid.to_string()]) {
        let columns: Vec<&str> = ps.split_whitespace().collect();
        let [seconds, parent, owner] = columns[..] else { return };
        let expected: f64 = seconds.parse().expect("a number");
        assert!(is_within(value(&points, "process.uptime", ""), expected, 2.5));
        assert!(points[0].resource.contains(&format!("process.parent_pid={parent},")));
        assert!(points[0].resource.contains(&format!("process.owner={owner}")), "{}", points[0].resource);
    }
}

/// What a round costs on this host. Run with
/// `cargo test -p edgewatch --lib -- --ignored --nocapture cost_of_a_round`; README.md has the figures.
#[test]
#[ignore = "a measurement, not a test"]
fn cost_of_a_round() {
    const ROUNDS: u32 = 200;
    let process = r#"{"process": {"mute_process_all_errors": true}}"#;
    let each = ["cpu", "disk", "filesystem", "load", "memory", "network", "paging", "processes", "system"];
    let each = each.map(|name| (name, format!(r#"{{"{name}": null}}"#)));
    let mut cases = vec![("all but process".to_owned(), "{}".to_owned())];
    cases.extend(each.map(|(name, json)| (name.to_owned(), format!(r#"{{"scrapers": {json}}}"#))));
    cases.push(("process".to_owned(), format!(r#"{{"scrapers": {process}}}"#)));
    for (name, json) in cases {
        let mut scraping = scraping(config(&json), &host());
        let (_, points) = scraping.round(now(), Instant::now());
        let before = cpu_ticks();
        let begin = Instant::now();
        for _ in 0..ROUNDS {
            scraping.round(now(), Instant::now());
        }
        let each = begin.elapsed() / ROUNDS;
        let ticks = cpu_ticks() - before;
        let cpu = Duration::from_millis(ticks * 10) / ROUNDS;
        println!("{name:16} {points:5} points, {each:?} per round, {cpu:?} of CPU");
    }
}

/// The CPU time of this process, in hundredths of a second.
fn cpu_ticks() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("stat");
    let columns: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
    columns[11..13].iter().map(|column| column.parse::<u64>().expect("a number")).sum()
}
