//! What the detector reports, and how.

use super::*;
use crate::anomaly::detector::Channel;

const QUIET: u64 = START + 3 * DAY;

/// A detector that knows [`usual`] at one point a minute.
fn trained() -> Detector {
    let mut detector = Detector::default();
    assert_eq!(starts(&run(&mut detector, START..QUIET, MINUTE, usual)).len(), 0);
    detector
}

#[test]
fn a_fault_is_one_event_with_a_start_and_an_end() {
    let mut detector = trained();
    let scored = run(&mut detector, QUIET..QUIET + HOUR, MINUTE, |time| usual(time) + 0.5);
    let after = run(&mut detector, QUIET + HOUR..QUIET + DAY, MINUTE, usual);

    let found = starts(&scored);
    assert_eq!(found.len(), 1);
    assert!(found[0].time <= QUIET + MINUTE, "found late");
    assert!(starts(&after).is_empty());
    let ends: Vec<_> = scored.iter().chain(&after).filter(|step| step.event == Some(Edge::End)).collect();
    assert_eq!(ends.len(), 1);
    assert!(after.last().is_some_and(|step| !step.anomalous));
}

#[test]
fn an_event_explains_itself() {
    let mut detector = trained();
    let scored = run(&mut detector, QUIET..QUIET + MINUTE, MINUTE, |_| 1.7);
    let reason = scored[0].reason;
    assert!(matches!(reason.channel, Channel::Level | Channel::Jump), "{reason}");
    assert!(scored[0].probability() < 1e-4);
    let expected = reason.expected;
    assert!(expected.low < 0.45 && expected.high > 0.4, "{reason}");
    assert_eq!(expected.seen, 1.7);
    let text = super::super::Reason { channel: Channel::Level, ..reason }.to_string();
    assert!(text.contains("x the usual level for 00:00; expected 0."), "{text}");
}

#[test]
fn a_level_that_changes_for_good_is_reported_once_and_learned() {
    let mut detector = trained();
    let scored = run(&mut detector, QUIET..QUIET + 4 * DAY, MINUTE, |time| usual(time) + 0.6);
    assert_eq!(starts(&scored).len(), 1);
    let last = scored.last().unwrap();
    assert!(!last.anomalous && last.raw < 20.0, "not learned: {last:?}");
}

#[test]
fn a_spike_shorter_than_a_step_is_seen() {
    let mut detector = Detector::default();
    run(&mut detector, START..START + 2 * DAY, 10 * SECOND, usual);
    let spike = START + 2 * DAY + 30 * SECOND;
    let value = |time| if time == spike { 3.0 } else { usual(time) };
    let scored = run(&mut detector, START + 2 * DAY..START + 2 * DAY + HOUR, 10 * SECOND, value);
    let found = starts(&scored);
    assert_eq!(found.len(), 1);
    assert!(found[0].time < spike + MINUTE);
}

#[test]
fn a_peak_is_reported_once_and_then_only_when_it_grows() {
    let mut detector = trained();
    let value = |time| if time < QUIET + 5 * MINUTE { 0.75 } else { 4.0 };
    let reported: Vec<bool> = run(&mut detector, QUIET..QUIET + 6 * MINUTE, MINUTE, value)
        .iter()
        .map(|step| step.score > 0.0)
        .collect();
    assert!(reported[0] && reported[5], "{reported:?}");
    assert!(reported[1..5].iter().filter(|reported| **reported).count() <= 1, "{reported:?}");
}

#[test]
fn the_probability_falls_as_the_score_grows() {
    let mut last = 0.0;
    for score in 0..4000 {
        let ln = super::super::calibration::ln_probability(score as f32 / 10.0);
        assert!(ln <= last && ln.is_finite(), "at {score}");
        last = ln;
    }
    assert_eq!(super::super::calibration::ln_probability(0.0), 0.0);
}
