use edgewatch_proto::encode::{HistogramPoint, Temporality, Times};

use super::*;
use crate::anomaly::table::Rank;

/// What a MiB holds: some hundreds of series.
const SMALL: &str = r#"{"memory_limit_mib": 1}"#;

fn seen(subject: &mut Subject, beat: u64, series: impl Iterator<Item = u64>) {
    subject.take(gauges(at(beat), series.map(|series| (series, usual(series, beat)))));
}

fn within_bounds(subject: &Subject) {
    let bytes = subject.processor.scoring.bytes();
    assert!(bytes <= 1 << 20, "{bytes}");
    assert_eq!(subject.reading("memory", &[]), bytes as f64);
}

#[test]
fn a_series_is_scored_from_the_third_step_on() {
    let mut subject = Subject::new("{}");
    for beat in 0..5 {
        // Many points in one step say no more than one.
        for second in 0..5 {
            subject.take(gauges(at(beat) + second * SECOND, [(0, 1.0)]));
        }
    }
    assert_eq!(subject.reading("unscored_points", &[("reason", "new")]), 10.0);
    assert_eq!(subject.reading("scored_points", &[]), 15.0);
}

#[test]
fn memory_stays_within_the_limit_whatever_comes() {
    let mut subject = Subject::new(SMALL);
    for beat in 0..12 {
        seen(&mut subject, beat, 0..3_000);
        within_bounds(&subject);
    }
    let series = subject.reading("series", &[]);
    assert!((700.0..1200.0).contains(&series), "{series}");
    assert!(subject.reading("unscored_points", &[("reason", "no_room")]) > 0.0);
}

#[test]
fn a_flood_of_new_series_pushes_out_none_that_is_there() {
    let mut subject = Subject::new(SMALL);
    let known = 300;
    (0..5).for_each(|beat| seen(&mut subject, beat, 0..known));
    for beat in 5..60 {
        // A thousand names that are never seen again, and a thousand that live for five beats.
        let once = 100_000 + beat * 1_000;
        let brief = 1_000_000 + beat / 5 * 1_000;
        seen(&mut subject, beat, (0..known).chain(once..once + 1_000).chain(brief..brief + 1_000));
        within_bounds(&subject);
    }
    for series in 0..known {
        let entry = entry_of(&mut subject, series);
        assert_ne!(entry, Some(Rank::Newcomer), "{series}");
    }
    let scored = subject.reading("scored_points", &[]);
    seen(&mut subject, 60, 0..known);
    assert_eq!(subject.reading("scored_points", &[]) - scored, known as f64);
}

#[test]
fn series_that_have_fallen_silent_make_room_for_new_ones() {
    let mut subject = Subject::new(SMALL);
    (0..5).for_each(|beat| seen(&mut subject, beat, 0..2_000));
    (5..15).for_each(|beat| seen(&mut subject, beat, 5_000..5_400));

    let scored = subject.reading("scored_points", &[]);
    seen(&mut subject, 15, 5_000..5_400);
    assert_eq!(subject.reading("scored_points", &[]) - scored, 400.0);
    assert!(subject.reading("forgotten_series", &[("reason", "no_room")]) > 0.0);
    within_bounds(&subject);
}

#[test]
fn an_anomaly_of_a_series_that_must_make_room_ends() {
    let mut subject = Subject::new(SMALL);
    live(&mut subject, 1, 0..GROWN);
    subject.take(gauges(at(GROWN), [(0, 9_000.0)]));
    assert_eq!(subject.event_names(), ["edgewatch.anomaly.start"]);
    let number = subject.processor.scoring.table.oldest(Rank::Grown).expect("is grown");
    subject.processor.scoring.forget(number, crate::anomaly::derived::Why::Evicted);
    seen(&mut subject, GROWN + 1, 7..8);

    assert_eq!(subject.event_names(), ["edgewatch.anomaly.start", "edgewatch.anomaly.end"]);
    let reason = attribute(&subject.told.events[1].record.attributes, "edgewatch.anomaly.end.reason");
    assert_eq!(reason, Some(Value::StringValue("evicted".to_owned())));
}

#[test]
fn the_bound_is_what_the_user_has_set() {
    let config: Config = serde_json::from_str(SMALL).expect("parses");
    assert_eq!(config.memory_bound(), 1 << 20);
}

/// The rank of a series, by the key that it is given in a request of its own.
fn entry_of(subject: &mut Subject, series: u64) -> Option<Rank> {
    let mut key = 0;
    let batch = gauges(at(0), [(series, 0.0)]);
    for segment in batch.segments() {
        crate::anomaly::series::walk(segment, &mut |found| key = found.key);
    }
    batch.deliver();
    let table = &subject.processor.scoring.table;
    table.find(key).and_then(|number| table.entry(number)).map(crate::anomaly::table::Entry::rank)
}

#[test]
fn series_that_are_not_to_be_scored_take_no_room_from_those_that_are() {
    let rules = r#"{"memory_limit_mib": 1, "rules": [{"metric_names": ["noise"], "enabled": false}]}"#;
    let mut subject = Subject::new(rules);
    for beat in 0..6 {
        subject.take(batch("shop", |scope| {
            scope.gauge("noise", "1", "", |points| {
                for series in 0..5_000 {
                    points.double(Times::at(at(beat)), 1.0, |attributes| attributes.int("series", series));
                }
            });
        }));
        seen(&mut subject, beat, 0..300);
        within_bounds(&subject);
    }
    assert_eq!(subject.reading("series", &[]), 300.0);
    assert_eq!(subject.reading("unscored_points", &[("reason", "disabled")]), 30_000.0);
}

/// Series of every kind, with attributes of every size, of many services, that are anomalous every other beat.
fn everything(beat: u64) -> Batch {
    let mut request = Vec::new();
    let bounds: Vec<f64> = (0..100).map(f64::from).collect();
    let buckets: Vec<u64> = (0..101).map(|bucket| beat * bucket).collect();
    let long = "x".repeat(9_000);
    let count: u64 = buckets.iter().sum();
    let points = encode::metrics(&mut request, |request| {
        for service in 0..700 {
            request.resource(
                "",
                |resource| {
                    resource.string("host.name", &format!("web-{service}"));
                    resource.string("service.name", &format!("{service}-{}", &long[..service % 7 * 300]));
                },
                |resource| {
                    resource.scope("library", "1", |scope| {
                        scope.gauge("load", "1", "", |points| {
                            let value = if beat % 20 > 15 { 9e9 } else { usual(service as u64, beat) };
                            points.double(Times::at(at(beat)), value, |attributes| {
                                attributes.string("long", &long[..service % 5 * 2_000]);
                            });
                        });
                        scope.histogram("duration", "s", "", Temporality::Cumulative, |points| {
                            let point = HistogramPoint {
                                count,
                                bounds: &bounds,
                                buckets: &buckets,
                                ..HistogramPoint::default()
                            };
                            points.point(Times::since(DAWN - BEAT, at(beat)), &point, |_| {});
                        });
                    });
                },
            );
        }
    });
    Batch::new(Signal::Metrics, Bytes::from(request), points, Ack::none())
}

#[test]
fn what_is_allocated_stays_within_the_limit() {
    let sensitive =
        r#"{"memory_limit_mib": 1, "event_probability": 0.1, "rules": [{"sensitivity": "high"}]}"#;
    let mut subject = None;
    let allocated = allocation_counter::measure(|| {
        let mut new = Subject::new(sensitive);
        for beat in 0..80 {
            new.take(everything(beat));
            new.told = Told::default();
        }
        subject = Some(new);
    });
    let subject = subject.expect("is there");
    assert!(subject.reading("events", &[("event", "start")]) > 10.0);
    within_bounds(&subject);
    // The registry of metrics, the rules, and headers of allocations are not what was learned.
    let allocated = allocated.bytes_current;
    assert!(allocated <= (1 << 20) + (64 << 10), "{allocated}");
    assert!(allocated as usize >= subject.processor.scoring.bytes() / 2, "{allocated}");
}

#[test]
fn a_hundred_thousand_series_that_come_and_go_push_out_none_of_a_thousand() {
    let mut subject = Subject::new(r#"{"memory_limit_mib": 2}"#);
    (0..5).for_each(|beat| seen(&mut subject, beat, 0..1_000));
    assert_eq!(subject.reading("series", &[]), 1_000.0);
    for beat in 5..105 {
        // A thousand new ones each beat; each lives for a random while, up to 16 beats.
        let lives = |series: u64| series.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60;
        let alive = |series: &u64| beat - series / 1_000 <= lives(*series);
        let brief = (beat.saturating_sub(16).max(5) * 1_000..(beat + 1) * 1_000).filter(alive);
        seen(&mut subject, beat, (0..1_000).chain(brief.map(|series| 1_000_000 + series)));
        assert!(subject.processor.scoring.bytes() <= 2 << 20);
    }
    for series in 0..1_000 {
        assert!(matches!(entry_of(&mut subject, series), Some(Rank::Young | Rank::Grown)), "{series}");
    }
    // Room that is left is used by those that live long enough.
    assert!(subject.reading("series", &[]) > 1_200.0);
}
