use std::time::Duration;

use super::*;
use crate::anomaly::clock::{Clock, Passed};

fn clock() -> Clock {
    let mut clock = Clock::new(Duration::from_secs(60));
    assert_eq!(clock.observe(DAWN), Passed::Step(MINUTE));
    clock
}

#[test]
fn a_step_is_over_when_a_point_of_a_later_one_comes() {
    let mut clock = clock();
    assert_eq!(clock.observe(DAWN + 59 * SECOND), Passed::Nothing);
    assert_eq!(clock.observe(DAWN + 61 * SECOND), Passed::Step(DAWN + MINUTE));
    assert_eq!(clock.observe(DAWN + 30 * SECOND), Passed::Nothing);
    assert_eq!((clock.seconds(), clock.newest()), (61, DAWN + 61 * SECOND));
}

#[test]
fn a_gap_in_all_data_counts_as_five_steps() {
    let mut clock = clock();
    clock.observe(DAWN + 3600 * SECOND);
    assert_eq!(clock.seconds(), 300);
}

#[test]
fn what_passed_in_silence_is_not_counted_again() {
    let mut clock = clock();
    let now = Instant::now();
    clock.call(now);
    assert_eq!(clock.wait(now + Duration::from_secs(200)), Passed::Step(DAWN + MINUTE));
    assert_eq!(clock.seconds(), 200);
    clock.observe(DAWN + 230 * SECOND);
    assert_eq!(clock.seconds(), 230);
    clock.observe(DAWN + 240 * SECOND);
    assert_eq!(clock.seconds(), 240);
}

const DAY: u64 = 86_400 * SECOND;

#[test]
fn one_sender_a_day_ahead_moves_nobody_elses_clock() {
    let mut clock = clock();
    for minute in 1..100 {
        let time = DAWN + minute * MINUTE;
        assert_eq!(clock.observe(time), Passed::Step(time));
        // As many points as it likes.
        for point in 0..2_000 {
            assert_eq!(clock.observe(time + DAY + point), Passed::Nothing);
        }
    }
    assert_eq!((clock.seconds(), clock.newest()), (99 * 60, DAWN + 99 * MINUTE));
}

#[test]
fn what_was_sent_days_ago_and_comes_now_moves_no_clock() {
    let mut clock = clock();
    let start = Instant::now();
    for minute in 1..100 {
        clock.call(start + Duration::from_secs(60 * minute));
        let time = DAWN + minute * MINUTE;
        assert_eq!(clock.observe(time), Passed::Step(time));
        for point in 0..2_000 {
            assert_eq!(clock.observe(time - DAY + point * MINUTE / 10), Passed::Nothing);
        }
    }
    assert_eq!((clock.seconds(), clock.newest()), (99 * 60, DAWN + 99 * MINUTE));
}

#[test]
fn a_long_gap_in_all_data_is_believed_after_two_steps() {
    let mut clock = clock();
    let late = DAWN + DAY;
    assert_eq!(clock.observe(late), Passed::Nothing);
    assert_eq!(clock.observe(late + MINUTE), Passed::Nothing);
    assert_eq!(clock.observe(late + 2 * MINUTE), Passed::Step(DAWN + MINUTE));
    assert_eq!((clock.seconds(), clock.newest()), (300, late + 2 * MINUTE));
}

#[test]
fn series_that_are_hours_apart_move_the_clock() {
    let mut clock = clock();
    let steps = (1..10).filter(|day| clock.observe(DAWN + day * DAY) != Passed::Nothing);
    assert!(steps.count() >= 4);
}

#[test]
fn a_clock_that_was_ahead_and_is_gone_does_not_hold_up_time() {
    for ahead in [30 * MINUTE, DAY] {
        let mut clock = clock();
        let start = Instant::now();
        (0..3).for_each(|minute| assert_ne!(clock.observe(DAWN + ahead + minute * MINUTE), Passed::Back));
        let before = clock.seconds();
        let mut back = Vec::new();
        for minute in 3..20 {
            clock.call(start + Duration::from_secs(60 * minute));
            if clock.observe(DAWN + minute * MINUTE) == Passed::Back {
                back.push(minute);
            }
        }
        assert_eq!(back, [8]);
        // The steps that were waited for, and those after.
        assert_eq!((clock.newest(), clock.seconds() - before), (DAWN + 19 * MINUTE, 5 * 60 + 11 * 60));
    }
}

#[test]
fn late_points_of_data_that_comes_in_rounds_set_no_time_back() {
    let mut clock = Clock::new(Duration::from_secs(1));
    let start = Instant::now();
    for round in 0..20 {
        clock.call(start + Duration::from_secs(60 * round));
        let time = DAWN + round * MINUTE;
        for time in [time - 62 * SECOND, time, time - 2 * SECOND] {
            assert_ne!(clock.observe(time), Passed::Back, "{round}");
        }
    }
}

#[test]
fn times_that_cannot_be_are_passed_over() {
    let mut clock = clock();
    for time in [0, 1 << 63, u64::MAX] {
        assert_eq!(clock.observe(time), Passed::Nothing);
    }
    assert_eq!((clock.newest(), clock.seconds()), (DAWN, 0));
}

#[test]
fn a_tick_that_another_processor_asked_for_passes_no_time() {
    let mut clock = clock();
    let now = Instant::now();
    clock.call(now);
    let due = clock.patience().expect("waits");
    assert_eq!(clock.wait(due - Duration::from_millis(1)), Passed::Nothing);
    assert_eq!((clock.seconds(), clock.patience()), (0, Some(due)));
    assert_eq!(clock.wait(due), Passed::Step(DAWN + MINUTE));
    assert_eq!(clock.seconds(), 120);
}

#[test]
fn a_sender_with_a_wrong_clock_changes_nothing_that_is_told_of_others() {
    let told = |wrong: Option<i64>| {
        let mut subject = Subject::new("{}");
        for beat in 0..GROWN + AFTERMATH {
            let spike = if beat == GROWN { 4_000.0 } else { usual(0, beat) };
            subject.take(gauges(at(beat), [(0, spike), (1, usual(1, beat))]));
            if let Some(wrong) = wrong {
                let time = at(beat).saturating_add_signed(wrong);
                subject.take(gauges(time, (10..13).map(|series| (series, usual(series, beat)))));
            }
        }
        assert_eq!(subject.reading("forgotten_series", &[]), 0.0);
        let rates: Vec<u64> = subject.told.rates.iter().map(|rate| rate.time).collect();
        (subject.told.events, subject.told.scores, rates)
    };
    let right = told(None);
    assert_eq!(right.0.len(), 2);
    for wrong in [DAY, 400 * 366 * DAY / 2].map(u64::cast_signed) {
        assert_eq!(told(Some(wrong)), right, "{wrong}");
        assert_eq!(told(Some(-wrong)), right, "-{wrong}");
    }
    assert_eq!(told(Some(i64::MAX)), right);
}
