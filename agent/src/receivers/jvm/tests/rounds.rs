//! What a round brings, and what it counts.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use edgewatch_core::testing::reading;
use edgewatch_hotspot::find::ProcessId;

use super::decoded::{Point, lines, points};
use super::world::{NOW, Recorded, at};
use crate::receivers::jvm::fleet::Fleet;
use crate::receivers::jvm::neighbours::{LivePool, LoggedPause, Message, Neighbour, Newcomer};

const MS: u64 = 1_000_000;

fn round(fleet: &mut Fleet, begin: Instant, after: Duration) -> Vec<Point> {
    let (request, count) = fleet.round(at(begin, after));
    let points = points(&request);
    assert_eq!(points.len(), count);
    points
}

#[test]
fn a_round_tells_everything_of_a_jvm() {
    let (world, begin) = (Recorded::default(), Instant::now());
    world.comes(7, Some("17-g1-full"));
    let all = r#"{"metrics": {"jvm.memory.init": {"enabled": true}, "jvm.system.cpu.load_1m": {"enabled": true},
        "jvm.system.cpu.utilization": {"enabled": true}}}"#;
    let (mut fleet, _) = world.fleet(all, Vec::new());
    fleet.discover(at(begin, Duration::ZERO));
    fleet.look(at(begin, Duration::ZERO));
    round(&mut fleet, begin, Duration::ZERO);
    world.state().cpu = Duration::from_secs(5);

    let points = round(&mut fleet, begin, Duration::from_secs(10));

    assert!(points.iter().all(|point| point.resource == "jvm-7" && point.time == NOW + 10_000 * MS));
    let text: Vec<String> = points
        .iter()
        .filter(|point| point.metric != "process.uptime")
        .map(|point| format!("{} {} {}", point.metric, point.attributes, point.value))
        .collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn pauses_become_histograms_that_begin_at_the_first_look() {
    let (world, begin) = (Recorded::default(), Instant::now());
    world.comes(7, Some("17-g1"));
    let (mut fleet, registry) = world.fleet("{}", Vec::new());
    fleet.discover(at(begin, Duration::ZERO));
    let next = fleet.look(at(begin, Duration::ZERO));
    assert_eq!(next, Some(begin + Duration::from_micros(112_500)));

    world.collects(7, 0, 5 * MS);
    fleet.look(at(begin, Duration::from_millis(50)));
    assert_eq!(
        reading(&registry, "edgewatch_jvm_pauses", &[("duration", "exact")]),
        0.0,
        "it was not due yet"
    );
    assert!(
        lines(&round(&mut fleet, begin, Duration::from_millis(60)), "jvm.gc.duration")
            .contains(&"G1 Young Generation/end of minor GC 0.005".to_owned()),
        "a round has all that was until then"
    );
    for pause in [20 * MS, 200 * MS, 2 * MS, 2 * MS] {
        world.collects(7, 0, pause);
    }
    world.collects(7, 1, 1500 * MS);
    fleet.look(at(begin, Duration::from_secs(1)));

    let points = round(&mut fleet, begin, Duration::from_secs(2));
    let histograms: Vec<_> = points
        .iter()
        .filter_map(|point| {
            let histogram = point.histogram.as_ref()?;
            Some((point.attributes.as_str(), histogram.count, point.value, histogram.bucket_counts.clone()))
        })
        .collect();
    // One of 5 ms, the last of 2 ms exact, three of 74 ms on average.
    let expected = [
        ("G1 Young Generation/end of minor GC", 5, 0.229, vec![2, 3, 0, 0, 0]),
        ("G1 Old Generation/end of major GC", 1, 1.5, vec![0, 0, 0, 1, 0]),
        ("G1 Concurrent GC/end of concurrent GC pause", 0, 0.0, vec![0, 0, 0, 0, 0]),
    ];
    assert_eq!(histograms, expected);
    assert!(points.iter().filter(|point| point.histogram.is_some()).all(|point| point.start == NOW));
    assert_eq!(reading(&registry, "edgewatch_jvm_pauses", &[("duration", "exact")]), 3.0);
    assert_eq!(reading(&registry, "edgewatch_jvm_pauses", &[("duration", "averaged")]), 3.0);
}

#[test]
fn the_cause_is_told_when_it_is_wanted_and_only_of_single_collections() {
    let (world, begin) = (Recorded::default(), Instant::now());
    world.comes(7, Some("17-g1"));
    let (mut fleet, _) = world.fleet(r#"{"pauses": {"cause": true}}"#, Vec::new());
    fleet.discover(at(begin, Duration::ZERO));
    fleet.look(at(begin, Duration::ZERO));
    world.collects(7, 0, 5 * MS);
    fleet.look(at(begin, Duration::from_secs(1)));
    world.collects(7, 0, MS);
    world.collects(7, 1, MS);
    fleet.look(at(begin, Duration::from_secs(2)));

    let lines = lines(&round(&mut fleet, begin, Duration::from_secs(3)), "jvm.gc.duration");
    let expected = [
        "G1 Young Generation/end of minor GC 0.001",
        "G1 Old Generation/end of major GC 0.001",
        "G1 Concurrent GC/end of concurrent GC pause 0",
        "G1 Young Generation/end of minor GC/G1 Evacuation Pause 0.005",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn jvms_without_counters_are_measured_from_outside_and_counted_by_reason() {
    let (world, begin) = (Recorded::default(), Instant::now());
    world.comes(7, None);
    world.comes(8, Some("25-z"));
    world.hides(9);
    let (mut fleet, registry) = world.fleet("{}", Vec::new());
    fleet.discover(at(begin, Duration::ZERO));

    let points = round(&mut fleet, begin, Duration::ZERO);

    let of_7: Vec<&str> =
        points.iter().filter(|point| point.resource == "jvm-7").map(|point| point.metric.as_str()).collect();
    let expected = [
        "jvm.cpu.time",
        "jvm.cpu.count",
        "jvm.file_descriptor.count",
        "jvm.file_descriptor.limit",
        "process.uptime",
    ];
    assert_eq!(of_7, expected);
    assert_eq!(reading(&registry, "edgewatch_jvm_read", &[("way", "file")]), 1.0);
    assert_eq!(reading(&registry, "edgewatch_jvm_unread", &[("reason", "not_shared")]), 1.0);
    assert_eq!(reading(&registry, "edgewatch_jvm_hidden", &[]), 1.0);
    assert_eq!(reading(&registry, "otelcol_scraper_errored_metric_points", &[("scraper", "jvm")]), 1.0);
}

#[test]
fn a_jvm_that_has_ended_is_not_told_of_although_its_file_is_there() {
    let (world, begin) = (Recorded::default(), Instant::now());
    world.comes(7, Some("17-g1"));
    let (mut fleet, registry) = world.fleet("{}", Vec::new());
    fleet.discover(at(begin, Duration::ZERO));
    world.state().dead.push(7);

    assert_eq!(round(&mut fleet, begin, Duration::ZERO), []);
    assert_eq!(reading(&registry, "edgewatch_jvm_read", &[("way", "file")]), 0.0);
}

#[test]
fn there_is_room_for_so_many_and_further_ones_take_the_place_of_those_that_go() {
    let (world, begin) = (Recorded::default(), Instant::now());
    for pid in [1, 2, 3] {
        world.comes(pid, Some("17-serial"));
    }
    let (mut fleet, registry) = world.fleet(r#"{"max_jvms": 2}"#, Vec::new());
    let passed_over = || reading(&registry, "edgewatch_jvm_passed_over", &[]);
    let seen = |fleet: &mut Fleet| {
        fleet.discover(at(begin, Duration::ZERO));
        let points = round(fleet, begin, Duration::ZERO);
        let mut resources: Vec<String> = points.into_iter().map(|point| point.resource).collect();
        resources.sort_unstable();
        resources.dedup();
        resources
    };

    assert_eq!(seen(&mut fleet), ["jvm-1", "jvm-2"]);
    assert_eq!(passed_over(), 1.0);
    world.goes(1);
    assert_eq!(seen(&mut fleet), ["jvm-2", "jvm-3"]);
    assert_eq!(passed_over(), 0.0);
}

#[test]
fn counters_that_cannot_be_read_for_a_while_are_opened_again() {
    let (world, begin) = (Recorded::default(), Instant::now());
    world.comes(7, Some("17-serial"));
    let (mut fleet, registry) = world.fleet("{}", Vec::new());
    fleet.discover(at(begin, Duration::ZERO));
    let block = world.state().blocks.remove(&7).expect("a block");
    fleet.look(at(begin, Duration::ZERO));
    round(&mut fleet, begin, Duration::ZERO);
    assert_eq!(reading(&registry, "edgewatch_jvm_unread", &[("reason", "failed")]), 1.0);

    world.state().blocks.insert(7, block);
    fleet.discover(at(begin, Duration::from_secs(5)));
    assert!(!lines(&round(&mut fleet, begin, Duration::from_secs(5)), "jvm.thread.count").is_empty());
    assert_eq!(reading(&registry, "edgewatch_jvm_read", &[("way", "file")]), 1.0);
}

#[test]
fn live_pools_add_to_those_of_the_counters_and_override_them() {
    let (world, begin) = (Recorded::default(), Instant::now());
    let id = world.comes(7, Some("25-shengen"));
    let (mut fleet, _) = world.fleet("{}", Vec::new());
    fleet.discover(at(begin, Duration::ZERO));
    let used = |fleet: &mut Fleet| lines(&round(fleet, begin, Duration::ZERO), "jvm.memory.used");
    let counted = used(&mut fleet);
    assert!(counted[0].starts_with("heap "), "{counted:?}");

    let pool = |name: &'static str, heap, used| LivePool {
        name: Some(name.into()),
        heap,
        used: Some(used),
        ..LivePool::default()
    };
    let pools = vec![
        pool("Shenandoah Young Gen", true, 11),
        pool("Shenandoah Old Gen", true, 22),
        pool("Metaspace", false, 33),
        pool("CodeCache", false, 44),
    ];
    fleet.take(Message::Pools(id, pools), at(begin, Duration::ZERO));
    let live = used(&mut fleet);
    assert_eq!(
        live[..3],
        ["heap/Shenandoah Young Gen 11", "heap/Shenandoah Old Gen 22", "non_heap/Metaspace 33"]
    );
    assert_eq!(live[4], "non_heap/CodeCache 44");

    fleet.take(Message::Pools(id, Vec::new()), at(begin, Duration::ZERO));
    assert_eq!(used(&mut fleet), counted);
}

#[test]
fn a_log_that_names_too_many_kinds_of_pauses_fills_no_memory() {
    let (world, begin) = (Recorded::default(), Instant::now());
    let id = world.comes(7, Some("17-serial"));
    let (mut fleet, registry) = world.fleet("{}", Vec::new());
    fleet.discover(at(begin, Duration::ZERO));
    let pauses = (0..100).map(|number| LoggedPause {
        name: format!("gc {number}").into(),
        action: "end of minor GC".into(),
        cause: None,
        nanoseconds: 1,
        middle: None,
    });

    fleet.take(Message::Logged(id, pauses.collect()), at(begin, Duration::ZERO));

    assert_eq!(lines(&round(&mut fleet, begin, Duration::ZERO), "jvm.gc.duration").len(), 64);
    assert_eq!(reading(&registry, "edgewatch_jvm_lost_pauses", &[]), 36.0);
}

#[test]
fn without_pauses_there_are_no_histograms_whatever_logs_tell() {
    let (world, begin) = (Recorded::default(), Instant::now());
    let id = world.comes(7, Some("17-serial"));
    let (mut fleet, _) = world.fleet(r#"{"pauses": {"enabled": false}}"#, Vec::new());
    fleet.discover(at(begin, Duration::ZERO));
    let pause =
        LoggedPause { name: "Copy".into(), action: "end".into(), cause: None, nanoseconds: 1, middle: None };

    fleet.take(Message::Tailing(id, true), at(begin, Duration::ZERO));
    fleet.take(Message::Logged(id, vec![pause]), at(begin, Duration::ZERO));

    assert_eq!(fleet.look(at(begin, Duration::ZERO)), None);
    let points = round(&mut fleet, begin, Duration::ZERO);
    assert_eq!(lines(&points, "jvm.gc.duration"), [""; 0]);
    assert!(!lines(&points, "jvm.memory.used").is_empty());
}

/// Remembers what it was told.
#[derive(Clone, Default)]
struct Curious(Arc<Mutex<Vec<String>>>);

impl Neighbour for Curious {
    fn came(&mut self, jvm: &Newcomer<'_>) {
        let readable = jvm.counters.is_some();
        let told =
            format!("{} {} {:?} {:?} {readable}", jvm.process.id.pid, jvm.name, jvm.collector, jvm.feature);
        self.0.lock().expect("not poisoned").push(told);
    }

    fn gone(&mut self, id: ProcessId) {
        self.0.lock().expect("not poisoned").push(format!("{} gone", id.pid));
    }
}

#[test]
fn neighbours_are_told_who_comes_and_goes_among_those_of_interest() {
    let (world, begin, curious) = (Recorded::default(), Instant::now(), Curious::default());
    world.comes(7, Some("21-zgen"));
    world.comes(8, None);
    world.comes(9, Some("17-g1"));
    world.state().excluded.push(9);
    let (mut fleet, _) = world.fleet("{}", vec![Box::new(curious.clone())]);
    fleet.discover(at(begin, Duration::ZERO));
    world.goes(7);
    world.goes(9);
    fleet.discover(at(begin, Duration::ZERO));

    let told = curious.0.lock().expect("not poisoned").clone();
    assert_eq!(told, ["7 jvm-7 Some(GenerationalZ) Some(21) true", "8 jvm-8 None None false", "7 gone"]);
}

#[test]
fn counters_that_are_added_later_are_found() {
    let (world, begin) = (Recorded::default(), Instant::now());
    world.comes(7, Some("17-g1"));
    let (mut fleet, _) = world.fleet("{}", Vec::new());
    fleet.discover(at(begin, Duration::ZERO));
    fleet.look(at(begin, Duration::ZERO));
    let before = lines(&round(&mut fleet, begin, Duration::ZERO), "jvm.class.count");

    // As another layout does, with other places for the same names.
    world.becomes(7, "17-g1meta");
    let after = lines(&round(&mut fleet, begin, Duration::ZERO), "jvm.class.count");
    assert_ne!(before, after);
    assert_eq!(after.len(), 1);
}
