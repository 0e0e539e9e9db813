use proptest::prelude::*;

use super::super::ring::{KeyHash, Ring};

fn hash(bytes: &[u8]) -> KeyHash {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    KeyHash(crc.sum())
}

fn home(ring: &Ring, key: KeyHash) -> Option<usize> {
    ring.members(key).next()
}

/// Computed by a few lines of Python from the description of the algorithm (`zlib.crc32`).
#[test]
fn keys_go_where_the_collector_sends_them() {
    let ring = Ring::new(["backend-1:4317", "backend-2:4317", "backend-3:4317"]);
    let counting: Vec<u8> = (0..16).collect();
    let (mut one, mut two) = ([0; 16], [0; 16]);
    (one[15], two[15]) = (1, 2);
    let keys: [&[u8]; 8] = [&counting, &[255; 16], b"checkout", b"", &one, &two, b"cart", b"frontend"];
    assert_eq!(keys.map(|key| home(&ring, hash(key))), [0, 0, 1, 1, 2, 0, 1, 0].map(Some));
}

#[test]
fn keys_are_spread_evenly() {
    for count in [2, 3, 5, 10] {
        let names: Vec<String> = (1..=count).map(|number| format!("backend-{number}:4317")).collect();
        let ring = Ring::new(names.iter().map(String::as_str));
        let mut keys = vec![0; count];
        for number in 0..10_000_u32 {
            keys[home(&ring, hash(&number.to_be_bytes())).expect("a member")] += 1;
        }
        let fair = 10_000 / count;
        assert!(keys.iter().all(|keys| (fair * 4 / 5..=fair * 6 / 5).contains(keys)), "{keys:?}");
    }
}

#[test]
fn a_ring_without_members_has_none() {
    assert_eq!(home(&Ring::default(), KeyHash(7)), None);
}

proptest! {
    #[test]
    fn only_the_keys_of_a_member_that_goes_move(count in 2usize..20, gone in any::<prop::sample::Index>(), keys in proptest::collection::vec(any::<u32>(), 1..200)) {
        let names: Vec<String> = (0..count).map(|number| format!("10.0.0.{number}:4317")).collect();
        let gone = gone.index(count);
        let before = Ring::new(names.iter().map(String::as_str));
        let left: Vec<&str> = names.iter().enumerate().filter(|(index, _)| *index != gone).map(|(_, name)| name.as_str()).collect();
        let after = Ring::new(left.iter().copied());
        for key in keys.into_iter().map(KeyHash) {
            let was = home(&before, key).expect("a member");
            let is = left[home(&after, key).expect("a member")];
            // Where two members have a point at the same position, the one that stays may inherit it: never the other way round.
            prop_assert!(was == gone || names[was] == is);
        }
    }

    #[test]
    fn every_member_stands_in_for_every_other(count in 1usize..20, key in any::<u32>()) {
        let names: Vec<String> = (0..count).map(|number| format!("backend-{number}")).collect();
        let ring = Ring::new(names.iter().map(String::as_str));
        let found: std::collections::BTreeSet<usize> = ring.members(KeyHash(key)).collect();
        prop_assert_eq!(found.len(), count);
    }
}
