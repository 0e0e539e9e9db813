//! What finding the other side of a call costs.

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
/// Requests of each side before the other side comes.
const REQUESTS: usize = 8;

/// The connector as an agent makes it.
#[expect(clippy::expect_used, reason = "a benchmark that cannot be set up has nothing to measure")]
fn connector(config: &str) -> Box<dyn Processor> {
    let loaded = load(&[("bench.yaml".to_owned(), config.to_owned())], &[], &ProcessEnvironment);
    let factory = CONNECTORS.iter().find(|factory| factory.answers_to("service_graph")).expect("is there");
    let mut problems = Problems::default();
    let prepared =
        factory.prepare(&loaded.root, "connectors.service_graph", &mut problems).expect("is valid");
    match prepared.build(&context("service_graph").0).expect("builds") {
        Connector::Processor(connector) => connector,
        Connector::Router(_) => unreachable!("it does not choose"),
    }
}

/// A request with one side of calls, the first of which has this number.
fn request(service: &str, kind: SpanKind, first: u64, database: bool) -> Bytes {
    let mut buf = Vec::new();
    encode::traces(&mut buf, |request| {
        let describe = |to: &mut encode::Attributes<'_>| {
            to.string("service.name", service);
            to.string("service.version", "1.42.0");
            to.string("host.name", "web-7");
            to.string("telemetry.sdk.language", "java");
            to.int("process.pid", 4711);
        };
        request.resource("", describe, |resource| {
            resource.scope("io.opentelemetry.tomcat-10.0", "2.3.0", |scope| {
                for number in first..first + SPANS as u64 {
                    // Eight calls in a trace.
                    let trace =
                        u128::from(1 + number / 8).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
                    let (client, other) = (1 + 2 * number, 2 + 2 * number);
                    let begin = 1_700_000_000_000_000_000 + number * 1_000_000;
                    scope.span(|span| {
                        if matches!(kind, SpanKind::Server) {
                            span.ids(&trace.to_be_bytes(), &other.to_be_bytes());
                            span.parent(&client.to_be_bytes());
                        } else {
                            span.ids(&trace.to_be_bytes(), &client.to_be_bytes());
                            span.parent(&[7; 8]);
                        }
                        span.name("GET /api/v1/things/{id}");
                        span.kind(kind);
                        span.times(begin, begin + 1_000 * (1 + number * 7919 % 100_000));
                        let mut to = span.attributes();
                        to.string("http.request.method", "GET");
                        to.string("url.scheme", "https");
                        to.string("server.address", "shop.example.com");
                        to.string("http.route", "/api/v1/things/{id}");
                        to.string("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64)");
                        to.int("http.response.status_code", 200);
                        if database {
                            to.string("db.name", "orders");
                        }
                    });
                }
            });
        });
    });
    Bytes::from(buf)
}

#[expect(clippy::expect_used, reason = "a benchmark that cannot be set up has nothing to measure")]
fn calls(criterion: &mut Criterion) {
    let firsts = (0..REQUESTS).map(|number| (number * SPANS) as u64);
    let clients: Vec<Bytes> = firsts.clone().map(|at| request("shop", SpanKind::Client, at, false)).collect();
    let servers: Vec<Bytes> = firsts.clone().map(|at| request("cart", SpanKind::Server, at, false)).collect();
    let databases: Vec<Bytes> =
        firsts.clone().map(|at| request("shop", SpanKind::Client, at, true)).collect();
    let internal: Vec<Bytes> = firsts.map(|at| request("shop", SpanKind::Internal, at, false)).collect();
    let config = "{store: {max_items: 100000, max_memory: 64MiB}}";
    let everything = "{store: {max_items: 100000, max_memory: 64MiB}, exemplars: {enabled: true}, \
                       dimensions: [http.route, host.name]}";
    let cases = [
        ("clients, then servers", config, [&clients[..], &servers[..]].concat()),
        ("servers, then clients", config, [&servers[..], &clients[..]].concat()),
        ("everything", everything, [&clients[..], &servers[..]].concat()),
        ("databases", config, databases),
        ("passed over", config, internal),
    ];
    let mut group = criterion.benchmark_group("service_graph");
    for (name, config, requests) in cases {
        let mut connector = connector(config);
        let mut out = Emitter::default();
        let now = Instant::now();
        group.throughput(Throughput::Elements((requests.len() * SPANS) as u64));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                for request in &requests {
                    let batch = Batch::new(Signal::Traces, request.clone(), SPANS, Ack::none());
                    connector.process(batch, now, &mut out).expect("takes all");
                }
                black_box(out.take());
            });
        });
    }
    group.finish();
}

criterion_group!(benches, calls);
criterion_main!(benches);
