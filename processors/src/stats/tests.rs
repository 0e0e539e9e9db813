//! Streaming statistics beside slow ones.

use proptest::prelude::*;

use super::{Day, Divergence, Ewma, Span, Stored, Tail, TailConstants, asinh, ln, ln_ratio};

const CONSTANTS: TailConstants = TailConstants {
    warm_up: 45.0,
    spread: Span::of(50.0),
    threshold: Span::of(200.0),
    excess: Span::of(100.0),
    excess_limit: 30.0,
    heaviness: 0.8,
    floor: 0.01,
    limit: 60.0,
};

fn random(seed: u64) -> impl Iterator<Item = f32> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 + 0.5) / (1 << 24) as f32
    })
}

/// Exponential numbers with mean 1.
fn exponential(seed: u64) -> impl Iterator<Item = f32> {
    random(seed).map(|uniform| -uniform.ln())
}

fn through<T: Stored>(value: &T) -> Option<T> {
    let mut bytes = Vec::new();
    value.store(&mut bytes);
    let mut rest = bytes.as_slice();
    let back = T::load(&mut rest);
    assert!(rest.is_empty(), "not all was read");
    back
}

#[test]
fn a_tail_gives_exceedances_the_probabilities_they_have() {
    for (seed, weight) in [(1, 1.0), (2, 1.0), (3, 0.2)] {
        let mut tail = Tail::default();
        let values: Vec<f32> = exponential(seed).take(60_000).collect();
        let surprises = values.iter().map(|value| tail.surprise(*value, 0.0, weight, &CONSTANTS));
        let late: Vec<f32> = surprises.skip(10_000).collect();
        for nominal in [0.01_f32, 0.003, 0.001] {
            let hits = late.iter().filter(|surprise| **surprise >= -nominal.ln()).count();
            let factor = hits as f32 / late.len() as f32 / nominal;
            assert!((0.6..1.7).contains(&factor), "weight {weight}, p = {nominal}: {factor} of nominal");
        }
    }
}

#[test]
fn a_tail_says_nothing_while_it_warms_up() {
    let mut tail = Tail::default();
    let first: Vec<f32> =
        exponential(5).take(45).map(|value| tail.surprise(value, 0.0, 1.0, &CONSTANTS)).collect();
    assert_eq!(first, [0.0; 45]);
    assert!(tail.surprise(100.0, 0.0, 1.0, &CONSTANTS) > 10.0);
}

#[test]
fn a_large_first_value_does_not_blind_a_tail() {
    let (mut calm, mut startled) = (Tail::default(), Tail::default());
    startled.surprise(30.0, 0.0, 1.0, &CONSTANTS);
    for value in exponential(6).take(2000) {
        calm.surprise(value, 0.0, 1.0, &CONSTANTS);
        startled.surprise(value, 0.0, 1.0, &CONSTANTS);
    }
    assert!(startled.threshold() < 2.0 * calm.threshold(), "{startled:?} {calm:?}");
}

#[test]
fn spikes_that_keep_coming_stop_standing_out() {
    let mut tail = Tail::default();
    let mut spikes = Vec::new();
    for (at, value) in exponential(7).take(20_000).enumerate() {
        let spike = at % 288 == 287;
        let surprise = tail.surprise(if spike { 100.0 } else { value }, 0.0, 1.0, &CONSTANTS);
        if spike {
            spikes.push(surprise);
        }
    }
    assert!(spikes[0] > 30.0 && spikes.last().is_some_and(|last| *last < 8.0), "{spikes:?}");
}

#[test]
fn a_tail_of_nothing_but_zeros_finds_anything_surprising_and_nothing_endless() {
    let mut tail = Tail::default();
    (0..1000).for_each(|_| assert!(tail.surprise(0.0, 0.0, 1.0, &CONSTANTS) < 3.0));
    let surprise = tail.surprise(1e30, 0.0, 1.0, &CONSTANTS);
    assert!((60.0..70.0).contains(&surprise), "{surprise}");
}

#[test]
fn recent_values_elsewhere_diverge() {
    let mut divergence = Divergence::default();
    let (recent, usual) = (Span::of(24.0), Span::of(1000.0));
    let calm = random(8).take(2000).map(|at| divergence.update(at, recent, usual, 1.0)).last().unwrap();
    let after = (0..24).map(|_| divergence.update(0.95, recent, usual, 1.0)).last().unwrap();
    assert!(after > 5.0 * calm, "{calm} {after}");
}

#[test]
fn an_hour_not_seen_is_not_known() {
    let mut day = Day::default();
    day.update(5, 2.0, 1.0, Span::of(16.0), 1.0);
    assert_eq!(day.usual(6), None);
    assert_eq!(day.usual(5).map(|hour| (hour.level, hour.ratio)), Some((2.0, 1.0)));
    assert_eq!(day.usual(24), None);
    assert_eq!(through(&day), Some(day));
}

proptest! {
    #[test]
    fn ln_is_the_logarithm(x in 1e-30_f32..1e30) {
        prop_assert!((f64::from(ln(x)) - f64::from(x).ln()).abs() < 1e-5, "{x}");
    }

    #[test]
    fn ln_ratio_is_the_logarithm_of_the_ratio(a in 1e-12_f32..1e12, b in 1e-12_f32..1e12) {
        let exact = f64::from(a).ln() - f64::from(b).ln();
        prop_assert!((f64::from(ln_ratio(a, b)) - exact).abs() < 1e-5, "{a} / {b}");
    }

    #[test]
    fn ln_is_exact_near_one(x in 0.5_f32..2.0) {
        prop_assert!((f64::from(ln(x)) - f64::from(x).ln()).abs() < 5e-7, "{x}");
    }

    #[test]
    fn asinh_is_the_inverse_hyperbolic_sine(x in -1e15_f32..1e15) {
        let slow = f64::from(x).asinh();
        prop_assert!((f64::from(asinh(x)) - slow).abs() < 1e-5 + 1e-6 * slow.abs(), "{x}");
    }

    #[test]
    fn a_mean_that_warms_up_is_the_plain_mean(values in prop::collection::vec(-1e6_f32..1e6, 1..100)) {
        let mut mean = Ewma::default();
        values.iter().for_each(|value| mean.update(*value, Span::of(200.0), 1.0));
        let slow = values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len() as f64;
        prop_assert!((f64::from(mean.mean()) - slow).abs() < 1.0, "{} {slow}", mean.mean());
    }

    #[test]
    fn a_warm_mean_is_the_weighted_sum(values in prop::collection::vec(-1e3_f32..1e3, 100..300), weight in 0.2_f32..1.0) {
        let span = 16.0_f64;
        let mut mean = Ewma::default();
        let (mut slow, mut seen) = (0.0_f64, 0.0_f64);
        for value in values {
            mean.update(value, Span::of(span as f32), weight);
            seen += f64::from(weight);
            let share = f64::from(weight) / seen.min(span);
            slow += share.min(1.0) * (f64::from(value) - slow);
        }
        // One step of the warm-up may fall on either side of the span.
        prop_assert!((f64::from(mean.mean()) - slow).abs() < 20.0, "{} {slow}", mean.mean());
    }

    #[test]
    fn weight_and_not_count_decides_how_fast_is_learned(level in -1e3_f32..1e3, parts in 1_u8..10) {
        let (mut coarse, mut fine) = (Ewma::default(), Ewma::default());
        let span = Span::of(50.0);
        for beat in 0..400 {
            let value = if beat < 200 { 0.0 } else { level };
            coarse.update(value, span, 1.0);
            (0..parts).for_each(|_| fine.update(value, span, 1.0 / f32::from(parts)));
        }
        prop_assert!((coarse.mean() - fine.mean()).abs() <= 0.02 * level.abs() + 1e-3, "{coarse:?} {fine:?}");
    }

    #[test]
    fn a_tail_stays_finite(values in prop::collection::vec(0.0_f32..1e36, 1..300), weight in 0.01_f32..1.0) {
        let mut tail = Tail::default();
        for value in values {
            let surprise = tail.surprise(value.sqrt(), 0.0, weight, &CONSTANTS);
            prop_assert!((0.0..=64.0).contains(&surprise), "{surprise}");
        }
        prop_assert_eq!(through(&tail), Some(tail));
    }

    #[test]
    fn a_divergence_is_never_negative_nor_large(at in prop::collection::vec(-10.0_f32..10.0, 1..300)) {
        let mut divergence = Divergence::default();
        for position in at {
            let nats = divergence.update(position, Span::of(24.0), Span::of(1000.0), 1.0);
            prop_assert!((-0.01..10.0).contains(&nats), "{nats}");
        }
        prop_assert_eq!(through(&divergence), Some(divergence));
    }

    #[test]
    fn foreign_bytes_are_a_value_or_nothing(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Some(tail) = Tail::load(&mut bytes.as_slice()) {
            let mut again = Vec::new();
            tail.store(&mut again);
            prop_assert_eq!(&bytes[..again.len()], &again[..]);
        }
    }
}
