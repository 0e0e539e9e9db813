//! Three services in their usual noise, and what can go wrong in them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

/// 2026-01-01T00:00:00Z.
pub(super) const DAWN: u64 = 1_767_225_600_000_000_000;
/// Between two points of a series.
pub(super) const BEAT: u64 = 300_000_000_000;
/// Beats of a day and a quarter: no series is young any more.
pub(super) const LEARNED: u64 = 360;
/// Beats of a fault of twenty minutes.
pub(super) const FAULT: u64 = 4;

/// A length of what waits, one per service.
pub(super) const QUEUE: &str = "queue.length";
/// A cumulative counter.
pub(super) const ORDERS: &str = "shop.orders.placed";
/// A cumulative histogram, in seconds.
pub(super) const DURATION: &str = "http.server.request.duration";

const SERVICES: [&str; 3] = ["bank", "mail", "shop"];
/// As the semantic conventions advise for durations of requests.
const BOUNDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Requests to a service in a beat.
const REQUESTS: u64 = 600;

/// The metric of a service that is ten times what it usually is.
pub(super) type Faulty = (&'static str, &'static str);

/// All services, beat after beat.
#[derive(Default)]
pub(super) struct World {
    beat: u64,
    services: [Service; SERVICES.len()],
}

#[derive(Default)]
struct Service {
    orders: f64,
    buckets: [u64; BOUNDS.len() + 1],
    seconds: f64,
}

impl World {
    /// The time of the next beat, in nanoseconds since 1970.
    pub(super) fn now(&self) -> u64 {
        at(self.beat)
    }

    /// What all services report in the next beat.
    pub(super) fn next(&mut self, faults: &[Faulty]) -> ExportMetricsServiceRequest {
        self.beat += 1;
        let time = at(self.beat - 1);
        let services = SERVICES.iter().zip(&mut self.services).zip(0..);
        let resource_metrics = services.map(|((name, service), number)| {
            let factor = |metric| if faults.contains(&(name, metric)) { 10.0 } else { 1.0 };
            let noise = |series: u64| noise(number * 1000 + series, time);
            service.orders += factor(ORDERS) * (300.0 + 60.0 * noise(1));
            for request in 0..REQUESTS {
                let seconds = factor(DURATION) * 0.06 * (1.0 + 0.9 * noise(100 + request));
                service.buckets[BOUNDS.partition_point(|bound| *bound < seconds)] += 1;
                service.seconds += seconds;
            }
            let queue = factor(QUEUE) * (40.0 + 8.0 * noise(2));
            let metrics = vec![
                gauge(QUEUE, "{order}", time, queue, "orders"),
                counter(ORDERS, time, service.orders),
                service.durations(time),
            ];
            of_service(name, metrics)
        });
        ExportMetricsServiceRequest { resource_metrics: resource_metrics.collect() }
    }
}

impl Service {
    fn durations(&self, time: u64) -> Metric {
        let point = HistogramDataPoint {
            start_time_unix_nano: DAWN,
            time_unix_nano: time,
            count: self.buckets.iter().sum(),
            sum: Some(self.seconds),
            bucket_counts: self.buckets.to_vec(),
            explicit_bounds: BOUNDS.to_vec(),
            attributes: vec![text("http.route", "/orders")],
            ..HistogramDataPoint::default()
        };
        histogram(DURATION, "s", point)
    }
}

pub(super) const fn at(beat: u64) -> u64 {
    DAWN + beat * BEAT
}

/// A time in nanoseconds since 1970.
pub(super) fn moment(time: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(time)
}

pub(super) fn of_service(name: &str, metrics: Vec<Metric>) -> ResourceMetrics {
    let attributes = vec![text("host.name", "web-1"), text("service.name", name)];
    ResourceMetrics {
        resource: Some(Resource { attributes, ..Resource::default() }),
        scope_metrics: vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }],
        ..ResourceMetrics::default()
    }
}

pub(super) fn gauge(name: &str, unit: &str, time: u64, value: f64, queue: &str) -> Metric {
    let point = NumberDataPoint {
        time_unix_nano: time,
        value: Some(Number::AsDouble(value)),
        attributes: vec![text("queue", queue)],
        ..NumberDataPoint::default()
    };
    metric(name, unit, Data::Gauge(Gauge { data_points: vec![point] }))
}

pub(super) fn counter(name: &str, time: u64, value: f64) -> Metric {
    let point = NumberDataPoint {
        start_time_unix_nano: DAWN,
        time_unix_nano: time,
        value: Some(Number::AsDouble(value)),
        ..NumberDataPoint::default()
    };
    let sum = Sum {
        data_points: vec![point],
        aggregation_temporality: AggregationTemporality::Cumulative.into(),
        is_monotonic: true,
    };
    metric(name, "{order}", Data::Sum(sum))
}

pub(super) fn histogram(name: &str, unit: &str, point: HistogramDataPoint) -> Metric {
    let aggregation_temporality = AggregationTemporality::Cumulative.into();
    metric(name, unit, Data::Histogram(Histogram { data_points: vec![point], aggregation_temporality }))
}

fn metric(name: &str, unit: &str, data: Data) -> Metric {
    Metric { name: name.to_owned(), unit: unit.to_owned(), data: Some(data), ..Metric::default() }
}

pub(super) fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

/// From -1 to 1, the same for the same series and time (SplitMix64, Steele, Lea, Flood 2014).
pub(super) fn noise(series: u64, time: u64) -> f64 {
    let mut mixed = (series.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ time).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let share = ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64;
    2.0 * share - 1.0
}
