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

#[test]
fn a_clock_that_was_ahead_and_is_gone_does_not_hold_up_time() {
    let mut clock = clock();
    clock.observe(u64::MAX);
    for point in 0..1_000 {
        clock.observe(DAWN + point * SECOND);
    }
    let before = clock.seconds();
    clock.observe(DAWN + 1_100 * SECOND);
    assert_eq!((clock.newest(), clock.seconds()), (DAWN + 1_100 * SECOND, before + 101));
}
