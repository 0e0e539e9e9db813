use std::collections::BTreeMap;

use edgewatch_core::config::Duration;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::aggregation::{Bounds, Durations, Scheme, Shape, Unit};

/// All values at once: the finest scale at which they fit, and the count of each bucket.
fn reference(values: &[f64], max_size: i64) -> (i32, BTreeMap<i64, u64>) {
    let indices = values.iter().map(|value| (value.log2() * f64::from(1 << 20)).ceil() as i64 - 1);
    let indices: Vec<i64> = indices.collect();
    let (Some(low), Some(high)) = (indices.iter().min(), indices.iter().max()) else {
        return (20, BTreeMap::new());
    };
    let steps = (0..30).find(|steps| (high >> steps) - (low >> steps) < max_size).expect("fits");
    let mut counts = BTreeMap::new();
    for index in &indices {
        *counts.entry(index >> steps).or_default() += 1;
    }
    (20 - steps, counts)
}

proptest! {
    #[test]
    fn an_exponential_histogram_is_as_fine_as_all_its_values_allow(
        durations in vec(prop_oneof![Just(0), 1_u64..2000, 1_u64..10_000_000_000, any::<u64>()], 0..60),
        max_size in 2_usize..40,
        unit in prop_oneof![Just(Unit::Milliseconds), Just(Unit::Seconds)],
    ) {
        let scheme = Scheme { unit, shape: Shape::Exponential { max_size } };
        let mut held = Durations::new(&scheme);
        // What was there before is gone without a trace.
        held.add(&scheme, 1, 3);
        held.add(&scheme, u64::MAX, 3);
        held.clear();

        for duration in &durations {
            held.add(&scheme, *duration, 1);
        }

        let point = held.exponential(&scheme).expect("exponential");
        let positive: Vec<f64> =
            durations.iter().filter(|&&duration| duration > 0).map(|&duration| unit.of_nanoseconds(duration)).collect();
        let (scale, counts) = reference(&positive, max_size as i64);
        let held: BTreeMap<i64, u64> = (i64::from(point.positive.offset)..)
            .zip(point.positive.counts.iter().copied())
            .filter(|(_, count)| *count > 0)
            .collect();
        prop_assert_eq!((point.scale, held), (scale, counts));
        prop_assert!(point.positive.counts.len() <= max_size);
        prop_assert_eq!(point.zero_count, durations.iter().filter(|&&duration| duration == 0).count() as u64);
        prop_assert_eq!(point.count, durations.len() as u64);
        let least = durations.iter().min().map(|&least| unit.of_nanoseconds(least));
        let most = durations.iter().max().map(|&most| unit.of_nanoseconds(most));
        prop_assert_eq!((point.min, point.max), (least, most));
    }
}

#[test]
fn a_power_of_two_belongs_to_the_bucket_that_it_ends() {
    let scheme = Scheme { unit: Unit::Seconds, shape: Shape::Exponential { max_size: 2 } };
    let mut held = Durations::new(&scheme);
    held.add(&scheme, 1_000_000_000, 1);
    held.add(&scheme, 4_000_000_000, 2);

    let point = held.exponential(&scheme).expect("exponential");
    // Above a quarter up to one, above one up to four.
    assert_eq!((point.scale, point.positive.offset, point.positive.counts), (-1, -1, &[1, 2][..]));
}

#[test]
fn a_bound_belongs_to_the_bucket_below_it() {
    let bounds = [Duration::from_millis(2), Duration::from_millis(4)];
    let unit = Unit::Milliseconds;
    let scheme = Scheme { unit, shape: Shape::Explicit(Bounds::new(&bounds, unit)) };
    let mut held = Durations::new(&scheme);
    for (microseconds, times) in [(0, 1), (2000, 1), (2001, 3), (4000, 1), (4001, 5)] {
        held.add(&scheme, microseconds * 1000, times);
    }

    let point = held.explicit(&scheme).expect("explicit");
    assert_eq!((point.bounds, point.buckets), (&[2.0, 4.0][..], &[2, 4, 5][..]));
    assert_eq!((point.count, point.sum), (11, Some(2.0 + 3.0 * 2.001 + 4.0 + 5.0 * 4.001)));
    assert_eq!((point.min, point.max), (Some(0.0), Some(4.001)));
}
