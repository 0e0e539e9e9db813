use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;

use super::index::Index;
use super::slab::Slab;
use super::{Rank, Room, Table};
use crate::anomaly::clock::Clock;

proptest! {
    #[test]
    fn an_index_finds_what_a_map_finds(steps in proptest::collection::vec((any::<bool>(), 0..60_u64, any::<bool>()), 0..300)) {
        let mut index = Index::new(40);
        let mut map: HashMap<u64, u32> = HashMap::new();
        let mut keys: HashMap<u32, u64> = HashMap::new();
        for (number, (add, key, collide)) in (0..).zip(steps) {
            // Keys that differ in bits that do not reach the tag share their place.
            let key = if collide { key << 60 | key } else { key };
            let known = map.get(&key).copied();
            match (add, known) {
                (true, None) if map.len() < 40 => {
                    index.insert(key, number);
                    map.insert(key, number);
                    keys.insert(number, key);
                }
                (false, Some(number)) => {
                    index.remove(key, number);
                    map.remove(&key);
                }
                (true, _) | (false, None) => {}
            }
            for key in 0..60 {
                for key in [key, key << 60 | key] {
                    let found = index.find(key, |number| keys.get(&number) == Some(&key));
                    prop_assert_eq!(found, map.get(&key).copied());
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn whoever_comes_is_found_in_whatever_order(steps in proptest::collection::vec((0..12_u64, any::<bool>()), 0..300)) {
        let mut table = Table::new(1 << 20);
        let clock = Clock::new(Duration::from_secs(60));
        // Twice, since what comes in the same order again is found in another way.
        for (key, goes) in steps.iter().chain(&steps) {
            let known = table.find(*key);
            prop_assert_eq!(table.follow(*key, &clock), known);
            match known {
                None => {
                    prop_assert_eq!(table.room_for_unscored(Rank::Newcomer, &clock), Room::Some);
                    let number = table.admit(*key, Rank::Newcomer).expect("has room");
                    table.see(number, &clock);
                }
                Some(number) if *goes => {
                    prop_assert_eq!(table.remove(number).map(|entry| entry.key), Some(*key));
                }
                Some(number) => table.see(number, &clock),
            }
        }
    }
}

#[test]
fn a_slab_counts_what_it_takes_and_uses_numbers_again() {
    let mut slab: Slab<u64, 4> = Slab::new(8);
    assert_eq!(slab.take(), None);
    let empty = slab.bytes();
    assert!(slab.grow());
    assert_eq!(slab.bytes() - empty, Slab::<u64, 4>::CHUNK_BYTES);
    assert_eq!((0..5).map(|_| slab.take()).collect::<Vec<_>>(), [Some(0), Some(1), Some(2), Some(3), None]);
    *slab.get_mut(2).expect("is there") = 7;
    assert_eq!(slab.release(2), 7);
    assert_eq!((slab.take(), slab.get(2)), (Some(2), Some(&0)));
    assert!(slab.grow());
    assert!(!slab.grow(), "as many as were asked for");
    assert_eq!(slab.bytes() - empty, 2 * Slab::<u64, 4>::CHUNK_BYTES);
}
