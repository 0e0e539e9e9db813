//! What becomes an event.

use super::*;
use crate::anomaly::detector::Direction;

const QUIET: u64 = START + 3 * DAY;

/// Steps in which events start when `value` follows on three days of [`usual`].
fn events(settings: &Settings, minutes: u64, value: impl Fn(u64) -> f64) -> Vec<u64> {
    let mut detector = Detector::default();
    let mut found = Vec::new();
    for minute in 0..(3 * DAY / MINUTE + minutes) {
        let time = START + minute * MINUTE;
        let value = if time < QUIET { usual(time) } else { value(time) };
        let scored = detector.observe(settings, time, value);
        if scored.is_some_and(|scored| scored.event == Some(Edge::Start)) {
            found.push((time - QUIET) / MINUTE);
        }
    }
    found
}

#[test]
fn an_event_needs_a_departure_in_the_direction_that_matters() {
    let towards = |direction| Settings { direction, ..Settings::default() };
    let (up, down) = (|time| usual(time) + 0.5, |time| usual(time) - 0.35);
    for (value, right, wrong) in [
        (&up as &dyn Fn(u64) -> f64, Direction::Up, Direction::Down),
        (&down, Direction::Down, Direction::Up),
    ] {
        assert_eq!(events(&towards(Direction::Both), 20, value).len(), 1);
        assert_eq!(events(&towards(right), 20, value).len(), 1);
        assert!(events(&towards(wrong), 20, value).is_empty());
    }
}

#[test]
fn what_lasts_may_be_likelier_than_what_does_not() {
    let strict = Settings { event_probability: 1e-13, ..Settings::default() };
    let lasting = Settings { lasting_factor: 1e6, most_lasting: 1e9, ..strict.clone() };
    let fault = |time| usual(time) + 0.6;
    let spike = |time| if time < QUIET + MINUTE { fault(time) } else { usual(time) };
    assert!(events(&strict, 20, fault).is_empty());
    assert!(events(&lasting, 20, spike).is_empty());
    let found = events(&lasting, 20, fault);
    assert!(found.len() == 1 && (1..=2).contains(&found[0]), "{found:?}");
}

#[test]
fn what_happened_twice_is_no_event_the_third_time() {
    let job =
        |time: u64| if (time - QUIET) % (5 * HOUR) < 2 * MINUTE { usual(time) + 0.5 } else { usual(time) };
    let found = events(&Settings::default(), DAY / MINUTE, job);
    assert!((1..=2).contains(&found.len()), "{found:?}");
}

#[test]
fn an_event_ends_soon_after_a_spike() {
    for cadence in [MINUTE, 5 * MINUTE] {
        let spike = START + 3 * DAY;
        let value = |time| if time == spike { 10.0 } else { noise(time / SECOND) };
        let scored = run(&mut Detector::default(), START..spike + 2 * DAY, cadence, value);
        assert_eq!(starts(&scored).iter().filter(|start| start.time == spike).count(), 1, "{cadence}");
        let last =
            scored.iter().filter(|step| step.time >= spike && step.anomalous).map(|step| step.time).max();
        let steps = (last.expect("was anomalous") - spike) / cadence;
        assert!(steps <= 10, "{cadence}: {steps} steps");
    }
}
