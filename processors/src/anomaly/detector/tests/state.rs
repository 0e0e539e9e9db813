//! State through a restart.

use proptest::prelude::*;

use super::*;
use crate::anomaly::detector::StateError;

#[test]
fn restored_state_scores_exactly_the_same() {
    let mut kept = Detector::default();
    // In the middle of a step, of an event and of a day.
    let onset = START + DAY + 5 * HOUR;
    let value = |time| usual(time) + if time > onset { 2.0 } else { 0.0 };
    run(&mut kept, START..onset + 5 * MINUTE + 25 * SECOND, 10 * SECOND, value);
    let mut state = Vec::new();
    kept.save(&mut state);
    let mut restored = Detector::restore(&state).unwrap();

    let rest = onset + 5 * MINUTE + 30 * SECOND..onset + DAY;
    let (one, other) =
        (run(&mut kept, rest.clone(), 10 * SECOND, value), run(&mut restored, rest, 10 * SECOND, value));
    assert_eq!(one, other);
    assert_eq!(kept, restored);
}

#[test]
fn state_is_small() {
    let mut detector = Detector::default();
    run(&mut detector, START..START + 2 * DAY, MINUTE, usual);
    let mut state = Vec::new();
    detector.save(&mut state);
    assert!(state.len() <= Detector::BYTES, "{} bytes", state.len());
    let mut young = Vec::new();
    Detector::default().save(&mut young);
    assert!(young.len() < state.len());
}

#[test]
fn state_of_another_version_is_refused() {
    let mut state = Vec::new();
    Detector::default().save(&mut state);
    state[0] = 200;
    assert_eq!(Detector::restore(&state), Err(StateError::Version { found: 200 }));
}

#[test]
fn state_that_is_cut_short_or_too_long_is_refused() {
    let mut state = Vec::new();
    Detector::default().save(&mut state);
    for length in 0..state.len() {
        assert_eq!(Detector::restore(&state[..length]), Err(StateError::Damaged));
    }
    state.push(0);
    assert_eq!(Detector::restore(&state), Err(StateError::Damaged));
}

proptest! {
    #[test]
    fn damaged_state_is_refused_or_works(at in 1_usize..700, byte in any::<u8>()) {
        let mut detector = Detector::default();
        run(&mut detector, START..START + DAY, 5 * MINUTE, usual);
        let mut state = Vec::new();
        detector.save(&mut state);
        let at = at % state.len();
        state[at] = byte;
        if let Ok(mut restored) = Detector::restore(&state) {
            let scored = run(&mut restored, START + DAY..START + DAY + HOUR, 5 * MINUTE, usual);
            prop_assert!(scored.iter().all(|step| !step.raw.is_nan()));
        }
    }
}
