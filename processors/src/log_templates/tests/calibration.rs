//! Probabilities are what they say: a share of at most about x of the records has a probability of at most x.

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;

use super::super::surprise::Surprise;

/// A sequence of numbers that looks random and is the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }

    /// Between 0 and 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Templates with frequencies that fall with their rank to the power of `exponent`.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(templates: usize, exponent: f64) -> Self {
        let mut sum = 0.0;
        let ends = (1..=templates).map(|rank| {
            sum += (rank as f64).powf(-exponent);
            sum
        });
        Self(ends.collect())
    }

    fn next(&self, random: &mut Random) -> usize {
        let at = random.unit() * self.0.last().expect("has templates");
        self.0.partition_point(|end| *end < at)
    }
}

/// The shares of `records` records with a probability of at most 0.1, 0.01, 0.001 and 0.0001; rare templates are more often severe.
fn shares(zipf: &Zipf, records: u64, seed: u64, passed: Duration) -> [f64; 4] {
    const LIMITS: [f64; 4] = [0.1, 0.01, 0.001, 0.0001];
    let mut random = Random(seed);
    let mut surprise = Surprise::default();
    let mut last = HashMap::new();
    let mut counts = [0_u64; 4];
    for now in 0..records {
        let template = zipf.next(&mut random);
        let gap = last.insert(template, now).map(|last| now - last);
        let severity = if template % 7 == 6 { 17 } else { 9 };
        if let Some(odd) = surprise.note(gap, severity, 1.0) {
            for (count, limit) in counts.iter_mut().zip(LIMITS) {
                *count += u64::from(odd.probability <= limit);
            }
        }
        if now % 1000 == 0 {
            surprise.age(passed);
        }
    }
    counts.map(|count| count as f64 / records as f64)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_share_of_records_is_as_unlikely_as_is_said_whatever_the_frequencies(
        templates in 2_usize..20_000,
        exponent in 0.5..2.0_f64,
        seed in any::<u64>(),
        passed in prop_oneof![Just(0), Just(600), Just(3600)],
    ) {
        let shares = shares(&Zipf::new(templates, exponent), 40_000, seed, Duration::from_secs(passed));
        let [tenth, hundredth, thousandth, least] = shares;
        prop_assert!(tenth <= 0.11, "{shares:?}");
        prop_assert!(hundredth <= 0.013, "{shares:?}");
        prop_assert!(thousandth <= 0.002, "{shares:?}");
        prop_assert!(least <= 0.0005, "{shares:?}");
    }
}

#[test]
fn probabilities_are_not_much_larger_than_they_need_be() {
    let [tenth, hundredth, thousandth, least] = shares(&Zipf::new(50, 2.0), 200_000, 1, Duration::ZERO);

    assert!((0.08..0.105).contains(&tenth), "{tenth}");
    assert!((0.008..0.0105).contains(&hundredth), "{hundredth}");
    assert!((0.0005..0.0012).contains(&thousandth), "{thousandth}");
    assert!(least < 0.000_2, "{least}");
}

#[test]
fn where_new_templates_come_all_the_time_one_more_is_not_odd() {
    let [_, _, thousandth, _] = shares(&Zipf::new(200_000, 1.0), 60_000, 1, Duration::ZERO);

    assert!(thousandth < 0.000_1, "{thousandth}");
}

#[test]
fn at_first_everything_is_new_and_nothing_odd() {
    let mut surprise = Surprise::default();

    let odd = (0..900).filter(|_| surprise.note(None, 17, 1e-3).is_some()).count();

    assert_eq!(odd, 0);
}

#[test]
fn what_is_new_after_ten_thousand_usual_records_is_odd_and_the_more_so_when_it_is_severe() {
    let mut surprise = Surprise::default();
    for number in 0..40 {
        surprise.note(None, 9, 1e-3);
        surprise.note(Some(number % 20), 9, 1e-3);
    }
    for number in 0..10_000 {
        surprise.note(Some(number % 20 + 1), 9, 1e-3);
    }

    let info = surprise.clone().note(None, 9, 1e-3).expect("is odd");
    let error = surprise.note(None, 17, 1e-3).expect("is odd");

    assert!(info.new && error.new);
    assert!(error.probability < info.probability && info.probability < 5e-4, "{info:?} {error:?}");
}

#[test]
fn only_the_first_of_a_burst_is_odd() {
    let mut surprise = Surprise::default();
    for number in 0..10_000 {
        surprise.note(Some(number % 20 + 1), 9, 1e-3);
    }

    let odd: Vec<bool> =
        [None, Some(1), Some(1), Some(2)].map(|gap| surprise.note(gap, 9, 1e-3).is_some()).to_vec();

    assert_eq!(odd, [true, false, false, false]);
}

#[test]
fn a_template_that_was_not_seen_for_long_is_rare() {
    let mut surprise = Surprise::default();
    for number in 0..10_000 {
        surprise.note(Some(number % 20 + 1), 9, 1e-3);
    }

    let odd = surprise.note(Some(9_000), 9, 1e-3).expect("is odd");

    assert!(!odd.new && odd.probability <= 3e-4, "{odd:?}");
}
