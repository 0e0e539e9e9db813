//! What counting one span costs.

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::{Problems, ProcessEnvironment, load};
use edgewatch_core::factory::Connector;
use edgewatch_core::processor::{Emitter, Processor};
use edgewatch_core::testing::context;
use edgewatch_processors::CONNECTORS;
use edgewatch_proto::encode::{self, SpanKind};

/// Spans of a request.
const SPANS: usize = 512;

/// The connector as an agent makes it.
#[expect(clippy::expect_used, reason = "a benchmark that cannot be set up has nothing to measure")]
fn connector(config: &str) -> Box<dyn Processor> {
    let loaded = load(&[("bench.yaml".to_owned(), config.to_owned())], &[], &ProcessEnvironment);
    let factory = CONNECTORS.iter().find(|factory| factory.answers_to("span_metrics")).expect("is there");
    let mut problems = Problems::default();
    let prepared = factory.prepare(&loaded.root, "connectors.span_metrics", &mut problems).expect("is valid");
    match prepared.build(&context("span_metrics").0).expect("builds") {
        Connector::Processor(connector) => connector,
        Connector::Router(_) => unreachable!("it does not choose"),
    }
}

/// Requests as SDKs of web servers send them, with spans of so many operations.
fn requests(operations: usize) -> Vec<Bytes> {
    let count = operations.max(SPANS * 4).div_ceil(SPANS);
    let request = |number: usize| {
        let mut buf = Vec::new();
        encode::traces(&mut buf, |request| {
            let describe = |to: &mut encode::Attributes<'_>| {
                to.string("service.name", "checkout");
                to.string("service.version", "1.42.0");
                to.string("host.name", "web-7");
                to.string("telemetry.sdk.language", "java");
                to.string("telemetry.sdk.name", "opentelemetry");
                to.int("process.pid", 4711);
            };
            request.resource("", describe, |resource| {
                resource.scope("io.opentelemetry.tomcat-10.0", "2.3.0", |scope| {
                    for place in 0..SPANS {
                        let at = number * SPANS + place;
                        let begin = 1_700_000_000_000_000_000 + at as u64 * 1_000_000;
                        scope.span(|span| {
                            span.ids(&(at as u128 + 1).to_le_bytes(), &(at as u64 + 1).to_le_bytes());
                            span.parent(&[7; 8]);
                            span.name(&format!("GET /api/v1/things/{}/{{id}}", at % operations));
                            span.kind(SpanKind::Server);
                            span.times(begin, begin + 1_000 * (1 + at as u64 * 7919 % 100_000));
                            let mut to = span.attributes();
                            to.string("http.request.method", "GET");
                            to.string("url.scheme", "https");
                            to.string("url.path", "/api/v1/things/42");
                            to.string("server.address", "shop.example.com");
                            to.string("http.route", "/api/v1/things/{id}");
                            to.string("client.address", "10.1.2.3");
                            to.string("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64)");
                            to.int("http.response.status_code", 200);
                            to.int("thread.id", 31);
                        });
                    }
                });
            });
        });
        Bytes::from(buf)
    };
    (0..count).map(request).collect()
}

#[expect(clippy::expect_used, reason = "a benchmark that cannot be set up has nothing to measure")]
fn known(criterion: &mut Criterion) {
    let configurations = [
        ("explicit", "{aggregation_cardinality_limit: 0}"),
        (
            "exponential",
            "{aggregation_cardinality_limit: 0, max_memory: 64MiB, histogram: {exponential: {}}}",
        ),
        (
            "everything",
            "{aggregation_cardinality_limit: 0, exemplars: {enabled: true}, \
              dimensions: [{name: http.route}, {name: http.request.method}, {name: host.name}]}",
        ),
    ];
    let mut group = criterion.benchmark_group("span_metrics");
    for (name, config) in configurations {
        for operations in [1, 100, 10_000] {
            let requests = requests(operations);
            let mut connector = connector(config);
            let mut out = Emitter::default();
            let now = Instant::now();
            let mut count = |connector: &mut dyn Processor| {
                for request in &requests {
                    let batch = Batch::new(Signal::Traces, request.clone(), SPANS, Ack::none());
                    connector.process(batch, now, &mut out).expect("takes all");
                }
                black_box(out.take());
            };
            count(&mut *connector);
            group.throughput(Throughput::Elements((requests.len() * SPANS) as u64));
            group.bench_function(BenchmarkId::new(name, operations), |bencher| {
                bencher.iter(|| count(&mut *connector));
            });
        }
    }
    group.finish();
}

#[expect(clippy::expect_used, reason = "a benchmark that cannot be set up has nothing to measure")]
fn sent(criterion: &mut Criterion) {
    let mut connector = connector("{aggregation_cardinality_limit: 0}");
    let mut out = Emitter::default();
    for request in requests(10_000) {
        let batch = Batch::new(Signal::Traces, request, SPANS, Ack::none());
        connector.process(batch, Instant::now(), &mut out).expect("takes all");
    }
    let mut group = criterion.benchmark_group("span_metrics");
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("sending/10000", |bencher| {
        bencher.iter(|| {
            connector.drain(&mut out);
            black_box(out.take());
        });
    });
    group.finish();
}

criterion_group!(benches, known, sent);
criterion_main!(benches);
