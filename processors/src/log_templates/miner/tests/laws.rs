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
    fn a_restored_miner_goes_on_as_if_nothing_had_been(before in vec(line(), 0..120), after in vec(line(), 0..120)) {
        let mut miner = Miner::new(SMALL);
        for line in &before {
            miner.mine(line.as_bytes());
        }
        miner.take_events().for_each(drop);
        let mut restored = Miner::restored(SMALL, &miner.state()).expect("its own state");
        prop_assert_eq!(restored.state(), miner.state());
        for line in &after {
            prop_assert_eq!(restored.mine(line.as_bytes()), miner.mine(line.as_bytes()));
            prop_assert_eq!(restored.take_events().collect::<Vec<_>>(), miner.take_events().collect::<Vec<_>>());
        }
        prop_assert_eq!(restored.state(), miner.state());
    }

    #[test]
    fn damaged_state_is_refused(lines in vec(line(), 0..20), at in any::<prop::sample::Index>(), change in 1..=255_u8) {
        let mut miner = Miner::new(SMALL);
        for line in &lines {
            miner.mine(line.as_bytes());
        }
        let mut state = miner.state();
        let length = state.len();
        state[at.index(length)] ^= change;
        prop_assert_eq!(Miner::restored(SMALL, &state).err(), Some(StateError::Damaged));
        state.truncate(at.index(length));
        prop_assert_eq!(Miner::restored(SMALL, &state).err(), Some(StateError::Damaged));
    }
}
