//! Points to steps.

use super::super::steps::Steps;
use super::*;

fn steps(points: &[(u64, f64)]) -> Vec<(f64, f64, f64)> {
    let settings = Settings::default();
    let mut steps = Steps::default();
    let mut seen = Vec::new();
    for (second, value) in points {
        let (before, complete) = steps.take(&settings, START + second * SECOND, *value);
        seen.extend(before.into_iter().chain(complete).map(|step| (step.low, step.mean, step.high)));
    }
    seen
}

#[test]
fn points_of_a_step_are_one_sample() {
    let points: Vec<_> = (0..18).map(|n| (n * 10, n as f64)).collect();
    assert_eq!(steps(&points), [(0.0, 2.5, 5.0), (6.0, 8.5, 11.0), (12.0, 14.5, 17.0)]);
}

#[test]
fn a_slow_series_is_scored_at_every_point() {
    let points: Vec<_> = (0..4).map(|n| (n * 300, n as f64)).collect();
    assert_eq!(steps(&points), [(0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (2.0, 2.0, 2.0), (3.0, 3.0, 3.0)]);
}

#[test]
fn a_step_whose_last_point_is_lost_is_closed_by_the_next() {
    let points: Vec<_> = (0..13).filter(|n| *n != 11).map(|n| (n * 10, n as f64)).collect();
    assert_eq!(steps(&points), [(0.0, 2.5, 5.0), (6.0, 8.0, 10.0)]);
}

#[test]
fn late_doubled_and_meaningless_points_are_left_out() {
    let points =
        [(0, 1.0), (300, 2.0), (300, 99.0), (10, 99.0), (600, f64::NAN), (650, f64::INFINITY), (900, 3.0)];
    assert_eq!(steps(&points), [(1.0, 1.0, 1.0), (2.0, 2.0, 2.0), (3.0, 3.0, 3.0)]);
}

#[test]
fn a_clock_that_was_set_back_is_believed_after_a_while() {
    let before = (0..10).map(|n| (100_000 + n * 60, 1.0));
    let after = (0..60).map(|n| (n * 60, 2.0));
    let seen = steps(&before.chain(after).collect::<Vec<_>>());
    assert!(seen.iter().filter(|step| step.1 == 2.0).count() >= 28, "{seen:?}");
}
