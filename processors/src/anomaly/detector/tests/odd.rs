//! What must not matter.

use proptest::prelude::*;

use super::*;

#[test]
fn a_constant_series_has_no_events() {
    let mut detector = Detector::default();
    assert!(starts(&run(&mut detector, START..START + 5 * DAY, MINUTE, |_| 42.0)).is_empty());
}

#[test]
fn a_series_that_starts_at_zero_has_no_event_when_its_work_begins() {
    for hours in [1, 5, 20] {
        let begins = START + hours * HOUR;
        let value = |time| if time < begins { 0.0 } else { usual(time) };
        let scored = run(&mut Detector::default(), START..START + 2 * DAY, MINUTE, value);
        assert_eq!(starts(&scored), Vec::<&Scored>::new(), "{hours} h");
    }
}

#[test]
fn a_series_that_was_zero_for_days_has_an_event_when_it_is_not() {
    let mut detector = Detector::default();
    let begins = START + 4 * DAY;
    let value = |time| if time < begins { 0.0 } else { 10.0 };
    assert_eq!(starts(&run(&mut detector, START..begins + HOUR, MINUTE, value)).len(), 1);
}

#[test]
fn one_point_a_day_is_a_series_like_any_other() {
    let mut detector = Detector::default();
    let scored = run(&mut detector, START..START + 800 * DAY, DAY, |time| 10.0 + noise(time));
    assert_eq!(scored.len(), 799, "each is scored when it comes, the second one with the first");
    assert!(starts(&scored).is_empty());
    let fault = run(&mut detector, START + 800 * DAY..START + 801 * DAY, DAY, |_| 40.0);
    assert_eq!(starts(&fault).len(), 1);
}

#[test]
fn a_gap_is_no_event() {
    let mut detector = Detector::default();
    run(&mut detector, START..START + 3 * DAY, MINUTE, usual);
    let scored = run(&mut detector, START + 5 * DAY + 7 * HOUR..START + 6 * DAY, MINUTE, usual);
    assert!(starts(&scored).is_empty());
}

#[test]
fn a_byte_counts_on_a_disk_of_terabytes() {
    let mut detector = Detector::default();
    let value = |time| 4e12 + 1e4 * noise(time);
    let scored = run(&mut detector, START..START + 2 * DAY, MINUTE, value);
    let expected = scored.last().unwrap().reason.expected;
    assert!(expected.high - expected.low < 5e4 && expected.low > 3.9e12, "{expected:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_that_comes_in_makes_it_panic_or_lose_its_numbers(
        points in prop::collection::vec((any::<u64>(), any::<f64>(), any::<bool>()), 1..400),
    ) {
        let settings = Settings::default();
        let mut detector = Detector::default();
        let mut time = START;
        for (at, value, wild) in points {
            time = if wild { at } else { time.saturating_add(at % (10 * MINUTE)) };
            if let Some(scored) = detector.observe(&settings, time, value) {
                prop_assert!(scored.raw.is_finite() && scored.score.is_finite());
                prop_assert!((0.0..=1.0).contains(&scored.probability()));
                prop_assert!(!scored.to_string().is_empty());
            }
        }
        let mut state = Vec::new();
        detector.save(&mut state);
        prop_assert_eq!(Detector::restore(&state), Ok(detector));
    }
}
