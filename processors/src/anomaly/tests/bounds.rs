use edgewatch_proto::encode::Times;

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
