//! The store against a slow one.

use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;

use crate::service_graph::store::{Call, Meet, Side, Store};

pub(super) const CALL: Call = Call {
    side: Side::Client,
    trace_id: [1; 16],
    span_id: [2; 8],
    end: 0,
    nanoseconds: 0,
    times: 1,
    failed: false,
    messaging: false,
};

fn side(server: bool) -> Side {
    if server { Side::Server } else { Side::Client }
}

fn meet(number: u8) -> Meet {
    Meet { trace_id: [1; 16], span_id: [number; 8] }
}

proptest! {
    #[test]
    fn the_store_is_a_queue_in_which_one_finds_the_first_of_each(
        steps in vec((0..4_u8, any::<bool>(), 0..4_u8, 0..3000_usize), 0..200),
    ) {
        let memory = 64 << 10;
        let mut store = Store::new(20, memory);
        // Side, whom it waits for, and its identity, oldest first.
        let mut slow: Vec<(Side, u8, Vec<u8>)> = Vec::new();
        let now = Instant::now();
        for (number, (step, server, wanted, length)) in (0..=u8::MAX).zip(steps) {
            let side = side(server);
            match step {
                0 | 1 => {
                    let identity = vec![number; length];
                    let call = Call { side, ..CALL };
                    let added = store.add(call, meet(wanted), false, &identity, now);
                    if added {
                        slow.push((side, wanted, identity));
                    }
                    prop_assert!(added || slow.len() == 20 || store.used() + length > memory);
                }
                2 => {
                    let expected = slow.iter().position(|(other, waits, _)| *other == side && *waits == wanted);
                    let expected = expected.map(|place| slow.remove(place).2);
                    let found = store.find(side, &meet(wanted));
                    prop_assert_eq!(found.and_then(|at| store.get(at)).map(|found| found.identity.clone()), expected);
                    found.into_iter().for_each(|at| store.remove(at));
                }
                _ => {
                    let oldest = store.expired(now + Duration::from_secs(1), Duration::from_secs(1));
                    let expected = (!slow.is_empty()).then(|| slow.remove(0).2);
                    prop_assert_eq!(oldest.and_then(|at| store.get(at)).map(|found| found.identity.clone()), expected);
                    oldest.into_iter().for_each(|at| store.remove(at));
                }
            }
            prop_assert_eq!(store.len(), slow.len());
            prop_assert!(store.used() <= memory);
        }
    }
}

#[test]
fn many_that_wait_for_the_same_cost_no_more_than_others() {
    const MANY: u64 = 100_000;
    let mut store = Store::new(usize::MAX, 1 << 30);
    let now = Instant::now();
    // With a look at all others for each, this would take minutes.
    for _ in 0..MANY {
        assert!(store.add(Call { side: Side::Server, ..CALL }, meet(1), false, b"cart", now));
        assert_eq!(store.find(Side::Client, &meet(1)), None);
    }
    let mut ended = 0;
    while let Some(oldest) = store.oldest() {
        store.remove(oldest);
        ended += 1;
    }
    assert_eq!(ended, MANY);
}
