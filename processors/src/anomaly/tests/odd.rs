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
