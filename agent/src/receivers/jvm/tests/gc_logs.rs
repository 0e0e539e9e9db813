//! Logs in a directory that stands for the root of a process.

use std::fs::{self, File};
use std::io::Write;

use edgewatch_core::telemetry::Registry;
use edgewatch_core::testing::reading;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

const ID: ProcessId = ProcessId { pid: 7, start: 1 };

struct Bench {
    directory: TempDir,
    logs: Logs,
    registry: Registry,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        let registry = Registry::default();
        let logs = Logs::new("jvm", Watch::default(), &Telemetry::new(registry.clone()));
        Self { directory: TempDir::new().unwrap(), logs, registry, now: Instant::now() }
    }

    fn watch(&self, id: ProcessId, collector: Collector, glob: &str) {
        let watched = Watched { root: self.directory.path().into(), collector, glob: Some(glob.to_owned()) };
        self.logs.watch.lock().insert(id, watched);
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.directory.path().join(name);
        File::options().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn look(&mut self) -> Vec<Message> {
        self.now += Duration::from_secs(1);
        self.logs.look(self.now, SystemTime::now());
        let mut messages = Vec::new();
        self.logs.tell(|message| {
            messages.push(message);
            true
        });
        messages
    }
}

fn line(id: u32, micros: u64) -> String {
    format!(
        "[1.5s][info][gc] GC({id}) Pause Young (Normal) (G1 Evacuation Pause) 6M->1M(64M) {}.{:03}ms\n",
        micros / 1000,
        micros % 1000
    )
}

fn pause(micros: u64) -> LoggedPause {
    LoggedPause {
        name: "G1 Young Generation".into(),
        action: "end of minor GC".into(),
        cause: Some("G1 Evacuation Pause".to_owned()),
        nanoseconds: micros * 1000,
    }
}

#[test]
fn what_was_in_the_log_before_is_the_counters_to_tell() {
    let mut bench = Bench::new();
    bench.write("gc.log", &line(0, 100));
    bench.watch(ID, Collector::G1, "/gc.log");
    assert_eq!(bench.look(), [Message::Tailing(ID, true)]);
    assert!(bench.look().is_empty());

    bench.write(
        "gc.log",
        &format!("{}[2s][info][gc,start] GC(2) Pause Remark\n{}", line(1, 250), line(2, 70)),
    );
    assert_eq!(bench.look(), [Message::Logged(ID, vec![pause(250), pause(70)])]);
}

#[test]
fn a_log_that_comes_later_is_tailed_from_then_on() {
    let mut bench = Bench::new();
    bench.watch(ID, Collector::G1, "/gc.log");
    assert!(bench.look().is_empty(), "as long as there is no file the counters go on");

    bench.write("gc.log", &line(0, 100));
    assert_eq!(bench.look(), [Message::Tailing(ID, true)]);
    bench.write("gc.log", &line(1, 200));
    assert_eq!(bench.look(), [Message::Logged(ID, vec![pause(200)])]);
}

#[test]
fn rotation_loses_no_pause() {
    let mut bench = Bench::new();
    bench.write("gc.log", "[0s][info][gc] Using G1\n");
    bench.watch(ID, Collector::G1, "/gc.log");
    bench.look();
    bench.write("gc.log", &line(1, 100));
    let path = bench.directory.path().join("gc.log");
    fs::rename(&path, path.with_extension("log.0")).unwrap();
    bench.write("gc.log", &line(2, 200));
    assert_eq!(bench.look(), [Message::Logged(ID, vec![pause(100), pause(200)])]);
}

#[test]
fn a_log_that_is_switched_off_is_told_to_its_end() {
    let mut bench = Bench::new();
    bench.watch(ID, Collector::G1, "/none.log");
    bench.look();
    bench.write("on.log", &line(0, 50));
    bench.logs.watch.switched_on(ID, "/on.log");
    bench.look();
    assert_eq!(bench.look(), [Message::Tailing(ID, true)]);

    bench.write("on.log", &line(1, 100));
    bench.logs.watch.switched_off(ID);
    assert_eq!(bench.look(), [Message::Logged(ID, vec![pause(100)]), Message::Tailing(ID, false)]);
    bench.write("on.log", &line(2, 200));
    assert!(bench.look().is_empty());
    assert!(bench.logs.jvms.is_empty());
}

#[test]
fn a_jvm_that_is_gone_is_given_up() {
    let mut bench = Bench::new();
    bench.write("gc.log", "[0s][info][gc] Using G1\n");
    bench.watch(ID, Collector::G1, "/gc.log");
    bench.look();
    bench.write("gc.log", &line(1, 100));
    bench.logs.watch.lock().clear();
    assert_eq!(bench.look(), [Message::Logged(ID, vec![pause(100)]), Message::Tailing(ID, false)]);
    assert!(bench.logs.jvms.is_empty());
}

#[test]
fn two_jvms_are_told_apart() {
    let mut bench = Bench::new();
    let other = ProcessId { pid: 8, start: 2 };
    bench.write("a.log", "[0s][info][gc] Using G1\n");
    bench.write("b.log", "[0s][info][gc] Using Parallel\n");
    bench.watch(ID, Collector::G1, "/a.log");
    bench.watch(other, Collector::Parallel, "/b.log");
    bench.look();
    bench.write("a.log", &line(1, 100));
    bench.write("b.log", "[1s][info][gc] GC(0) Pause Full (Ergonomics) 6M->1M(64M) 1.000ms\n");
    let messages = bench.look();
    let full = LoggedPause {
        name: "PS MarkSweep".into(),
        action: "end of major GC".into(),
        cause: Some("Ergonomics".to_owned()),
        nanoseconds: 1_000_000,
    };
    assert_eq!(messages.len(), 2);
    assert!(messages.contains(&Message::Logged(ID, vec![pause(100)])));
    assert!(messages.contains(&Message::Logged(other, vec![full])));
}

#[test]
fn what_nobody_takes_is_bounded_and_counted() {
    let mut bench = Bench::new();
    bench.write("gc.log", "[0s][info][gc] Using G1\n");
    bench.watch(ID, Collector::G1, "/gc.log");
    bench.look();
    bench.write("gc.log", &line(1, 100).repeat(MOST_PAUSES + 5));
    let told: usize = bench
        .look()
        .iter()
        .map(|message| if let Message::Logged(_, pauses) = message { pauses.len() } else { 0 })
        .sum();
    assert_eq!(told, MOST_PAUSES);
    bench.write("gc.log", &line(1, 100));
    bench.now += Duration::from_secs(1);
    bench.logs.look(bench.now, SystemTime::now());
    bench.logs.tell(|_| false);
    assert_eq!(reading(&bench.registry, "edgewatch_jvm_gc_log_lost_pauses", &[]) as usize, 6);
}

#[test]
fn the_thread_ends_with_its_neighbour() {
    let (sender, _messages) = std::sync::mpsc::sync_channel(1);
    let logs = GcLogs::new("jvm", true, Mailbox(sender), &Telemetry::new(Registry::default())).unwrap();
    drop(logs.watch());
    drop(logs);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_pause_is_told_once(writes in proptest::collection::vec((0_usize..5, any::<bool>(), 0_usize..60), 1..20)) {
        let mut bench = Bench::new();
        bench.write("gc.log", "[0s][info][gc] Using G1\n");
        bench.watch(ID, Collector::G1, "/gc.log");
        bench.look();
        let (mut written, mut told, mut rest) = (Vec::new(), Vec::new(), String::new());
        for (lines, rotate, torn) in writes {
            let mut text = std::mem::take(&mut rest);
            for _ in 0..lines {
                let micros = written.len() as u64 + 1;
                written.push(pause(micros));
                text.push_str(&line(0, micros));
            }
            rest = text.split_off(text.len() - torn.min(text.len()));
            bench.write("gc.log", &text);
            if rotate && rest.is_empty() {
                let path = bench.directory.path().join("gc.log");
                fs::rename(&path, path.with_extension("log.0")).unwrap();
                bench.write("gc.log", "");
            }
            for message in bench.look() {
                if let Message::Logged(_, pauses) = message { told.extend(pauses) }
            }
        }
        bench.write("gc.log", &rest);
        for _ in 0..2 {
            for message in bench.look() {
                if let Message::Logged(_, pauses) = message { told.extend(pauses) }
            }
        }
        prop_assert_eq!(told, written);
    }
}
