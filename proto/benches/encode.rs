//! What it costs to write a request, item by item and beside prost.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use edgewatch_proto::encode::{self, LogsWriter, Temporality, Times};
use edgewatch_proto::{Signal, json};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message;

const ITEMS: u64 = 100;
const NOW: u64 = 1_700_000_000_000_000_000;

fn points(buf: &mut Vec<u8>) -> usize {
    let times = Times::since(NOW, NOW + 10_000_000_000);
    encode::metrics(buf, |request| {
        request.resource(
            "",
            |resource| resource.string("host.name", "web-1.example.com"),
            |resource| {
                resource.scope("edgewatch/host_metrics", "0.1.0", |scope| {
                    scope.sum(
                        "system.disk.io",
                        "By",
                        "Bytes read and written.",
                        Temporality::Cumulative,
                        true,
                        |points| {
                            for n in 0..ITEMS.cast_signed() {
                                points.int(times, n * 1_000_003, |attributes| {
                                    attributes.string("system.device", "nvme0n1");
                                    attributes.string("disk.io.direction", "read");
                                    attributes.int("cpu.logical_number", n);
                                });
                            }
                        },
                    );
                });
            },
        );
    })
}

fn record(record: &mut encode::Record<'_>, n: u64) {
    record.time(NOW + n);
    record.severity(9, "INFO");
    record.body("GET /api/v1/products/42 200 12ms - Mozilla/5.0 (X11; Linux x86_64) of some length");
    let mut attributes = record.attributes();
    attributes.string("log.file.name", "access.log");
    attributes.string("log.file.path", "/var/log/nginx/access.log");
    attributes.int("http.response.status_code", 200);
    record.observed_time(NOW + n);
}

fn records(buf: &mut Vec<u8>) -> usize {
    encode::logs(buf, |request| {
        request.resource(
            "",
            |resource| resource.string("host.name", "web-1.example.com"),
            |resource| {
                resource.scope("edgewatch/file_log", "0.1.0", |scope| {
                    (0..ITEMS).for_each(|n| scope.record(|to| record(to, n)));
                });
            },
        );
    })
}

fn encoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    group.throughput(Throughput::Elements(ITEMS));
    let mut buf = Vec::new();
    group.bench_function("metrics/100 points", |bencher| {
        bencher.iter(|| {
            buf.clear();
            points(black_box(&mut buf))
        });
    });
    let tree = ExportMetricsServiceRequest::decode(buf.as_slice()).unwrap_or_default();
    group.bench_function("metrics/100 points, prost, tree at hand", |bencher| {
        bencher.iter(|| {
            buf.clear();
            black_box(&tree).encode(&mut buf)
        });
    });
    buf.clear();
    group.bench_function("logs/100 records", |bencher| {
        bencher.iter(|| {
            buf.clear();
            records(black_box(&mut buf))
        });
    });
    let tree = ExportLogsServiceRequest::decode(buf.as_slice()).unwrap_or_default();
    group.bench_function("logs/100 records, prost, tree at hand", |bencher| {
        bencher.iter(|| {
            buf.clear();
            black_box(&tree).encode(&mut buf)
        });
    });
    let mut writer =
        LogsWriter::new(|resource| resource.string("host.name", "web-1"), "edgewatch/file_log", "");
    group.bench_function("logs/100 records, open request", |bencher| {
        bencher.iter(|| {
            (0..ITEMS).for_each(|n| writer.record(|to| record(to, n)));
            writer.finish()
        });
    });
    group.finish();
}

fn transcoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("json");
    group.throughput(Throughput::Elements(ITEMS));
    let mut request = Vec::new();
    records(&mut request);
    let mut text = Vec::new();
    group.bench_function("encode/100 records", |bencher| {
        bencher.iter(|| {
            text.clear();
            json::encode(Signal::Logs, black_box(&request), &mut text)
        });
    });
    group.bench_function("decode/100 records", |bencher| {
        bencher.iter(|| json::decode(Signal::Logs, black_box(&text)));
    });
    group.bench_function("decode/100 records, serde support of opentelemetry-proto", |bencher| {
        bencher.iter(|| {
            serde_json::from_slice::<ExportLogsServiceRequest>(black_box(&text))
                .map(|tree| tree.encode_to_vec())
        });
    });
    group.finish();
}

criterion_group!(benches, encoding, transcoding);
criterion_main!(benches);
