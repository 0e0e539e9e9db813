//! What it costs to score a point.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use edgewatch_processors::anomaly::detector::{Detector, Settings};

const POINTS: u64 = 20_000;
const SECOND: u64 = 1_000_000_000;

/// A day with a hill and noise, and a spike now and then.
fn value(second: u64, noise: u64) -> f64 {
    let day = (second as f64 / 86_400.0 * std::f64::consts::TAU).sin();
    let spike = if noise.is_multiple_of(997) { 30.0 } else { 0.0 };
    50.0 + 20.0 * day + (noise % 1000) as f64 / 200.0 + spike
}

fn series(cadence: u64) -> Vec<(u64, f64)> {
    let mut noise = 1_u64;
    let points = (1..=POINTS).map(|point| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (point * cadence * SECOND, value(point * cadence, noise >> 33))
    });
    points.collect()
}

fn scoring(criterion: &mut Criterion) {
    let settings = Settings::default();
    let mut group = criterion.benchmark_group("detector");
    group.throughput(Throughput::Elements(POINTS));
    for (name, cadence) in [("5 minutes", 300), ("1 minute", 60), ("10 seconds", 10)] {
        let series = series(cadence);
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                Detector::default,
                |detector| {
                    for (time, value) in &series {
                        black_box(detector.observe(&settings, *time, *value));
                    }
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, scoring);
criterion_main!(benches);
