//! What it costs to find the series of a point, and to read it.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use edgewatch_processors::anomaly::series::{Past, walk};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum, metric::Data, number_data_point::Value,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

const POINTS: usize = 10_000;
/// Points of one metric.
const EACH: usize = 20;
const START: u64 = 1_700_000_000_000_000_000;
const MINUTE: u64 = 60_000_000_000;

fn attribute(key: &str, value: String) -> KeyValue {
    let value = Some(AnyValue { value: Some(any_value::Value::StringValue(value)) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

fn attributes(point: usize) -> Vec<KeyValue> {
    vec![
        attribute("http.request.method", "GET".to_owned()),
        attribute("http.route", format!("/api/v1/orders/{point}")),
        attribute("http.response.status_code", "200".to_owned()),
    ]
}

/// 10,000 points, of 500 metrics.
fn request(data: impl Fn(std::ops::Range<usize>) -> Data) -> Vec<u8> {
    let metric = |metric: usize| Metric {
        name: format!("http.server.something.{metric}"),
        unit: "s".to_owned(),
        description: "What it is good for, in some words.".to_owned(),
        data: Some(data(metric * EACH..(metric + 1) * EACH)),
        ..Metric::default()
    };
    let metrics = (0..POINTS / EACH).map(metric).collect();
    let resource = Resource {
        attributes: vec![
            attribute("service.name", "orders".to_owned()),
            attribute("host.name", "a.example".to_owned()),
        ],
        ..Resource::default()
    };
    let group = ResourceMetrics {
        resource: Some(resource),
        scope_metrics: vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }],
        ..ResourceMetrics::default()
    };
    ExportMetricsServiceRequest { resource_metrics: vec![group] }.encode_to_vec()
}

fn number(point: usize, minute: u64) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(point),
        start_time_unix_nano: START,
        time_unix_nano: START + minute * MINUTE,
        value: Some(Value::AsDouble((point as u64 * minute) as f64)),
        ..NumberDataPoint::default()
    }
}

fn histogram(point: usize, minute: u64) -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: attributes(point),
        start_time_unix_nano: START,
        time_unix_nano: START + minute * MINUTE,
        count: 150 * minute,
        sum: Some(1.0),
        bucket_counts: vec![10 * minute; 15],
        explicit_bounds: (0..14).map(|bound| f64::from(bound) * 0.1).collect(),
        ..HistogramDataPoint::default()
    }
}

fn gauges(minute: u64) -> Vec<u8> {
    request(|points| Data::Gauge(Gauge { data_points: points.map(|point| number(point, minute)).collect() }))
}

fn counters(minute: u64) -> Vec<u8> {
    request(|points| {
        Data::Sum(Sum {
            data_points: points.map(|point| number(point, minute)).collect(),
            aggregation_temporality: AggregationTemporality::Cumulative.into(),
            is_monotonic: true,
        })
    })
}

fn histograms(minute: u64) -> Vec<u8> {
    request(|points| {
        Data::Histogram(Histogram {
            data_points: points.map(|point| histogram(point, minute)).collect(),
            aggregation_temporality: AggregationTemporality::Cumulative.into(),
        })
    })
}

fn read(request: &[u8], pasts: &mut [Past]) -> usize {
    let (mut pasts, mut readings) = (pasts.iter_mut(), 0);
    walk(request, &mut |found| {
        if let Some(past) = pasts.next() {
            readings += black_box(past.take(found)).len();
        }
    });
    readings
}

fn points(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("series");
    group.throughput(Throughput::Elements(POINTS as u64)).sample_size(30);
    for (name, request) in
        [("gauges", gauges as fn(u64) -> Vec<u8>), ("counters", counters), ("histograms", histograms)]
    {
        let (first, second) = (request(1), request(2));
        group.bench_function(format!("{name}/walk"), |bencher| {
            bencher.iter(|| {
                let mut keys = 0_u64;
                walk(black_box(&second), &mut |found| keys = keys.wrapping_add(found.key));
                keys
            });
        });
        let mut known = vec![Past::default(); POINTS];
        read(&first, &mut known);
        group.bench_function(format!("{name}/walk_and_read"), |bencher| {
            bencher.iter_batched_ref(
                || known.clone(),
                |pasts| read(black_box(&second), pasts),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, points);
criterion_main!(benches);
