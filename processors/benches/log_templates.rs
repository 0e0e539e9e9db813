//! What mining one line costs.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use edgewatch_processors::log_templates::miner::{Limits, Miner};

/// Lines as servers write them, 20 templates, with changing values.
fn lines() -> Vec<String> {
    let mut lines = Vec::new();
    for round in 0..200 {
        for kind in 0..20 {
            let (a, b) = (round * 37 + kind, round * 7919 % 65_536);
            lines.push(match kind % 5 {
                0 => format!("Accepted connection {kind} from 10.0.{}.{}:{b} on listener public", a % 256, b % 256),
                1 => format!("request {a:08x}-{b:04x} GET /api/v1/orders/{a} finished with status 200 in {b} us, stage {kind}"),
                2 => format!("worker-{} took job_{a}_{b} from queue orders; {kind} more are waiting", a % 8),
                3 => format!("cache miss for key user:{b} (shard={}, generation={a}), loading from the database", a % 16),
                _ => format!("Checkpoint complete: wrote {b} buffers ({}.{}%); sync={}.{:03} s", a % 100, b % 10, a % 9, b % 1000),
            });
        }
    }
    lines
}

fn known(criterion: &mut Criterion) {
    let lines = lines();
    let mut miner = Miner::new(Limits::default());
    for line in &lines {
        miner.mine(line.as_bytes());
    }
    let mut group = criterion.benchmark_group("log_templates");
    group.throughput(Throughput::Elements(lines.len() as u64));
    group.bench_function("known", |bencher| {
        bencher.iter(|| {
            lines.iter().map(|line| black_box(miner.mine(line.as_bytes())).0).fold(0, u64::wrapping_add)
        });
    });
    group.bench_function("from_nothing", |bencher| {
        bencher.iter(|| {
            let mut miner = Miner::new(Limits::default());
            lines.iter().map(|line| black_box(miner.mine(line.as_bytes())).0).fold(0, u64::wrapping_add)
        });
    });
    group.finish();
}

criterion_group!(benches, known);
criterion_main!(benches);
