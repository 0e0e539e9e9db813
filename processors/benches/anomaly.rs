//! What it costs to score the points of many series, and what they take.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
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
const SECOND: u64 = 1_000_000_000;

/// In which order points come.
#[derive(Clone, Copy)]
enum Order {
    /// The same each time.
    Same,
    /// Another one each time.
    Other,
}

impl Order {
    /// Which of so many series comes at a place.
    fn at(self, place: u64, series: u64, round: u64) -> u64 {
        // Primes that are no divisors of numbers of series: every series comes once.
        const STRIDES: [u64; 5] = [7_919, 104_729, 65_537, 15_485_863, 611_953];
        match self {
            Self::Same => place,
            Self::Other => place * STRIDES[(round % 5) as usize] % series,
        }
    }
}

/// The points of all series at one time, as requests come in.
fn requests(series: u64, round: u64, cadence: u64, order: Order) -> Vec<Batch> {
    let time = START + round * cadence * SECOND;
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
                        for place in first..series.min(first + EACH) {
                            let series = order.at(place, series, round);
                            let noise = (series * 31 + round).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50;
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

/// Takes in all batches. The time is that of as many batches as usual: what waited for another program in between does not count.
fn process(processor: &mut dyn Processor, batches: Vec<Batch>) -> Duration {
    let mut out = Emitter::default();
    let now = Instant::now();
    let count = u32::try_from(batches.len()).expect("few");
    let mut times: Vec<Duration> = batches
        .into_iter()
        .map(|batch| {
            let start = Instant::now();
            processor.process(batch, now, &mut out).expect("takes it");
            start.elapsed()
        })
        .collect();
    out.take().into_iter().for_each(Batch::deliver);
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default() * count
}

fn points(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("anomaly");
    for (series, mib, cadence, order) in [
        (1_000, 128, 60, Order::Same),
        (10_000, 128, 60, Order::Same),
        (100_000, 128, 60, Order::Same),
        (1_000, 128, 10, Order::Same),
        (10_000, 128, 10, Order::Same),
        (100_000, 128, 10, Order::Same),
        (1_000, 128, 10, Order::Other),
        (100_000, 128, 10, Order::Other),
        (100_000, 128, 60, Order::Other),
        (100_000, 32, 60, Order::Same),
    ] {
        let (mut processor, registry) = processor(mib);
        let mut round = 0;
        let mut next = || {
            round += 1;
            requests(series, round, cadence, order)
        };
        // Until all are scored, and their tails are known.
        for _ in 0..60 * 60 / cadence.max(30) {
            process(processor.as_mut(), next());
        }
        group.throughput(Throughput::Elements(series));
        group.sample_size(10).measurement_time(Duration::from_secs(3));
        let shuffled = if matches!(order, Order::Other) { ", shuffled" } else { "" };
        group.bench_function(format!("{series} series every {cadence} s, {mib} MiB{shuffled}"), |bencher| {
            bencher.iter_custom(|rounds| (0..rounds).map(|_| process(processor.as_mut(), next())).sum());
        });
        let of = |name: &str| reading(&registry, &format!("edgewatch_processor_anomaly_{name}"), &[]);
        assert!(of("memory") <= (mib << 20) as f64);
    }
    group.finish();
}

/// What is taken from the allocator is what the processor says it takes, and within its limit.
fn memory(_criterion: &mut Criterion) {
    for (series, mib) in [(100_000, 128), (100_000, 32), (10_000, 128)] {
        let mut kept = None;
        let taken = allocation_counter::measure(|| {
            let (mut processor, registry) = processor(mib);
            for round in 0..10 {
                process(processor.as_mut(), requests(series, round, 60, Order::Same));
            }
            kept = Some((processor, registry));
        });
        let Some((_processor, registry)) = kept else { return };
        let of = |name: &str| reading(&registry, &format!("edgewatch_processor_anomaly_{name}"), &[]);
        let (scored, said, limit) = (of("series"), of("memory"), (mib << 20) as f64);
        let taken = taken.bytes_current as f64;
        eprintln!(
            "{series} series, {mib} MiB: {scored} scored; {taken} bytes allocated, {said} counted, limit {limit}; {} per series",
            taken / scored
        );
        // What is not counted are names of metrics and settings.
        assert!(taken < limit + 65_536.0 && said <= limit && (taken - said).abs() < 65_536.0);
    }
}

criterion_group!(benches, memory, points);
criterion_main!(benches);
