use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::aggregation::Keyed;

#[derive(Clone, Debug)]
enum Step {
    Count(u8),
    RemoveBelow(u32),
}

#[test]
fn so_many_with_one_hash_are_a_crowd() {
    let mut keyed = Keyed::<u32>::default();
    let crowded = (0_u8..10).map(|key| {
        let crowded = keyed.is_crowded(7);
        keyed.add(7, &[key], 0);
        crowded
    });
    assert_eq!(crowded.filter(|crowded| !crowded).count(), 8);
    assert!(!keyed.is_crowded(8));
}

proptest! {
    #[test]
    fn finds_what_a_map_finds_whatever_the_hashes(
        steps in vec(prop_oneof![9 => (0_u8..40).prop_map(Step::Count), 1 => (0_u32..4).prop_map(Step::RemoveBelow)], 0..200),
        hashes in 1_u64..50,
    ) {
        let mut keyed = Keyed::<u32>::default();
        let mut map = BTreeMap::<u8, u32>::new();
        for step in steps {
            match step {
                Step::Count(key) => {
                    let hash = u64::from(key) % hashes;
                    let place = keyed.find(hash, &[key]).unwrap_or_else(|| keyed.add(hash, &[key], 0));
                    *keyed.get_mut(place).expect("there") += 1;
                    *map.entry(key).or_default() += 1;
                }
                Step::RemoveBelow(least) => {
                    let gone = keyed.extract(|_key, count| *count < least);
                    let expected = map.extract_if(.., |_key, count| *count < least).count();
                    prop_assert_eq!(gone.len(), expected);
                }
            }
        }
        let held: BTreeMap<u8, u32> = keyed.iter_from(0).map(|(key, count)| (key[0], *count)).collect();
        prop_assert_eq!(held, map);
        prop_assert_eq!(keyed.iter_from(0).count(), keyed.len());
    }
}
