use std::time::Duration;

use edgewatch_proto::encode::Times;

use super::*;
use crate::testing::{pair, text};

const SPIKE: f64 = 1_000.0;

#[test]
fn a_spike_is_told_at_its_start_and_its_end() {
    let mut subject = Subject::new("{}");
    live(&mut subject, 2, 0..GROWN);
    assert_eq!(subject.told.events, []);

    subject.take(gauges(at(GROWN), [(0, SPIKE), (1, usual(1, GROWN))]));
    live(&mut subject, 2, GROWN + 1..GROWN + AFTERMATH);

    assert_eq!(subject.event_names(), ["edgewatch.anomaly.start", "edgewatch.anomaly.end"]);
    let [start, end] = &subject.told.events[..] else { panic!("two events") };
    let shop = vec![text("host.name", "web"), text("service.name", "shop")];
    assert_eq!((&start.resource, start.scope.as_str()), (&shop, "edgewatch.anomaly"));
    assert_eq!((&end.resource, end.scope.as_str()), (&shop, "edgewatch.anomaly"));

    let record = &start.record;
    assert_eq!((record.time_unix_nano, record.observed_time_unix_nano), (at(GROWN), at(GROWN)));
    assert!(matches!((record.severity_number, record.severity_text.as_str()), (13, "WARN") | (17, "ERROR")));
    let body = record.body.clone().and_then(|body| body.value);
    let Some(Value::StringValue(body)) = body else { panic!("{body:?}") };
    assert!(body.starts_with("load{series=0}: "), "{body}");
    let keys: Vec<&str> = record.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "series",
            "edgewatch.metric.name",
            "edgewatch.metric.unit",
            "edgewatch.anomaly.series",
            "edgewatch.anomaly.aspect",
            "edgewatch.anomaly.probability",
            "edgewatch.anomaly.score",
            "edgewatch.anomaly.channel",
            "edgewatch.anomaly.value",
            "edgewatch.anomaly.expected.low",
            "edgewatch.anomaly.expected.high",
        ]
    );
    assert_eq!(record.attributes[0], pair("series", Value::IntValue(0)));
    assert_eq!(attribute(&record.attributes, "edgewatch.anomaly.value"), Some(Value::DoubleValue(SPIKE)));

    let record = &end.record;
    assert_eq!((record.severity_number, record.severity_text.as_str()), (9, "INFO"));
    let of_end = |key| attribute(&record.attributes, key);
    assert_eq!(of_end("edgewatch.anomaly.end.reason"), Some(Value::StringValue("calm".to_owned())));
    let began = i64::try_from(at(GROWN)).expect("fits");
    assert_eq!(of_end("edgewatch.anomaly.start_time_unix_nano"), Some(Value::IntValue(began)));
    let lasted = Duration::from_nanos(record.time_unix_nano - at(GROWN)).as_secs_f64();
    assert_eq!(of_end("edgewatch.anomaly.duration"), Some(Value::DoubleValue(lasted)));
    assert_eq!(
        of_end("edgewatch.anomaly.series"),
        attribute(&start.record.attributes, "edgewatch.anomaly.series")
    );
}

#[test]
fn the_score_is_told_in_each_step_and_is_zero_at_the_end() {
    let mut subject = Subject::new("{}");
    live(&mut subject, 1, 0..GROWN);
    subject.take(gauges(at(GROWN), [(0, SPIKE)]));
    live(&mut subject, 1, GROWN + 1..GROWN + AFTERMATH);

    let scores = &subject.told.scores;
    let end = subject.told.events[1].record.time_unix_nano;
    let times: Vec<u64> = scores.iter().map(|point| point.time).collect();
    let steps: Vec<u64> = (GROWN..).map(at).take_while(|time| *time <= end).collect();
    assert_eq!(times, steps);
    assert!(scores[0].value > 30.0, "{scores:?}");
    assert_eq!(scores.last().map(|point| point.value), Some(0.0));
    let expected = [
        pair("series", Value::IntValue(0)),
        text("edgewatch.metric.name", "load"),
        text("edgewatch.anomaly.aspect", "value"),
    ];
    assert!(scores.iter().all(|point| point.attributes == expected && point.scope == "edgewatch.anomaly"));
}

#[test]
fn the_rate_of_a_host_and_of_its_services_is_told_once_a_step() {
    let mut subject = Subject::new("{}");
    let beat_of = |subject: &mut Subject, beat: u64, spike: bool| {
        for (first, service) in [(0, "shop"), (4, "bank")] {
            subject.take(batch(service, |scope| {
                scope.gauge("load", "1", "", |points| {
                    for series in first..first + 4 {
                        let value = if spike && series == 0 { SPIKE } else { usual(series, beat) };
                        points.double(Times::at(at(beat)), value, |attributes| {
                            attributes.int("series", i64::try_from(series).expect("fits"));
                        });
                    }
                });
            }));
        }
    };
    (0..GROWN).for_each(|beat| beat_of(&mut subject, beat, false));
    subject.told = Told::default();
    beat_of(&mut subject, GROWN, true);
    beat_of(&mut subject, GROWN + 1, false);

    let host = vec![text("host.name", "web")];
    let service = |name| vec![text("host.name", "web"), text("service.name", name)];
    let rates: Vec<_> =
        subject.told.rates.iter().map(|point| (point.resource.clone(), point.time, point.value)).collect();
    let before = at(GROWN - 1) + MINUTE;
    let spike = at(GROWN) + MINUTE;
    assert_eq!(
        rates,
        [
            (host.clone(), before, 0.0),
            (service("bank"), before, 0.0),
            (service("shop"), before, 0.0),
            (host, spike, 0.125),
            (service("bank"), spike, 0.0),
            (service("shop"), spike, 0.25),
        ]
    );
}

#[test]
fn what_the_processor_writes_itself_is_not_scored() {
    let mut subject = Subject::new("{}");
    for beat in 0..10 {
        subject.take(batch("shop", |scope| {
            scope.gauge("edgewatch.anomaly.rate", "1", "", |points| {
                points.double(Times::at(at(beat)), 0.0, |_| {});
            });
        }));
    }
    assert_eq!(subject.reading("unscored_points", &[("reason", "disabled")]), 10.0);
    assert_eq!(subject.told, Told::default());
}

#[test]
fn an_anomaly_ends_when_its_series_falls_silent_while_others_go_on() {
    let mut subject = Subject::new("{}");
    live(&mut subject, 2, 0..GROWN);
    subject.take(gauges(at(GROWN), [(0, SPIKE), (1, usual(1, GROWN))]));
    for beat in GROWN + 1..GROWN + 20 {
        subject.take(gauges(at(beat), [(1, usual(1, beat))]));
    }

    assert_eq!(subject.event_names(), ["edgewatch.anomaly.start", "edgewatch.anomaly.end"]);
    let end = &subject.told.events[1].record;
    let reason = attribute(&end.attributes, "edgewatch.anomaly.end.reason");
    assert_eq!(reason, Some(Value::StringValue("silent".to_owned())));
    assert_eq!((end.time_unix_nano, end.observed_time_unix_nano), (at(GROWN), at(GROWN + 10)));
    assert_eq!(subject.reading("active", &[]), 0.0);
}

#[test]
fn an_anomaly_ends_when_nothing_comes_at_all() {
    let mut subject = Subject::new("{}");
    live(&mut subject, 1, 0..GROWN);
    subject.take(gauges(at(GROWN), [(0, SPIKE)]));
    assert_eq!(subject.event_names(), ["edgewatch.anomaly.start"]);

    let deadline = subject.processor.deadline().expect("waits for the end");
    assert_eq!(deadline, subject.now + Duration::from_secs(120));
    subject.now = deadline;
    subject.tick();
    assert_eq!(subject.event_names().len(), 1);
    subject.now += Duration::from_secs(3600);
    subject.tick();

    assert_eq!(subject.event_names(), ["edgewatch.anomaly.start", "edgewatch.anomaly.end"]);
    assert_eq!(subject.processor.deadline(), None);
}

#[test]
fn a_step_that_was_told_of_in_silence_is_not_told_of_again() {
    let mut subject = Subject::new("{}");
    live(&mut subject, 1, 0..5);
    subject.told = Told::default();
    subject.now += Duration::from_secs(300);
    subject.tick();
    // Late, but of the step that was told of.
    subject.take(gauges(at(4) + SECOND, [(0, 100.0)]));
    subject.take(gauges(at(5), [(0, 100.0)]));
    subject.take(gauges(at(6), [(0, 100.0)]));

    let times: Vec<u64> = subject.told.rates.iter().map(|point| point.time).collect();
    assert_eq!(times, [at(4) + MINUTE, at(4) + MINUTE, at(5) + MINUTE, at(5) + MINUTE]);
}

#[test]
fn a_tick_that_another_processor_asked_for_does_not_cut_a_step() {
    let mut subject = Subject::new("{}");
    live(&mut subject, 4, 0..GROWN);
    subject.told = Told::default();
    for (second, value) in (0..4).zip([usual(0, GROWN), usual(1, GROWN), usual(2, GROWN), SPIKE]) {
        subject.take(gauges(at(GROWN) + second * SECOND, [(second, value)]));
        subject.now += Duration::from_millis(200);
        subject.tick();
    }
    live(&mut subject, 4, GROWN + 1..GROWN + 2);
    let rates: Vec<_> = subject.told.rates.iter().map(|point| (point.time, point.value)).collect();
    let (before, spike) = (at(GROWN - 1) + MINUTE, at(GROWN) + MINUTE);
    assert_eq!(rates, [(before, 0.0), (before, 0.0), (spike, 0.25), (spike, 0.25)]);
}

#[test]
fn more_anomalies_than_are_told_of_are_counted() {
    let mut subject = Subject::new(r#"{"max_active": 2}"#);
    live(&mut subject, 5, 0..GROWN);
    subject.take(gauges(at(GROWN), (0..5).map(|series| (series, SPIKE))));

    assert_eq!(subject.event_names(), ["edgewatch.anomaly.start"; 2]);
    assert_eq!(subject.reading("untold_events", &[]), 3.0);
    live(&mut subject, 5, GROWN + 1..GROWN + 2);
    assert_eq!(subject.told.rates.last().map(|point| point.value), Some(1.0));
}

#[test]
fn an_anomaly_of_a_series_that_seldom_speaks_waits_for_it() {
    let mut subject = Subject::new("{}");
    let hour = 12;
    let start = GROWN * hour;
    for beat in (0..start).filter(|beat| beat % hour == 0 || beat + hour > start) {
        let seldom = (beat % hour == 0).then_some((0, usual(0, beat)));
        subject.take(gauges(at(beat), seldom.into_iter().chain([(1, usual(1, beat))])));
    }
    subject.take(gauges(at(start), [(0, SPIKE)]));
    for beat in start + 1..start + 9 * hour {
        subject.take(gauges(at(beat), [(1, usual(1, beat))]));
    }
    assert_eq!(subject.event_names(), ["edgewatch.anomaly.start"]);
    for beat in start + 9 * hour..start + 11 * hour {
        subject.take(gauges(at(beat), [(1, usual(1, beat))]));
    }
    assert_eq!(subject.event_names(), ["edgewatch.anomaly.start", "edgewatch.anomaly.end"]);
}
