//! Bad data beside good.

use edgewatch_tests::Signal;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Summary, SummaryDataPoint,
};

use super::scene::Scene;
use super::usual::{FAULT, LEARNED, QUEUE, World, at, counter, gauge, histogram, moment, noise, of_service};

/// As in `DataPointFlags`.
const NO_RECORDED_VALUE: u32 = 1;

#[tokio::test]
async fn bad_data_is_passed_on_and_no_event_and_keeps_no_fault_from_being_found() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let (mut life, mut world) = (scene.start().await?, World::default());

    for beat in 0..LEARNED {
        let now = world.now();
        life.live(&mut world, 1, &[]).await?;
        life.send(Signal::Metrics, &bad(beat, now)).await?;
    }
    let before = scene.told()?.events;
    life.live(&mut world, FAULT, &[("shop", QUEUE)]).await?;
    let page = life.agent.own_metrics().await?;
    let unread = page.value("edgewatch_processor_anomaly_unscored_points", &[("reason", "no_reading")]);
    let sent = life.end().await?;

    let told = scene.told()?;
    told.assert_unchanged(&sent)?;
    assert_eq!(before, [], "bad data");
    let rates = told.points.iter().filter(|point| point.metric == "edgewatch.anomaly.rate");
    let last = rates
        .filter(|rate| rate.resource.get("service.name").is_some_and(|name| name == "shop"))
        .map(|rate| rate.at)
        .max();
    assert!(
        last.is_some_and(|last| last >= moment(at(LEARNED)) && last < moment(at(LEARNED + FAULT))),
        "{last:?}"
    );
    assert_eq!(told.found().into_keys().collect::<Vec<_>>(), [("shop", QUEUE)], "{:#?}", told.events);
    assert!(unread.is_some_and(|points| points > LEARNED as f64), "{page}");
    Ok(())
}

/// What no instrumentation should send, or what looks like a change and is none.
fn bad(beat: u64, now: u64) -> ExportMetricsServiceRequest {
    let odd_one = |usual: f64| match beat % 5 {
        0 => f64::NAN,
        1 => f64::INFINITY,
        2 => f64::NEG_INFINITY,
        _ => usual * (1.0 + noise(7, now) / 10.0),
    };
    let metrics = vec![
        // A gauge that is no number now and then.
        gauge("odd.gauge", "1", now, odd_one(10.0), "odd"),
        // A gauge that never is one.
        gauge("never.gauge", "1", now, f64::NAN, "odd"),
        // A counter that begins anew all the time.
        counter("restarted.counter", now, (beat % 7) as f64),
        counter("odd.counter", now, odd_one(beat as f64 * 10.0)),
        changing_bounds(beat, now),
        torn_histogram(now),
        exponential_without_end(now),
        without_points(),
        without_data(),
        without_a_value(now),
        without_time(),
        // Of before, and of next year.
        gauge("late.gauge", "1", now - 1_000_000_000_000, 3.0, "odd"),
        gauge("early.gauge", "1", u64::MAX - beat, 3.0, "odd"),
        summary(now),
    ];
    match beat % 4 {
        // Not even a resource; a resource without scopes; a scope without metrics.
        0 => ExportMetricsServiceRequest::default(),
        1 => ExportMetricsServiceRequest { resource_metrics: vec![ResourceMetrics::default()] },
        2 => {
            let scope_metrics = vec![ScopeMetrics::default()];
            let empty = ResourceMetrics { scope_metrics, ..ResourceMetrics::default() };
            ExportMetricsServiceRequest { resource_metrics: vec![empty, of_service("odd", metrics)] }
        }
        _ => ExportMetricsServiceRequest { resource_metrics: vec![of_service("odd", metrics)] },
    }
}

/// Every hour the bounds are others; what is measured stays the same.
fn changing_bounds(beat: u64, now: u64) -> Metric {
    let bounds: Vec<f64> = match beat / 12 % 3 {
        0 => vec![1.0, 2.0, 4.0],
        1 => vec![1.0, 2.0, 3.0, 4.0, 5.0],
        _ => vec![],
    };
    let mut bucket_counts = vec![beat * 10; bounds.len() + 1];
    bucket_counts[0] += beat * 10;
    let point = HistogramDataPoint {
        start_time_unix_nano: super::usual::DAWN,
        time_unix_nano: now,
        count: bucket_counts.iter().sum(),
        bucket_counts,
        explicit_bounds: bounds,
        ..HistogramDataPoint::default()
    };
    histogram("changing.bounds", "s", point)
}

/// Bounds and buckets that do not fit together, and bounds that are no numbers.
fn torn_histogram(now: u64) -> Metric {
    let point = HistogramDataPoint {
        time_unix_nano: now,
        count: u64::MAX,
        bucket_counts: vec![u64::MAX, 1, u64::MAX],
        explicit_bounds: vec![f64::NAN, f64::NEG_INFINITY, 3.0, 3.0, -1.0],
        sum: Some(f64::NAN),
        ..HistogramDataPoint::default()
    };
    histogram("torn.histogram", "s", point)
}

fn exponential_without_end(now: u64) -> Metric {
    let point = ExponentialHistogramDataPoint {
        time_unix_nano: now,
        count: u64::MAX,
        scale: i32::MIN,
        zero_threshold: f64::INFINITY,
        positive: Some(opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets {
            offset: i32::MAX,
            bucket_counts: vec![u64::MAX; 3],
        }),
        ..ExponentialHistogramDataPoint::default()
    };
    let data = ExponentialHistogram { data_points: vec![point], aggregation_temporality: 2 };
    of_data("exponential.histogram", Some(Data::ExponentialHistogram(data)))
}

fn without_points() -> Metric {
    of_data("without.points", Some(Data::Gauge(Gauge::default())))
}

fn without_data() -> Metric {
    of_data("without.data", None)
}

fn without_a_value(now: u64) -> Metric {
    let point = |flags| NumberDataPoint { time_unix_nano: now, flags, ..NumberDataPoint::default() };
    let data_points = vec![point(0), point(NO_RECORDED_VALUE)];
    of_data("without.value", Some(Data::Gauge(Gauge { data_points })))
}

fn without_time() -> Metric {
    gauge("without.time", "1", 0, 3.0, "odd")
}

fn summary(now: u64) -> Metric {
    let point =
        SummaryDataPoint { time_unix_nano: now, count: 3, sum: f64::NAN, ..SummaryDataPoint::default() };
    of_data("summary", Some(Data::Summary(Summary { data_points: vec![point] })))
}

fn of_data(name: &str, data: Option<Data>) -> Metric {
    Metric { name: name.to_owned(), data, ..Metric::default() }
}
