use std::time::{Duration, Instant};

use crate::aggregation::data_clock::DataClock;

const MINUTE: u64 = 60_000_000_000;

#[test]
fn goes_on_between_batches() {
    let start = Instant::now();
    let mut clock = DataClock::default();
    assert_eq!(clock.at(start), 0);

    clock.observe(start, 1000 * MINUTE);

    assert_eq!(clock.at(start + Duration::from_secs(60)), 1001 * MINUTE);
}

#[test]
fn a_few_batches_with_wrong_clocks_do_not_set_the_time() {
    let start = Instant::now();
    let mut clock = DataClock::default();
    for minute in 0..15 {
        let wrong = if minute % 4 == 1 { 1_000_000 * MINUTE } else { 0 };
        clock.observe(start + Duration::from_secs(60 * minute), (1000 + minute) * MINUTE + wrong);
    }

    assert_eq!(clock.at(start + Duration::from_secs(60 * 15)), 1015 * MINUTE);
}

#[test]
fn follows_data_that_jumps_and_knows_no_time_without_any() {
    let start = Instant::now();
    let mut clock = DataClock::default();
    clock.observe(start, 0);
    clock.observe(start, u64::MAX);
    assert_eq!(clock.at(start), 0);

    for _ in 0..15 {
        clock.observe(start, 1000 * MINUTE);
    }
    for _ in 0..15 {
        clock.observe(start, 5000 * MINUTE);
    }
    assert_eq!(clock.at(start), 5000 * MINUTE);
}
