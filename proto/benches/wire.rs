//! What the wire path costs per item. Throughput is in items: `elem/s` inverted is the time per item.

mod samples;

use std::hint::black_box;
use std::num::NonZeroUsize;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use edgewatch_proto::Signal;
use edgewatch_proto::scan::scan;
use edgewatch_proto::splice::Editor;
use edgewatch_proto::split::split;
use edgewatch_proto::view::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest,
};
use prost::Message;

use samples::{ITEMS, request};

fn scans(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scan");
    group.throughput(Throughput::Elements(ITEMS));
    for signal in Signal::ALL {
        let request = request(signal);
        group.bench_function(signal.name(), |bencher| bencher.iter(|| scan(signal, black_box(&request))));
    }
    let spans = request(Signal::Traces);
    group.bench_function("traces, decoded by prost", |bencher| {
        bencher.iter(|| {
            opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest::decode(black_box(
                spans.clone(),
            ))
        });
    });
    group.finish();
}

fn views(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("views");
    group.throughput(Throughput::Elements(ITEMS));
    let spans = request(Signal::Traces);
    group.bench_function("span fields", |bencher| {
        bencher.iter(|| {
            let request = ExportTraceServiceRequest::new(black_box(&spans));
            request
                .resource_spans()
                .flat_map(|resource| resource.scope_spans())
                .flat_map(|scope| scope.spans())
                .map(|span| {
                    let fields = span.fields();
                    fields.end_time_unix_nano - fields.start_time_unix_nano + fields.name.len() as u64
                })
                .sum::<u64>()
        });
    });
    group.bench_function("one attribute of a span", |bencher| {
        bencher.iter(|| {
            let request = ExportTraceServiceRequest::new(black_box(&spans));
            request
                .resource_spans()
                .flat_map(|resource| resource.scope_spans())
                .flat_map(|scope| scope.spans())
                .filter_map(|span| {
                    span.attributes().find(|attribute| attribute.key_bytes() == b"http.response.status_code")
                })
                .filter_map(|attribute| attribute.value().as_int())
                .sum::<i64>()
        });
    });
    let records = request(Signal::Logs);
    group.bench_function("log record fields", |bencher| {
        bencher.iter(|| {
            let request = ExportLogsServiceRequest::new(black_box(&records));
            request
                .resource_logs()
                .flat_map(|resource| resource.scope_logs())
                .flat_map(|scope| scope.log_records())
                .map(|record| record.fields().severity_text.len())
                .sum::<usize>()
        });
    });
    let points = request(Signal::Metrics);
    group.bench_function("point times", |bencher| {
        bencher.iter(|| {
            let request = ExportMetricsServiceRequest::new(black_box(&points));
            request
                .resource_metrics()
                .flat_map(|resource| resource.scope_metrics())
                .flat_map(|scope| scope.metrics())
                .flat_map(|metric| metric.data().points())
                .map(|point| point.time_unix_nano())
                .max()
        });
    });
    group.finish();
}

fn splices(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("splice");
    group.throughput(Throughput::Elements(ITEMS));
    for signal in Signal::ALL {
        let request = request(signal);
        let mut editor = Editor::default();
        group.bench_function(format!("resource attribute, {signal}"), |bencher| {
            bencher.iter(|| {
                editor.resources(signal, black_box(&request), &mut |_resource, attributes| {
                    attributes.upsert("deployment.environment.name", "production");
                })
            });
        });
        group.bench_function(format!("upsert and remove per item, {signal}"), |bencher| {
            bencher.iter(|| {
                editor.items(signal, black_box(&request), &mut |_item, attributes| {
                    attributes.upsert("team", "payments");
                    attributes.remove("url.path");
                })
            });
        });
        group.bench_function(format!("nothing changed, {signal}"), |bencher| {
            bencher.iter(|| {
                editor.items(signal, black_box(&request), &mut |_item, attributes| {
                    attributes.update("absent", 1i64);
                })
            });
        });
    }
    group.finish();
}

fn splits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("split");
    group.throughput(Throughput::Elements(ITEMS));
    for signal in Signal::ALL {
        let request = request(signal);
        group.bench_function(format!("into pieces of 30, {signal}"), |bencher| {
            bencher.iter(|| {
                split(signal, black_box(&request), const { NonZeroUsize::new(30).expect("not zero") }).count()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, scans, views, splices, splits);
criterion_main!(benches);
