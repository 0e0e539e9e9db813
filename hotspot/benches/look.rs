//! What a look at a JVM costs, and a round. A look reads the counters of collections, less than a kilobyte, and everything only when they
//! have changed; a round reads everything. Neither does any other system call: whether the process is still there is read in rounds.

#![allow(missing_docs, reason = "the macros of criterion write none")]
#![allow(clippy::expect_used, reason = "a benchmark that cannot set up has nothing to measure")]

use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use edgewatch_hotspot::collector::{OldAfter, Plan};
use edgewatch_hotspot::pauses::Tracker;

/// As long as a source reads: what is in use, rounded up to pages.
const PAGE: usize = 4096;

fn recorded(name: &str) -> (File, Vec<u8>, Plan) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("testdata/{name}.block"));
    let block = std::fs::read(path).expect("a recorded block");
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(&block).expect("written");
    // The file of a JVM has 32 KiB.
    file.set_len(32 << 10).expect("its length");
    let plan = Plan::new(&block).expect("a plan");
    (file, vec![0; block.len().next_multiple_of(PAGE)], plan)
}

fn looks(criterion: &mut Criterion) {
    for name in ["17-g1", "21-parallel", "25-z"] {
        let (file, mut buffer, plan) = recorded(name);
        let mut trackers = vec![Tracker::default(); plan.collections().len()];
        let mut after = OldAfter::default();
        // What a JVM that is not collecting costs, several times a second.
        let watched = plan.watched();
        let (mut now, mut seen) = (vec![0; watched.len()], vec![0; watched.len()]);
        file.read_exact_at(&mut seen, watched.start as u64).expect("read");
        criterion.bench_function(&format!("look/{name}, nothing new"), |bencher| {
            bencher.iter(|| {
                file.read_exact_at(&mut now, watched.start as u64).expect("read");
                assert!(black_box(&now) == &seen);
            });
        });
        // What it costs after each collection.
        criterion.bench_function(&format!("look/{name}, a collection"), |bencher| {
            bencher.iter(|| {
                file.read_exact_at(&mut now, watched.start as u64).expect("read");
                black_box(now == seen);
                file.read_exact_at(&mut buffer, 0).expect("read");
                assert!(plan.is_current(&buffer));
                for (of, tracker) in plan.collections().iter().zip(&mut trackers) {
                    black_box(plan.tally(&buffer, of).map(|tally| tracker.look(tally)));
                }
                after.look(&plan, &buffer);
            });
        });
        criterion.bench_function(&format!("round/{name}"), |bencher| {
            bencher.iter(|| {
                file.read_exact_at(&mut buffer, 0).expect("read");
                assert!(plan.is_current(&buffer));
                black_box(plan.general(&buffer));
                for pool in plan.pools() {
                    black_box((plan.used(&buffer, pool), plan.committed(&buffer, pool)));
                    black_box((plan.value(&buffer, pool.limit), plan.value(&buffer, pool.init)));
                    black_box(plan.after(&buffer, pool));
                }
            });
        });
        criterion.bench_function(&format!("plan/{name}"), |bencher| {
            bencher.iter(|| black_box(Plan::new(&buffer)));
        });
    }
}

criterion_group!(benches, looks);
criterion_main!(benches);
