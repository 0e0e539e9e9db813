use std::time::Duration;

use edgewatch_core::delivery::RetrySettings;
use proptest::prelude::*;

use super::Backoff;

fn settings(json: &str) -> RetrySettings {
    serde_json::from_str(json).expect("valid settings")
}

#[test]
fn without_chance_the_waits_grow_by_the_multiplier_up_to_the_longest() {
    let settings = settings(r#"{"randomization_factor": 0}"#);
    let mut backoff = Backoff::new(&settings, None);
    let mut random = fastrand::Rng::with_seed(1);

    let waits: Vec<f64> = (0..7)
        .filter_map(|_| backoff.next(None, Duration::ZERO, &mut random))
        .map(|wait| wait.as_secs_f64())
        .collect();

    assert_eq!(waits, [5.0, 7.5, 11.25, 16.875, 25.3125, 30.0, 30.0]);
}

#[test]
fn the_wait_that_the_destination_asks_for_is_a_lower_bound() {
    let settings = settings(r#"{"randomization_factor": 0}"#);
    let mut backoff = Backoff::new(&settings, None);
    let mut random = fastrand::Rng::with_seed(1);
    let asked = Duration::from_secs(6);

    assert_eq!(backoff.next(Some(asked), Duration::ZERO, &mut random), Some(asked));
    assert_eq!(
        backoff.next(Some(asked), Duration::ZERO, &mut random),
        Some(Duration::from_millis(7500)),
        "a longer wait of our own stays"
    );
}

#[test]
fn no_destination_can_ask_for_a_wait_without_end() {
    let settings = settings(r#"{"randomization_factor": 0}"#);
    let mut backoff = Backoff::new(&settings, None);
    let wait = backoff.next(Some(Duration::MAX), Duration::ZERO, &mut fastrand::Rng::with_seed(1));
    assert_eq!(wait, Some(Duration::from_secs(60 * 60)));
}

#[test]
fn gives_up_when_the_next_attempt_would_come_too_late() {
    let settings = settings(r#"{"randomization_factor": 0}"#);
    let mut backoff = Backoff::new(&settings, Some(Duration::from_secs(20)));
    let mut random = fastrand::Rng::with_seed(1);

    assert!(backoff.next(None, Duration::from_secs(15), &mut random).is_some());
    assert_eq!(backoff.next(None, Duration::from_secs(15), &mut random), None);
}

#[test]
fn the_same_seed_gives_the_same_waits() {
    let settings = RetrySettings::default();
    let waits = |seed| {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut backoff = Backoff::new(&settings, None);
        [(); 5].map(|()| backoff.next(None, Duration::ZERO, &mut random))
    };

    assert_eq!(waits(7), waits(7));
    assert_ne!(waits(7), waits(8));
}

proptest! {
    #[test]
    fn every_wait_lies_within_the_random_share_of_its_interval(
        seed: u64,
        factor in 0.0_f64..=1.0,
        multiplier in 1.0_f64..10.0,
    ) {
        let settings = RetrySettings {
            randomization_factor: factor,
            multiplier,
            ..RetrySettings::default()
        };
        let mut random = fastrand::Rng::with_seed(seed);
        let mut backoff = Backoff::new(&settings, None);
        let mut interval = settings.initial_interval.as_secs_f64();
        for _ in 0..20 {
            let wait = backoff.next(None, Duration::ZERO, &mut random).expect("no limit").as_secs_f64();
            prop_assert!(wait >= interval * (1.0 - factor) - 1e-6);
            prop_assert!(wait <= interval * (1.0 + factor) + 1e-6);
            interval = (interval * multiplier).min(settings.max_interval.as_secs_f64());
        }
    }
}
