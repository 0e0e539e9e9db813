//! What it costs to score the points of many series, and what they take.

#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a benchmark that cannot begin should say so, and memory is a figure of it"
)]

use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::{ProcessEnvironment, load};
use edgewatch_core::processor::{Emitter, Processor};
use edgewatch_core::telemetry::Registry;
use edgewatch_core::testing::{context, reading};
use edgewatch_processors::PROCESSORS;
use edgewatch_proto::encode::{self, Times};

/// Points of a request.
const EACH: u64 = 1_000;
const START: u64 = 1_700_000_000_000_000_000;
const MINUTE: u64 = 60_000_000_000;

/// The points of all series in one minute, as requests come in.
fn requests(series: u64, minute: u64) -> Vec<Batch> {
    let time = START + minute * MINUTE;
    let request = |first: u64| {
        let mut request = Vec::new();
        let points = encode::metrics(&mut request, |request| {
            let describe = |resource: &mut encode::Attributes<'_>| {
                resource.string("host.name", "web-1");
                resource.string("service.name", "shop");
            };
            request.resource("", describe, |resource| {
                resource.scope("bench", "1", |scope| {
                    scope.gauge("queue.length", "{messages}", "", |points| {
                        for series in first..series.min(first + EACH) {
                            let noise = (series * 31 + minute).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50;
                            points.double(Times::at(time), 100.0 + noise as f64, |attributes| {
                                attributes.string("queue", &format!("orders-{series}"));
                                attributes.string("state", "ready");
                            });
                        }
                    });
                });
            });
        });
        Batch::new(Signal::Metrics, Bytes::from(request), points, Ack::none())
    };
    (0..series).step_by(EACH as usize).map(request).collect()
}

/// The processor with this much memory.
fn processor(mib: u64) -> (Box<dyn Processor>, Registry) {
    let text = format!("processors: {{ anomaly: {{ memory_limit_mib: {mib} }} }}");
    let mut loaded = load(&[("bench".to_owned(), text)], &[], &ProcessEnvironment);
    let mut problems = std::mem::take(&mut loaded.problems);
    let factory = PROCESSORS.iter().find(|factory| factory.answers_to("anomaly")).expect("is there");
    let section = loaded.root.get("processors").expect("was written");
    let node = section.get("anomaly").expect("was written");
    let prepared = factory.prepare(node, "processors.anomaly", &mut problems).expect("valid");
    let (context, registry) = context("anomaly");
    (prepared.build(&context).expect("builds"), registry)
}

fn process(processor: &mut dyn Processor, batches: Vec<Batch>) -> Duration {
    let mut out = Emitter::default();
    let start = Instant::now();
    for batch in batches {
        processor.process(batch, start, &mut out).expect("takes it");
    }
    let passed = start.elapsed();
    out.take().into_iter().for_each(Batch::deliver);
    passed
}

fn points(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("anomaly");
    for (series, mib) in [(1_000, 128), (10_000, 128), (100_000, 128), (100_000, 32)] {
        let (mut processor, registry) = processor(mib);
        let mut minute = 0;
        let mut next = || {
            minute += 1;
            requests(series, minute)
        };
        // Until all are scored, and their tails are known.
        for _ in 0..60 {
            process(processor.as_mut(), next());
        }
        group.throughput(Throughput::Elements(series));
        group.sample_size(10).measurement_time(Duration::from_secs(3));
        group.bench_function(format!("{series} series, {mib} MiB"), |bencher| {
            bencher.iter_custom(|rounds| (0..rounds).map(|_| process(processor.as_mut(), next())).sum());
        });
        let of = |name: &str| reading(&registry, &format!("edgewatch_processor_anomaly_{name}"), &[]);
        eprintln!("scored: {}, memory: {} of {} bytes", of("series"), of("memory"), mib << 20);
        assert!(of("memory") <= (mib << 20) as f64);
    }
    group.finish();
}

criterion_group!(benches, points);
criterion_main!(benches);
