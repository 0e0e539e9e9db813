use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{Limits, Miner, StateError};

const SMALL: Limits = Limits { templates: 24, siblings: 8, signatures: 192, bytes: 16 << 10 };

/// Lines that share words, shapes and values.
fn line() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "(user|host|from|open|close|done|root|bob|RUNNING|null|eth0|thread-7|a.b.c|x=y)",
        2 => "[0-9]{1,4}",
        1 => "[a-z]{1,3}",
        1 => "[<>:,./@-]{1,2}",
    ];
    vec(part, 0..7).prop_map(|parts| parts.join(" "))
}

proptest! {
    #[test]
    fn takes_any_bytes(lines in vec(vec(any::<u8>(), 0..80), 0..40)) {
        let mut miner = Miner::new(SMALL);
        for line in &lines {
            let id = miner.mine(line);
            prop_assert!(miner.text(id).is_some());
            prop_assert!(miner.len() <= SMALL.templates);
        }
    }

    #[test]
    fn a_template_is_known_under_the_id_of_the_line(lines in vec(line(), 1..120)) {
        let mut miner = Miner::new(SMALL);
        for line in &lines {
            let id = miner.mine(line.as_bytes());
            prop_assert_eq!(miner.mine(line.as_bytes()), id);
        }
        let counted: u64 = miner.templates().map(|(_, _, lines)| lines).sum();
        prop_assert!(counted <= 2 * lines.len() as u64);
        if miner.forgotten() == 0 {
            prop_assert_eq!(counted, 2 * lines.len() as u64);
        }
    }

    #[test]
    fn a_restored_miner_goes_on_as_if_nothing_had_been(
        before in vec(line(), 0..120),
        after in vec(line(), 0..120),
        size in 0..2000_usize,
    ) {
        let mut miner = Miner::new(SMALL);
        for line in &before {
            miner.mine(line.as_bytes());
        }
        miner.take_events().for_each(drop);
        let mut restored = Miner::new(SMALL);
        for part in parts(&miner, size) {
            restored.restore(&part).expect("its own part");
        }
        prop_assert_eq!(restored.state(), miner.state());
        for line in &after {
            prop_assert_eq!(restored.sight(line.as_bytes()), miner.sight(line.as_bytes()));
            prop_assert_eq!(restored.take_events().collect::<Vec<_>>(), miner.take_events().collect::<Vec<_>>());
        }
        prop_assert_eq!(restored.state(), miner.state());
    }

    #[test]
    fn what_was_mined_between_two_parts_does_no_harm(
        before in vec(line(), 0..80),
        between in vec(line(), 1..80),
        after in vec(line(), 0..40),
    ) {
        let mut miner = Miner::new(SMALL);
        for line in &before {
            miner.mine(line.as_bytes());
        }
        let mut restored = Miner::new(SMALL);
        let mut position = Some(0);
        let mut lines = between.iter().cycle();
        while let Some(at) = position {
            let mut part = Vec::new();
            position = miner.save(at, 300, &mut part);
            restored.restore(&part).expect("its own part");
            lines.by_ref().take(3).for_each(|line| { miner.mine(line.as_bytes()); });
        }
        for line in &after {
            let id = restored.mine(line.as_bytes());
            prop_assert!(restored.text(id).is_some());
            prop_assert!(restored.len() <= SMALL.templates);
        }
    }

    #[test]
    fn damaged_state_is_refused_or_kept_within_the_limits(
        lines in vec(line(), 0..40),
        at in any::<prop::sample::Index>(),
        change in 1..=255_u8,
        more in vec(line(), 0..20),
    ) {
        let mut miner = Miner::new(SMALL);
        for line in &lines {
            miner.mine(line.as_bytes());
        }
        let mut state = miner.state();
        let length = state.len();
        state[at.index(length)] ^= change;
        if let Ok(mut restored) = Miner::restored(SMALL, &state) {
            for line in &more {
                let id = restored.mine(line.as_bytes());
                prop_assert!(restored.text(id).is_some());
                prop_assert!(restored.len() <= SMALL.templates);
            }
        }
        let whole = miner.state();
        prop_assert_eq!(Miner::restored(SMALL, &whole[..at.index(length)]).err(), Some(StateError::Damaged));
    }
}

/// What `miner` knows, in parts of about `size` bytes.
fn parts(miner: &Miner, size: usize) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    let mut position = Some(0);
    while let Some(at) = position {
        let mut part = Vec::new();
        position = miner.save(at, size, &mut part);
        parts.push(part);
    }
    parts
}
