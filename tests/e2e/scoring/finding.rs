//! A day and a quarter as usual, twenty minutes of faults, and a day as usual.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use edgewatch_tests::points::Record;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ScopeLogs};

use super::scene::{Scene, Told};
use super::usual::{BEAT, DURATION, FAULT, Faulty, LEARNED, ORDERS, QUEUE, World, at, moment};

/// A gauge, a counter and a histogram, of one service each.
const FAULTS: [Faulty; 3] = [("bank", DURATION), ("mail", ORDERS), ("shop", QUEUE)];
const DAY: u64 = 86_400_000_000_000 / BEAT;

#[tokio::test]
async fn what_is_unlike_itself_is_told_with_its_start_its_course_and_its_end_and_all_data_stays_as_it_is()
-> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let (mut life, mut world) = (scene.start().await?, World::default());

    life.live(&mut world, LEARNED, &[]).await?;
    life.live(&mut world, FAULT, &FAULTS).await?;
    life.live(&mut world, DAY, &[]).await?;
    let sent = life.end().await?;

    let told = scene.told()?;
    told.assert_unchanged(&sent)?;
    let found: Vec<_> = told.found().into_keys().collect();
    assert_eq!(found, FAULTS, "{:#?}", told.events);
    for (service, metric) in FAULTS {
        let of_series = |record: &&Record| concerns(record, service, metric);
        let (starts, ends): (Vec<&Record>, Vec<&Record>) =
            told.events.iter().filter(of_series).partition(|event| event.event.ends_with(".start"));
        starts.iter().for_each(|start| assert_start(start, metric));
        // Once for each of its numbers that are unusual, and each of them ends.
        let aspects = |events: &[&Record]| -> Vec<String> {
            let mut aspects: Vec<_> =
                events.iter().map(|event| event.attributes["edgewatch.anomaly.aspect"].clone()).collect();
            aspects.sort_unstable();
            aspects
        };
        assert_eq!(aspects(&starts), aspects(&ends), "{metric}");
        ends.iter().for_each(|end| assert_end(end, metric));
        let of_durations = aspects(&starts).iter().all(|aspect| aspect == "median" || aspect == "p99");
        assert_eq!(of_durations, metric == DURATION, "{starts:#?}");
        assert_scores(&told, service, metric);
    }
    assert_rates(&told);
    assert_scopes(&told)
}

fn concerns(record: &Record, service: &str, metric: &str) -> bool {
    record.resource["service.name"] == service && record.attributes["edgewatch.metric.name"] == metric
}

fn during_the_fault(time: SystemTime) -> bool {
    // A cumulative series and a step that is still open may tell one beat later.
    (moment(at(LEARNED))..=moment(at(LEARNED + FAULT))).contains(&time)
}

fn number(record: &Record, key: &str) -> f64 {
    record.attributes[key].parse().expect("a number")
}

/// As processors/src/anomaly/README.md has it.
fn assert_start(start: &Record, metric: &str) {
    let subject = match start.attributes["edgewatch.anomaly.aspect"].as_str() {
        "value" => "",
        "rate" => " rate",
        "median" => " median",
        "p99" => " p99",
        other => panic!("{other}: {start:#?}"),
    };
    let (series, sentence) = start.body.split_once(": ").expect("a series and a sentence");
    assert!(series.starts_with(metric) && series.ends_with(subject), "{}", start.body);
    assert!(sentence.contains("; expected ") && sentence.contains(" (p = "), "{}", start.body);
    assert!(during_the_fault(start.at), "{start:#?}");
    let probability = number(start, "edgewatch.anomaly.probability");
    assert!(probability <= 1e-6, "{start:#?}");
    let severity = if probability < 1e-8 { 17 } else { 13 };
    assert_eq!(start.severity, severity, "{start:#?}");
    let (low, high) =
        (number(start, "edgewatch.anomaly.expected.low"), number(start, "edgewatch.anomaly.expected.high"));
    assert!(low < high && number(start, "edgewatch.anomaly.value") > 2.0 * high, "{start:#?}");
    assert!(number(start, "edgewatch.anomaly.score") > 19.0, "{start:#?}");

    let mut expected = vec![
        "edgewatch.anomaly.aspect",
        "edgewatch.anomaly.channel",
        "edgewatch.anomaly.expected.high",
        "edgewatch.anomaly.expected.low",
        "edgewatch.anomaly.probability",
        "edgewatch.anomaly.score",
        "edgewatch.anomaly.series",
        "edgewatch.anomaly.value",
        "edgewatch.metric.name",
        "edgewatch.metric.unit",
    ];
    expected.extend(of_point(metric));
    assert_eq!(start.attributes.keys().map(String::as_str).collect::<Vec<_>>(), expected);
    assert_eq!(start.resource.keys().collect::<Vec<_>>(), ["host.name", "service.name"]);
}

fn assert_end(end: &Record, metric: &str) {
    assert!(end.body.starts_with(metric) && end.body.contains(": as usual again after "), "{}", end.body);
    assert_eq!((end.severity, end.attributes["edgewatch.anomaly.end.reason"].as_str()), (9, "calm"));
    let start: u64 = end.attributes["edgewatch.anomaly.start_time_unix_nano"].parse().expect("a time");
    let lasted = end.at.duration_since(moment(start)).expect("the end comes later");
    assert!(during_the_fault(moment(start)) && lasted > Duration::ZERO, "{end:#?}");
    assert_eq!(number(end, "edgewatch.anomaly.duration"), lasted.as_secs_f64());
    assert!(number(end, "edgewatch.anomaly.peak.score") > 19.0, "{end:#?}");
    assert!(number(end, "edgewatch.anomaly.peak.probability") <= 1e-6, "{end:#?}");

    let mut expected = vec![
        "edgewatch.anomaly.aspect",
        "edgewatch.anomaly.duration",
        "edgewatch.anomaly.end.reason",
        "edgewatch.anomaly.peak.probability",
        "edgewatch.anomaly.peak.score",
        "edgewatch.anomaly.series",
        "edgewatch.anomaly.start_time_unix_nano",
        "edgewatch.metric.name",
        "edgewatch.metric.unit",
    ];
    expected.extend(of_point(metric));
    assert_eq!(end.attributes.keys().map(String::as_str).collect::<Vec<_>>(), expected);
}

/// The attributes of the points of a metric.
fn of_point(metric: &str) -> Option<&'static str> {
    match metric {
        QUEUE => Some("queue"),
        DURATION => Some("http.route"),
        _ => None,
    }
}

/// A gauge that is there from the start to the end, where it is zero.
fn assert_scores(told: &Told, service: &str, metric: &str) {
    let of_series = |name: &str| {
        let points = told.points.iter().filter(|point| {
            point.is("edgewatch.anomaly.score", &[("edgewatch.metric.name", metric)])
                && point.resource["service.name"] == service
                && point.attributes["edgewatch.anomaly.aspect"] == name
        });
        let mut points: Vec<_> = points.map(|point| (point.at, point.value)).collect();
        points.sort_by_key(|(at, _)| *at);
        points
    };
    for start in told.starts().filter(|start| concerns(start, service, metric)) {
        let scores = of_series(&start.attributes["edgewatch.anomaly.aspect"]);
        let [first, .., last] = &scores[..] else { panic!("{scores:?}") };
        assert!(first.0 == start.at && first.1 > 19.0 && last.1 == 0.0, "{scores:?}");
    }
}

/// Shares of the host and of each service: nothing before the fault, and what was at fault while it lasted.
fn assert_rates(told: &Told) {
    let rates = || told.points.iter().filter(|point| point.metric == "edgewatch.anomaly.rate");
    let of: BTreeSet<_> = rates().map(|rate| rate.resource.get("service.name").map(String::as_str)).collect();
    assert_eq!(of, BTreeSet::from([None, Some("bank"), Some("mail"), Some("shop")]));
    assert!(rates().all(|rate| rate.resource["host.name"] == "web-1" && rate.attributes.is_empty()));
    for service in of {
        let of_service =
            || rates().filter(move |rate| rate.resource.get("service.name").map(String::as_str) == service);
        assert!(of_service().filter(|rate| rate.at <= moment(at(LEARNED))).all(|rate| rate.value == 0.0));
        let most = of_service().map(|rate| rate.value).fold(0.0, f64::max);
        assert!((most - 1.0 / 3.0).abs() < 1e-9, "one of three of {service:?}: {most}");
    }
}

fn assert_scopes(told: &Told) -> anyhow::Result<()> {
    let logs = told.receipts.logs()?;
    let scopes: Vec<&ScopeLogs> =
        logs.iter().flat_map(|request| &request.resource_logs).flat_map(|group| &group.scope_logs).collect();
    for scope in &scopes {
        assert_eq!(scope.scope.as_ref().map(|scope| scope.name.as_str()), Some("edgewatch.anomaly"));
        let observed = |record: &LogRecord| record.observed_time_unix_nano >= record.time_unix_nano;
        assert!(scope.log_records.iter().all(observed));
    }
    Ok(())
}
