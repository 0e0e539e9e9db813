//! What it costs to sample spans: by probability as they pass, and held until their traces are decided.

#![expect(clippy::expect_used, reason = "a benchmark that cannot be set up has no result")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::{Problems, ProcessEnvironment, load};
use edgewatch_core::processor::{Emitter, Processor};
use edgewatch_core::testing::context;
use edgewatch_processors::PROCESSORS;
use edgewatch_proto::encode::{self, SpanKind, SpanStatus};

const REQUESTS: u64 = 100;
const SPANS: u64 = 500;
/// Spans of one trace, which come in several requests.
const OF_TRACE: u64 = 8;

/// Spans of about 400 bytes, of 20 operations; the spans of a trace are spread over requests that stand together.
fn request(number: u64) -> Bytes {
    let mut buffer = Vec::new();
    encode::traces(&mut buffer, |request| {
        request.resource(
            "",
            |resource| {
                resource.string("service.name", "checkout");
                resource.string("host.name", "bench-host");
            },
            |resource| {
                resource.scope("bench", "1.0", |scope| {
                    for (index, name) in (0..SPANS).zip(NAMES.into_iter().cycle()) {
                        let trace = (number / 2 * SPANS * 2 + index * 2 + number % 2) / OF_TRACE;
                        let mixed = (trace + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                        let start = 1_700_000_000_000_000_000 + number * 1_000_000_000;
                        let took = 1_000_000 + mixed.wrapping_mul(index + 1) % 1_000_000;
                        scope.span(|span| {
                            let id = u128::from(mixed) << 64 | u128::from(mixed.rotate_left(17));
                            span.ids(&id.to_be_bytes(), &index.wrapping_mul(mixed).to_be_bytes());
                            span.name(name);
                            span.kind(SpanKind::Server);
                            span.times(start, start + took);
                            let mut attributes = span.attributes();
                            for key in KEYS {
                                attributes.string(key, "a value of some length");
                            }
                            if mixed.is_multiple_of(100) {
                                span.status(SpanStatus::Error("it failed"));
                            }
                        });
                    }
                });
            },
        );
    });
    Bytes::from(buffer)
}

const NAMES: [&str; 20] = [
    "GET /cart",
    "GET /order",
    "POST /order",
    "GET /price",
    "PUT /cart",
    "GET /user",
    "POST /user",
    "GET /stock",
    "SELECT cart",
    "SELECT order",
    "INSERT order",
    "SELECT user",
    "cache get",
    "cache set",
    "render",
    "authorize",
    "publish",
    "consume",
    "route",
    "sign",
];
const KEYS: [&str; 9] = [
    "http.request.method",
    "url.path",
    "url.scheme",
    "server.address",
    "client.address",
    "user_agent.original",
    "http.route",
    "network.protocol.version",
    "thread.name",
];

fn build(name: &str, settings: &str) -> Box<dyn Processor> {
    let loaded = load(&[("settings".to_owned(), settings.to_owned())], &[], &ProcessEnvironment);
    let factory = PROCESSORS.iter().find(|factory| factory.answers_to(name)).expect("is in this build");
    let prepared = factory.prepare(&loaded.root, name, &mut Problems::default()).expect("valid settings");
    let mut context = context(name).0;
    context.signal = Some(Signal::Traces);
    prepared.build(&context).expect("builds")
}

/// Hands all requests in and lets all traces be decided; the number of spans that came out.
fn run(processor: &mut dyn Processor, requests: &[Bytes], start: Instant) -> usize {
    let (mut out, mut kept) = (Emitter::default(), 0);
    let mut take = |out: &mut Emitter| {
        for batch in out.take() {
            kept += batch.items();
            batch.deliver();
        }
    };
    for (number, request) in (0..).zip(requests) {
        let now = start + Duration::from_millis(100 * number);
        while processor.deadline().is_some_and(|due| due <= now) {
            processor.tick(now, &mut out);
        }
        let batch = Batch::new(Signal::Traces, request.clone(), SPANS as usize, Ack::none());
        processor.process(batch, now, &mut out).expect("takes it");
        take(&mut out);
    }
    processor.drain(&mut out);
    take(&mut out);
    kept
}

fn sampling(criterion: &mut Criterion) {
    let requests: Vec<Bytes> = (0..REQUESTS).map(request).collect();
    let start = Instant::now();
    let mut group = criterion.benchmark_group("sampling");
    group.throughput(Throughput::Elements(REQUESTS * SPANS));
    let common = r"
        - {name: errors, type: status_code, status_code: {status_codes: [ERROR]}}
        - {name: slow, type: latency, latency: {threshold_ms: 5000}}
        - {name: some, type: probabilistic, probabilistic: {sampling_percentage: 5}}";
    let cases = [
        ("probabilistic_sampler", "hash_seed", "{sampling_percentage: 10}".to_owned()),
        ("probabilistic_sampler", "proportional", "{mode: proportional, sampling_percentage: 10}".to_owned()),
        (
            "probabilistic_sampler",
            "anomalies",
            "{mode: proportional, sampling_percentage: 10, keep_anomalies: {}}".to_owned(),
        ),
        ("tail_sampling", "policies", format!("decision_wait: 5s\npolicies:{common}")),
        (
            "tail_sampling",
            "anomalies",
            format!("decision_wait: 5s\npolicies:{common}\n        - {{name: odd, type: anomaly}}"),
        ),
    ];
    for (name, case, settings) in cases {
        group.bench_function(format!("{name}/{case}"), |bencher| {
            let setup = || build(name, &settings);
            bencher.iter_batched_ref(
                setup,
                |processor| run(processor.as_mut(), &requests, start),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, sampling);
criterion_main!(benches);
