//! Pauses that both counters and a log tell of.

use std::time::{Duration, Instant};

use edgewatch_hotspot::find::ProcessId;
use proptest::prelude::*;

use super::decoded::{lines, points};
use super::world::{Recorded, at};
use crate::receivers::jvm::fleet::Fleet;
use crate::receivers::jvm::neighbours::{LoggedPause, Message};
use crate::receivers::jvm::subject::Moment;

const MS: u64 = 1_000_000;
const WITH_CAUSE: &str = r#"{"pauses": {"cause": true}}"#;

struct Bench {
    world: Recorded,
    fleet: Fleet,
    begin: Instant,
    id: ProcessId,
}

impl Bench {
    fn new(block: &str, config: &str) -> Self {
        let (world, begin) = (Recorded::default(), Instant::now());
        let id = world.comes(7, Some(block));
        let (mut fleet, _) = world.fleet(config, Vec::new());
        fleet.discover(at(begin, Duration::ZERO));
        fleet.look(at(begin, Duration::ZERO));
        Self { world, fleet, begin, id }
    }

    fn at(&self, milliseconds: u64) -> Moment {
        at(self.begin, Duration::from_millis(milliseconds))
    }

    /// A young collection, and the line that the log has of it.
    fn collects(&self, nanoseconds: u64, cause: &str) -> LoggedPause {
        self.world.collects(7, 0, nanoseconds);
        let exit = self.world.get(7, "sun.gc.collector.0.lastExitTime");
        logged("Copy", nanoseconds, cause, Some(exit - nanoseconds / 2))
    }

    fn take(&mut self, message: Message, milliseconds: u64) {
        self.fleet.take(message, self.at(milliseconds));
    }

    fn tailing(&mut self, tailed: bool, milliseconds: u64) {
        self.take(Message::Tailing(self.id, tailed), milliseconds);
    }

    /// Histograms of young collections.
    fn told(&mut self, milliseconds: u64) -> Vec<String> {
        let (request, _) = self.fleet.round(self.at(milliseconds));
        let mut lines = lines(&points(&request), "jvm.gc.duration");
        lines.retain(|line| !line.starts_with("MarkSweepCompact"));
        lines
    }

    /// Count and nanoseconds of all of them.
    fn sums(&mut self, milliseconds: u64) -> (u64, u64) {
        let (request, _) = self.fleet.round(self.at(milliseconds));
        let points = points(&request);
        let young = points.iter().filter(|point| point.attributes.starts_with("Copy/"));
        young.fold((0, 0), |(count, sum), point| {
            let histogram = point.histogram.as_ref().expect("a histogram");
            (count + histogram.count, sum + (point.value * 1e9).round() as u64)
        })
    }
}

fn logged(name: &'static str, nanoseconds: u64, cause: &str, middle: Option<u64>) -> LoggedPause {
    let (action, cause) = ("end of minor GC".into(), Some(cause.to_owned()));
    LoggedPause { name: name.into(), action, cause, nanoseconds, middle }
}

#[test]
fn a_log_says_why_and_how_long_of_what_counters_know_together() {
    let mut bench = Bench::new("17-serial", WITH_CAUSE);
    bench.tailing(true, 1);
    let pauses = vec![
        bench.collects(2 * MS, "Allocation Failure"),
        bench.collects(20 * MS, "System.gc()"),
        bench.collects(2 * MS, "Allocation Failure"),
    ];
    assert_eq!(bench.told(300), ["Copy/end of minor GC 0"], "they wait for their lines");

    let id = bench.id;
    bench.take(Message::Logged(id, pauses), 400);

    let expected = [
        "Copy/end of minor GC 0",
        "Copy/end of minor GC/Allocation Failure 0.004",
        "Copy/end of minor GC/System.gc() 0.02",
    ];
    assert_eq!(bench.told(500), expected);
}

#[test]
fn without_a_cause_that_is_wanted_single_pauses_do_not_wait() {
    let mut bench = Bench::new("17-serial", "{}");
    bench.tailing(true, 1);
    let first = bench.collects(2 * MS, "Allocation Failure");
    let second = bench.collects(20 * MS, "System.gc()");
    assert_eq!(bench.told(300), ["Copy/end of minor GC 0.022"]);

    let id = bench.id;
    bench.take(Message::Logged(id, vec![first, second]), 400);
    assert_eq!(bench.told(500), ["Copy/end of minor GC 0.022"]);
}

#[test]
fn what_is_not_in_the_log_is_told_without_a_cause_in_the_end() {
    let mut bench = Bench::new("17-serial", WITH_CAUSE);
    bench.tailing(true, 1);
    let missing = |bench: &Bench| drop((bench.collects(MS, "a"), bench.collects(MS, "b")));

    missing(&bench);
    assert_eq!(bench.told(300), ["Copy/end of minor GC 0"]);
    assert_eq!(bench.told(2400), ["Copy/end of minor GC 0.002"]);

    missing(&bench);
    assert_eq!(bench.sums(2500).0, 2);
    bench.tailing(false, 2600);
    assert_eq!(bench.sums(2600).0, 4, "there is no log any more");

    bench.tailing(true, 2700);
    missing(&bench);
    assert_eq!(bench.sums(2800).0, 4);
    let block = bench.world.state().blocks.remove(&7).expect("a block");
    assert_eq!(bench.sums(2900).0, 6, "the counters cannot be read");

    missing_while_unread(&mut bench, block);
}

/// What happens while counters cannot be read is told when they can.
fn missing_while_unread(bench: &mut Bench, block: Vec<u8>) {
    bench.world.state().blocks.insert(7, block);
    drop(bench.collects(MS, "c"));
    bench.fleet.discover(bench.at(5000));
    assert_eq!(bench.sums(5100), (7, 7 * MS));
}

#[test]
fn what_counters_do_not_count_the_log_alone_tells_from_when_it_is_tailed() {
    let mut bench = Bench::new("17-serial", WITH_CAUSE);
    bench.tailing(true, 1000);
    let id = bench.id;
    let pauses = vec![logged("Shenandoah Pauses", MS, "x", None), logged("Copy", MS, "no time", None)];
    bench.take(Message::Logged(id, pauses), 2000);
    let (request, _) = bench.fleet.round(bench.at(3000));
    let points = points(&request);
    let shenandoah =
        points.iter().find(|point| point.attributes.starts_with("Shenandoah")).expect("a histogram");
    assert_eq!(shenandoah.start, bench.at(1000).unix);
    assert_eq!(bench.told(3000), ["Copy/end of minor GC 0", "Shenandoah Pauses/end of minor GC/x 0.001"]);
}

#[test]
fn a_cause_that_shows_later_counts_from_the_beginning_of_the_jvm() {
    let mut bench = Bench::new("17-serial", WITH_CAUSE);
    bench.tailing(true, 1000);
    let (id, pause) = (bench.id, bench.collects(MS, "System.gc()"));
    bench.collects(MS, "lost");
    bench.take(Message::Logged(id, vec![pause]), 2000);
    let (request, _) = bench.fleet.round(bench.at(9000));
    let starts: Vec<u64> = points(&request)
        .iter()
        .filter(|point| point.metric == "jvm.gc.duration")
        .map(|point| point.start)
        .collect();
    assert!(starts.iter().all(|start| *start == bench.at(0).unix), "{starts:?}");
}

#[derive(Clone, Debug)]
enum Step {
    Collect { micros: u64, lost: bool },
    Look,
    Round,
    Read,
    Tailing(bool),
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn count_and_sum_are_exact_whatever_becomes_of_the_log(
        cause: bool,
        steps in prop::collection::vec((prop_oneof![
            4 => (1_u64..50_000, any::<bool>()).prop_map(|(micros, lost)| Step::Collect { micros, lost }),
            3 => Just(Step::Look),
            1 => Just(Step::Round),
            2 => Just(Step::Read),
            1 => any::<bool>().prop_map(Step::Tailing),
        ], 0_u64..1500), 0..40),
    ) {
        let mut bench = Bench::new("17-serial", if cause { WITH_CAUSE } else { "{}" });
        let (mut now, mut truth, mut before, mut unread) = (0, (0, 0), (0, 0), Vec::new());
        let id = bench.id;
        for (step, wait) in steps {
            now += wait;
            match step {
                Step::Collect { micros, lost } => {
                    let pause = bench.collects(micros * 1000, "cause");
                    truth = (truth.0 + 1, truth.1 + micros * 1000);
                    unread.extend((!lost).then_some(pause));
                }
                Step::Look => drop(bench.fleet.look(bench.at(now))),
                Step::Round => {
                    let sums = bench.sums(now);
                    prop_assert!(before <= sums && sums <= truth, "{before:?} {sums:?} {truth:?}");
                    before = sums;
                }
                Step::Read => bench.take(Message::Logged(id, std::mem::take(&mut unread)), now),
                Step::Tailing(tailed) => bench.tailing(tailed, now),
            }
        }
        bench.fleet.look(bench.at(now + 1000));
        prop_assert_eq!(bench.sums(now + 4000), truth);
    }
}
