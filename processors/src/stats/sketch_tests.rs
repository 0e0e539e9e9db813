use proptest::prelude::*;

use super::*;

/// A day in nanoseconds, some time after 1970.
const NOW: u64 = 1_700_000_000_000_000_000;

#[test]
fn a_bucket_begins_where_the_one_before_it_ends_and_is_at_most_a_sixteenth_as_wide() {
    for bucket in 0..BUCKETS {
        let (lower, upper) = (lower_end(bucket), lower_end(bucket + 1));
        assert_eq!(bucket_of(lower as u64), bucket);
        assert_eq!(bucket_of(upper as u64 - 1), bucket);
        assert!(upper - lower <= lower / 16.0, "bucket {bucket}: {lower} to {upper}");
    }
    assert_eq!((bucket_of(0), bucket_of(u64::MAX)), (0, BUCKETS - 1));
    assert!(std::mem::size_of::<Sketch>() <= 1104);
}

#[test]
fn nothing_is_odd_before_anything_was_seen_and_little_when_little_was() {
    let mut sketch = Sketch::default();
    assert!((sketch.tail_probability(5) - 1.0).abs() < f64::EPSILON);

    sketch.insert(1_000_000, NOW);
    assert!(sketch.tail_probability(u64::MAX) >= 0.25);
    (0..8).for_each(|_| {
        sketch.insert(1_000_000, NOW);
    });
    assert!(sketch.tail_probability(u64::MAX) >= 0.01);
}

#[test]
fn what_is_far_longer_than_everything_seen_is_very_odd_but_not_more_than_was_seen_can_tell() {
    let mut sketch = Sketch::default();
    for at in 0..1000 {
        sketch.insert(1_000_000 + at * 100, NOW);
    }
    let far = sketch.tail_probability(1_000_000_000);
    assert!((far - 1.0 / (1001.0 * 1001.0)).abs() < 1e-12, "{far}");
    assert!(sketch.tail_probability(1_000_000) > 0.9);
}

#[test]
fn old_behaviour_fades_by_half_a_day_and_the_longest_one_stays_known() {
    let mut sketch = Sketch::default();
    for _ in 0..1024 {
        sketch.insert(1_000_000, NOW);
    }
    sketch.insert(1_000_000_000, NOW);
    let voted = until_halved(&mut sketch, NOW + HALF_LIFE);
    // Those that are needed are more by an eighth of themselves.
    assert!((1025 / 8 + 16..=1025 / 7 + 20).contains(&voted), "{voted}");
    assert_eq!(sketch.seen(), (1024 + voted).div_ceil(2) + 1);
    assert!(sketch.tail_probability(900_000_000) > 1.9 / f64::from(sketch.seen() + 1));

    until_halved(&mut sketch, NOW + 500 * HALF_LIFE);
    assert!(sketch.seen() <= 2);
}

/// Inserts durations that ended at `time` until that is believed; how many that took.
fn until_halved(sketch: &mut Sketch, time: u64) -> u32 {
    (1..).find(|_| sketch.insert(1_000_000, time) > 0).expect("some day")
}

#[test]
fn a_few_with_a_wrong_clock_do_not_make_what_was_seen_forgotten() {
    for wrong in [1, NOW - 3 * HALF_LIFE, NOW + 3 * HALF_LIFE, u64::MAX] {
        let mut sketch = Sketch::default();
        for at in 0..10_000 {
            sketch.insert(1_000_000, if at % 10 < 3 { wrong } else { NOW + at });
        }
        assert!(sketch.seen() > 9_900, "{wrong}: {}", sketch.seen());
    }
}

#[test]
fn forgetting_keeps_up_with_time_though_some_have_a_wrong_clock() {
    let mut sketch = Sketch::default();
    // A thousand a day for a month: what is left is about two days' worth.
    for at in 0..30_000 {
        let time = if at % 5 == 0 { u64::MAX } else { NOW + at * (HALF_LIFE / 1000) };
        sketch.insert(1_000_000, time);
    }
    assert!((1_000..=3_000).contains(&sketch.seen()), "{}", sketch.seen());
}

#[test]
fn a_clock_from_the_future_does_not_stop_forgetting_for_good() {
    let mut sketch = Sketch::default();
    sketch.insert(1_000_000, u64::MAX);
    for at in 0..64 {
        sketch.insert(1_000_000, NOW + at);
    }
    until_halved(&mut sketch, NOW + 2 * HALF_LIFE);
    assert!(sketch.seen() < 60, "{}", sketch.seen());
}

#[test]
fn a_full_bucket_halves_all_counts() {
    let mut sketch = Sketch::default();
    for _ in 0..200_000 {
        sketch.insert(1_000_000, NOW);
    }
    assert!((32_768..=65_535).contains(&sketch.seen()), "{}", sketch.seen());
}

/// Reference: a generator of reproducible numbers between 0 and 1, without either.
struct Uniform(u64);

impl Uniform {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((bits ^ (bits >> 31)) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.next().ln()).sqrt() * (std::f64::consts::TAU * self.next()).cos()
    }
}

/// Durations in nanoseconds as operations have them.
fn durations(kind: usize) -> impl Fn(&mut Uniform) -> f64 {
    move |random| {
        1e6 * match kind {
            0 => -random.next().ln(),
            1 => (0.1 * random.normal()).exp(),
            2 => (1.5 * random.normal()).exp(),
            3 => random.next().powf(-1.0 / 1.5),
            4 => 5.0 - 0.2 * random.next().ln(),
            5 if random.next() < 0.01 => 80.0 * (0.2 * random.normal()).exp(),
            _ => 0.5 * (0.3 * random.normal()).exp(),
        }
    }
}

/// The share of durations whose probability was at most each of `levels`, each judged before it was learned.
fn shares(kind: usize, seed: u64, warm: u32, many: u32, levels: &[f64]) -> Vec<f64> {
    let (mut random, draw) = (Uniform(seed), durations(kind));
    let (mut sketch, mut counts) = (Sketch::default(), vec![0_u32; levels.len()]);
    for at in 0..warm + many {
        let duration = draw(&mut random) as u64;
        let p = sketch.tail_probability(duration);
        sketch.insert(duration, NOW + u64::from(at));
        for (count, level) in counts.iter_mut().zip(levels) {
            *count += u32::from(at >= warm && p <= *level);
        }
    }
    counts.iter().map(|&count| f64::from(count) / f64::from(many)).collect()
}

#[test]
fn the_share_of_durations_with_at_most_a_probability_is_about_that_probability() {
    let levels = [0.1, 0.03, 0.01, 0.003, 0.001];
    for kind in 0..6 {
        let shares = shares(kind, 7 + kind as u64, 20_000, 150_000, &levels);
        for (share, level) in shares.iter().zip(levels) {
            let ratio = share / level;
            assert!((0.8..1.2).contains(&ratio), "distribution {kind}, {level}: {share} ({ratio})");
        }
    }
}

#[test]
fn little_seen_does_not_make_more_odd_than_there_should_be() {
    for kind in 0..6 {
        let (runs, levels) = (150, [0.1, 0.01, 0.001]);
        let sum = (0..runs).fold([0.0; 3], |mut sum, seed| {
            let shares = shares(kind, 1000 * seed + kind as u64, 0, 500, &levels);
            sum.iter_mut().zip(&shares).for_each(|(sum, share)| *sum += share / runs as f64);
            sum
        });
        for (share, level) in sum.iter().zip(levels) {
            // The slow ones of a mixture are beyond all that was seen once, the first time that one comes.
            assert!(*share < 1.8 * level, "distribution {kind}, {level}: {share}");
        }
    }
}

#[test]
fn agrees_with_the_ranks_among_all_durations_to_within_the_width_of_a_bucket() {
    for kind in 0..6 {
        let (mut random, draw) = (Uniform(99), durations(kind));
        let mut all: Vec<f64> = (0..50_000).map(|_| draw(&mut random)).collect();
        let mut sketch = Sketch::default();
        all.iter().for_each(|duration| {
            sketch.insert(*duration as u64, NOW);
        });
        all.sort_by(f64::total_cmp);
        let rank = |duration: f64| (all.len() - all.partition_point(|other| *other < duration)) as f64;
        // A full bucket has halved them all.
        let seen = f64::from(sketch.seen()) / 50_000.0;
        for quantile in [0.5, 0.9, 0.99, 0.999] {
            let duration = all[(quantile * 50_000.0) as usize];
            let p = sketch.tail_probability(duration as u64) * (f64::from(sketch.seen()) + 1.0);
            let (most, least) = (rank(duration / 1.07) * seen + 2.0, rank(duration * 1.07) * seen);
            assert!((least..=most).contains(&p), "distribution {kind}, {quantile}: {least} {p} {most}");
        }
    }
}

proptest! {
    #[test]
    fn a_longer_duration_is_never_more_probable(
        seen in prop::collection::vec(0_u64..10_000_000_000, 0..200), one in any::<u64>(), two in any::<u64>(),
    ) {
        let mut sketch = Sketch::default();
        seen.iter().for_each(|duration| { sketch.insert(*duration, NOW); });
        let (short, long) = (one.min(two), one.max(two));
        let (of_short, of_long) = (sketch.tail_probability(short), sketch.tail_probability(long));
        prop_assert!(of_long <= of_short);
        prop_assert!(of_long > 0.0 && of_short <= 1.0);
    }

    #[test]
    fn what_was_stored_is_loaded_again(seen in prop::collection::vec((any::<u64>(), any::<u64>()), 0..200)) {
        let mut sketch = Sketch::default();
        seen.iter().for_each(|(duration, time)| { sketch.insert(*duration, *time); });
        let mut bytes = Vec::new();
        sketch.store(&mut bytes);
        let mut rest = bytes.as_slice();
        (sketch.votes, sketch.nearest) = (0, 0);
        prop_assert_eq!(Sketch::load(&mut rest), Some(sketch));
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn damaged_state_does_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..100), duration in any::<u64>()) {
        if let Some(mut sketch) = Sketch::load(&mut bytes.as_slice()) {
            sketch.insert(duration, NOW);
            prop_assert!(sketch.tail_probability(duration) > 0.0);
        }
    }

    #[test]
    fn whatever_durations_and_clocks_say_sums_are_those_of_the_counts_and_probabilities_are_some(
        seen in prop::collection::vec((any::<u64>(), prop_oneof![any::<u64>(), NOW - 9 * HALF_LIFE..NOW + 9 * HALF_LIFE]), 0..300),
    ) {
        let mut sketch = Sketch::default();
        for (duration, time) in seen {
            let p = sketch.tail_probability(duration);
            prop_assert!(p > 0.0 && p <= 1.0, "{p}");
            let (before, halvings) = (sketch.seen(), sketch.insert(duration, time));
            let octaves: Vec<u32> = sketch.counts.chunks(STEPS).map(|counts| counts.iter().map(|&count| u32::from(count)).sum()).collect();
            prop_assert_eq!(sketch.octaves.as_slice(), octaves);
            prop_assert_eq!(sketch.seen(), sketch.octaves.iter().sum::<u32>());
            // Those before, halved and rounded up, and this one.
            prop_assert_eq!(sketch.seen(), (0..halvings).fold(before, |left, _| if left > 1 { left.div_ceil(2) } else { left / 2 }) + 1);
        }
    }
}
