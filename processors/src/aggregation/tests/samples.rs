use proptest::collection::vec;
use proptest::prelude::*;

use crate::aggregation::{Reservoir, Sample};

fn sample(number: u64) -> Sample {
    Sample { trace_id: [7; 16], span_id: number.to_le_bytes(), time: number, nanoseconds: 1 }
}

fn chosen(samples: impl Iterator<Item = u64>, most: usize) -> Vec<u64> {
    let mut reservoir = Reservoir::default();
    samples.for_each(|number| reservoir.offer(&sample(number), most));
    reservoir.samples().map(|sample| sample.time).collect()
}

proptest! {
    #[test]
    fn the_choice_does_not_depend_on_the_order(
        mut numbers in vec(any::<u64>(), 0..50).prop_map(|mut numbers| { numbers.sort(); numbers.dedup(); numbers }),
        most in 1_usize..8,
        seed in any::<u64>(),
    ) {
        let before = chosen(numbers.iter().copied(), most);
        numbers.sort_by_key(|number| number.wrapping_mul(seed | 1));

        prop_assert_eq!(chosen(numbers.iter().copied(), most), before.clone());
        prop_assert_eq!(before.len(), numbers.len().min(most));
    }
}

#[test]
fn the_choice_is_fair() {
    let mut chosen_from = [0; 10];
    for round in 0..1000 {
        for number in chosen(round * 100..round * 100 + 100, 5) {
            chosen_from[(number % 100 / 10) as usize] += 1;
        }
    }
    // 500 each are expected, give or take 22.
    assert!(chosen_from.iter().all(|count| (400..600).contains(count)), "{chosen_from:?}");
}
