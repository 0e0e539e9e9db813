//! Lines of access logs: counted, and made into records. `cargo bench -p edgewatch --features fuzzing --bench access_log`

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use edgewatch::fuzzing::AccessLog;

/// Recorded from Tomcat 10.1.
const LINES: &str = include_str!("../src/receivers/tomcat/testdata/10.1/combined.txt");

fn lines(criterion: &mut Criterion) {
    let lines: Vec<&str> = LINES.lines().collect();
    let mut group = criterion.benchmark_group("access log, combined");
    group.throughput(Throughput::Elements(lines.len() as u64));
    for (name, record) in [("counted", false), ("counted and written as records", true)] {
        let mut log = AccessLog::new("combined");
        group.bench_function(name, |bench| {
            bench.iter(|| {
                for line in &lines {
                    assert!(log.take(black_box(line), record));
                }
                log.finish()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, lines);
criterion_main!(benches);
