//! The law: every line arrives, in the order of its file; once, unless the agent was killed.

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::bench::{Bench, body, records};
use crate::tailing::Chunk;

#[derive(Clone, Debug)]
enum Event {
    /// Lines are written to a file; the last one may stay unfinished until the next.
    Write {
        file: usize,
        lines: usize,
        torn: bool,
    },
    Rename {
        file: usize,
    },
    CopyTruncate {
        file: usize,
    },
    /// The agent looks, with so much room.
    Poll {
        room: usize,
    },
    /// The destination confirms so many batches.
    Deliver {
        batches: usize,
    },
    /// The agent is killed and started again.
    Kill,
}

fn event(kills: bool) -> impl Strategy<Value = Event> {
    let file = 0_usize..3;
    prop_oneof![
        6 => (file.clone(), 1_usize..40, any::<bool>())
            .prop_map(|(file, lines, torn)| Event::Write { file, lines, torn }),
        1 => file.clone().prop_map(|file| Event::Rename { file }),
        1 => file.prop_map(|file| Event::CopyTruncate { file }),
        6 => prop_oneof![Just(0), Just(1), Just(usize::MAX)].prop_map(|room| Event::Poll { room }),
        4 => (1_usize..4).prop_map(|batches| Event::Deliver { batches }),
        u32::from(kills) => Just(Event::Kill),
    ]
}

/// What was written and what has arrived.
struct World {
    bench: Bench,
    /// For every file the number of its content, counted up by rotation.
    content: [usize; 3],
    /// For every file the end of a line that still has to be written.
    torn: [bool; 3],
    written: HashMap<(usize, usize), Vec<String>>,
    arrived: Vec<String>,
    in_flight: Vec<Chunk>,
    rotations: usize,
    next: usize,
}

impl World {
    fn new(settings: serde_json::Value) -> Self {
        Self {
            bench: Bench::new(settings),
            content: [0; 3],
            torn: [false; 3],
            written: HashMap::new(),
            arrived: Vec::new(),
            in_flight: Vec::new(),
            rotations: 0,
            next: 0,
        }
    }

    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Write { file, lines, torn } => self.write(file, lines, torn),
            Event::Rename { file } => self.rotate(file, Bench::rename),
            Event::CopyTruncate { file } => self.rotate(file, |bench, from, to| {
                bench.copy(from, to);
                bench.truncate(from);
            }),
            Event::Poll { room } => {
                self.bench.now += Duration::from_secs(2);
                self.step(room);
            }
            Event::Deliver { batches } => {
                let batches = batches.min(self.in_flight.len());
                let delivered = self.in_flight.drain(..batches).collect();
                self.bench.deliver(delivered);
            }
            Event::Kill => {
                self.in_flight.clear();
                self.bench.kill();
            }
        }
    }

    fn write(&mut self, file: usize, lines: usize, torn: bool) {
        let mut text = String::new();
        if std::mem::take(&mut self.torn[file]) {
            text.push_str("end\n");
        }
        for line in 0..lines {
            self.next += 1;
            // Every line is different, also from its first byte on.
            let line_text = format!("{}-{file}-{}", self.next, "x".repeat(line * 7 % 90));
            text.push_str(&line_text);
            let unfinished = torn && line + 1 == lines;
            text.push_str(if unfinished { "torn" } else { "\n" });
            self.torn[file] = unfinished;
            let whole = if unfinished { line_text + "tornend" } else { line_text };
            self.written.entry((file, self.content[file])).or_default().push(whole);
        }
        self.bench.append(&name(file), text);
    }

    fn rotate(&mut self, file: usize, how: impl Fn(&Bench, &str, &str)) {
        if !self.bench.path(&name(file)).exists() || self.torn[file] {
            return;
        }
        self.rotations += 1;
        self.content[file] += 1;
        how(&self.bench, &name(file), &format!("{}.{}", name(file), self.rotations));
    }

    fn step(&mut self, room: usize) -> bool {
        let (chunks, more) = self.bench.step(room);
        self.arrived.extend(chunks.iter().flat_map(records).map(|record| body(&record)));
        self.in_flight.extend(chunks);
        more
    }

    /// Finishes all lines and lets everything arrive.
    fn finish(&mut self) {
        for file in 0..3 {
            if self.torn[file] {
                self.write(file, 1, false);
            }
        }
        for _ in 0..4 {
            self.bench.now += Duration::from_secs(2);
            while self.step(usize::MAX) {}
        }
    }
}

fn name(file: usize) -> String {
    format!("app{file}.log")
}

fn in_order(lines: &[String], arrived: &[String]) -> bool {
    let place = |line: &String| arrived.iter().position(|other| other == line);
    lines.iter().map(place).is_sorted()
}

/// Rotated files match in one half of the cases; lines wait for their end, so that they can be compared.
fn settings(wide: bool, few: bool) -> serde_json::Value {
    json!({
        "include": if wide { ["app*.log*"] } else { ["app*.log"] },
        "force_flush_period": "0s",
        "fingerprint_size": "64",
        "max_concurrent_files": if few { 2 } else { 100 },
    })
}

proptest! {
    #![proptest_config(ProptestConfig::default())]

    #[test]
    fn without_a_kill_every_line_arrives_once(
        events in proptest::collection::vec(event(false), 1..60),
        few in any::<bool>(),
    ) {
        let mut world = World::new(settings(true, few));
        for event in &events {
            world.happen(event);
        }
        world.finish();

        let mut written: Vec<_> = world.written.values().flatten().cloned().collect();
        let mut arrived = world.arrived.clone();
        written.sort();
        arrived.sort();
        prop_assert_eq!(arrived, written);
        for lines in world.written.values() {
            prop_assert!(in_order(lines, &world.arrived));
        }
    }

    #[test]
    fn with_kills_no_line_is_missing(
        events in proptest::collection::vec(event(true), 1..60),
        few in any::<bool>(),
    ) {
        let mut world = World::new(settings(true, few));
        for event in &events {
            world.happen(event);
        }
        world.finish();

        for line in world.written.values().flatten() {
            prop_assert!(world.arrived.contains(line), "{} is missing", line);
        }
    }

    #[test]
    fn rotated_files_need_not_match_when_each_was_seen_before(
        events in proptest::collection::vec(event(false), 1..60),
    ) {
        let mut world = World::new(settings(false, false));
        for event in &events {
            if matches!(event, Event::Rename { .. } | Event::CopyTruncate { .. }) {
                // Seen, not read.
                world.happen(&Event::Poll { room: 0 });
            }
            world.happen(event);
        }
        world.finish();

        let mut written: Vec<_> = world.written.values().flatten().cloned().collect();
        let mut arrived = world.arrived.clone();
        written.sort();
        arrived.sort();
        prop_assert_eq!(arrived, written);
        prop_assert_eq!(world.bench.count("edgewatch_file_log_lost_bytes"), 0);
    }
}
