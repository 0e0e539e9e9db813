use std::time::Duration;

use edgewatch_proto::encode::{HistogramPoint, Temporality, Times};
use proptest::prelude::*;

use super::*;

#[test]
fn numbers_that_are_none_neither_disturb_nor_alarm() {
    let mut subject = Subject::new("{}");
    for beat in 0..GROWN {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, usual(0, beat)][beat as usize % 4];
        subject.take(gauges(at(beat), [(0, odd), (1, usual(1, beat))]));
    }
    assert_eq!(subject.told.events, []);
    assert!(subject.reading("unscored_points", &[("reason", "no_reading")]) > 200.0);
}

#[test]
fn an_empty_batch_is_passed() {
    let mut subject = Subject::new("{}");
    subject.take(Batch::new(Signal::Metrics, Bytes::new(), 0, Ack::none()));
    assert_eq!(subject.told, Told::default());
    assert_eq!(subject.processor.deadline(), None);
}

#[test]
fn a_point_without_a_time_is_not_scored() {
    let mut subject = Subject::new("{}");
    subject.take(gauges(0, [(0, 1.0)]));
    assert_eq!(subject.reading("unscored_points", &[("reason", "no_reading")]), 1.0);
}

#[test]
fn a_histogram_whose_bounds_change_raises_no_alarm() {
    let mut subject = Subject::new("{}");
    let mut count = 0;
    for beat in 0..GROWN {
        count += 60 + (usual(0, beat) as u64 % 7);
        let (bounds, buckets): (&[f64], Vec<u64>) = if beat % 100 < 50 {
            (&[0.1, 1.0], vec![count, 0, 0])
        } else {
            (&[0.1, 0.5, 2.0], vec![count, 0, 0, 0])
        };
        subject.take(batch("shop", |scope| {
            scope.histogram("duration", "s", "", Temporality::Cumulative, |points| {
                let point = HistogramPoint { count, bounds, buckets: &buckets, ..HistogramPoint::default() };
                points.point(Times::since(DAWN - BEAT, at(beat)), &point, |_| {});
            });
        }));
    }
    assert_eq!(subject.told.events, []);
    assert_eq!(subject.reading("series", &[]), 1.0);
    assert!(subject.reading("scored_points", &[]) > 300.0);
}

#[test]
fn series_that_come_and_go_raise_no_alarm() {
    let mut subject = Subject::new("{}");
    for beat in 0..GROWN {
        // Each lives for twenty beats.
        let first = beat / 4;
        subject.take(gauges(at(beat), (first..first + 5).map(|series| (series, usual(series, beat)))));
    }
    assert_eq!(subject.told.events, []);
}

#[test]
fn one_point_years_ahead_makes_nobody_old() {
    let mut subject = Subject::new("{}");
    live(&mut subject, 3, 0..GROWN);
    subject.take(gauges(at(10_000_000), [(9, 1.0)]));
    live(&mut subject, 3, GROWN..GROWN + 5);
    assert_eq!(subject.reading("series", &[]), 3.0);
    assert_eq!(subject.reading("forgotten_series", &[]), 0.0);
    assert_eq!(subject.told.events, []);
}

#[test]
fn a_series_that_is_silent_for_long_is_forgotten() {
    let mut subject = Subject::new(r#"{"forget_after": "24h"}"#);
    live(&mut subject, 2, 0..10);
    for beat in 10..400 {
        subject.take(gauges(at(beat), [(1, usual(1, beat))]));
    }
    assert_eq!(subject.reading("forgotten_series", &[("reason", "silent")]), 1.0);
    assert_eq!(subject.reading("series", &[]), 1.0);
}

/// Times that make no sense, among those that do.
fn time() -> impl Strategy<Value = u64> {
    let sane = (0..50_u64).prop_map(|minute| DAWN + minute * MINUTE);
    let hostile = proptest::sample::select(vec![
        0,
        1,
        DAWN - 400 * 86_400 * SECOND,
        DAWN + 86_400 * SECOND,
        (1 << 63) - 1,
        1 << 63,
        u64::MAX,
    ]);
    prop_oneof![6 => sane, 1 => hostile, 1 => any::<u64>()]
}

fn number() -> impl Strategy<Value = f64> {
    let odd = vec![0.0, -1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, f64::MAX, 1e300];
    prop_oneof![3 => 0.0..100.0, 1 => proptest::sample::select(odd), 1 => any::<u64>().prop_map(f64::from_bits)]
}

/// A point of some kind of some series.
fn odd(kind: u64, series: u64, start: u64, time: u64, value: f64) -> Batch {
    let describe = |attributes: &mut encode::Attributes<'_>| attributes.int("series", series.cast_signed());
    let times = Times::since(start, time);
    batch(if series == 0 { "shop" } else { "bank" }, |scope| match kind {
        0 => scope.gauge("load", "1", "", |points| points.double(times, value, describe)),
        1 => scope.sum("work", "1", "", Temporality::Cumulative, true, |points| {
            points.double(times, value, describe);
        }),
        2 => scope.sum("queue", "1", "", Temporality::Delta, false, |points| {
            points.double(times, value, describe);
        }),
        _ => scope.histogram("duration", "s", "", Temporality::Delta, |points| {
            let count = value.to_bits();
            let buckets = [count, count >> 7, 3];
            let point = HistogramPoint {
                count,
                bounds: &[value, 5.0],
                buckets: &buckets,
                ..HistogramPoint::default()
            };
            points.point(times, &point, describe);
        }),
    })
}

proptest! {
    #[test]
    fn whatever_comes_nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), tail in any::<[u64; 4]>()) {
        let mut subject = Subject::new(r#"{"memory_limit_mib": 1}"#);
        subject.take(Batch::new(Signal::Metrics, Bytes::from(bytes), 1, Ack::none()));
        for time in tail {
            subject.take(gauges(time, [(0, f64::from_bits(time))]));
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_points_say_what_is_told_makes_sense(
        before in 0..2_u64,
        points in proptest::collection::vec((0..4_u64, 0..2_u64, time(), time(), number(), 0..200_u64), 1..300),
    ) {
        let mut subject = Subject::new(r#"{"memory_limit_mib": 1, "event_probability": 0.1}"#);
        // Half of the runs begin with series that are known, so that there are anomalies.
        live(&mut subject, 2, 0..before * GROWN);
        let shift = before * (at(GROWN) - DAWN);
        for (kind, series, start, time, value, seconds) in points {
            let time = if (DAWN..DAWN + 86_400 * SECOND).contains(&time) { time + shift } else { time };
            subject.take(odd(kind, series, start, time, value));
            subject.now += Duration::from_secs(seconds);
            subject.tick();
        }
        prop_assert!(subject.processor.scoring.bytes() <= 1 << 20);
        for rate in &subject.told.rates {
            prop_assert!((0.0..=1.0).contains(&rate.value) && rate.time < 1 << 63, "{rate:?}");
        }
        prop_assert!(subject.told.scores.iter().all(|score| score.value >= 0.0 && score.time < 1 << 63));
        // Each start has one end at most, and each end a start.
        let mut on = std::collections::BTreeSet::new();
        for event in &subject.told.events {
            let attribute = |key| format!("{:?}", attribute(&event.record.attributes, key));
            let series = (attribute("edgewatch.anomaly.series"), attribute("edgewatch.anomaly.aspect"));
            if event.record.event_name == "edgewatch.anomaly.start" {
                prop_assert!(on.insert(series), "started twice: {event:?}");
            } else {
                prop_assert!(on.remove(&series), "has not started: {event:?}");
            }
        }
        prop_assert_eq!(subject.reading("active", &[]), on.len() as f64);
        // In the end all of them end.
        for hour in 1..100 {
            subject.now += Duration::from_secs(hour * 3600);
            subject.tick();
        }
        prop_assert_eq!(subject.reading("active", &[]), 0.0);
        prop_assert_eq!(subject.processor.deadline(), None);
    }
}
