//! The points of anything have a series and are read to finite numbers; what is remembered of them is read again, anything else refused.

#![no_main]

use std::collections::BTreeMap;

use edgewatch_processors::anomaly::series::{Past, walk};

/// A later point than any that a short input has: what is remembered must be fit to be compared with it.
const TWICE: usize = 2;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    // As for the other targets of requests, the first byte says which signal it is.
    let Some((_, request)) = input.split_first() else {
        return;
    };
    let mut pasts: BTreeMap<u64, Past> = BTreeMap::new();
    for _ in 0..TWICE {
        walk(request, &mut |found| {
            let past = pasts.entry(found.key).or_default();
            for reading in past.take(found) {
                assert!(reading.value.is_finite());
                assert!(reading.time != 0);
            }
            assert!(past.heap_bytes() < 8 << 10);
            let mut state = Vec::new();
            past.save(&mut state);
            assert!(state.len() <= Past::MOST_BYTES);
            let restored = Past::restore(&state).expect("its own state");
            assert_eq!(restored, *past);
        });
    }
    // A state of anyone's, and the points after it.
    for at in 0..request.len().min(64) {
        let Some(mut past) = request.get(at..).and_then(Past::restore) else {
            continue;
        };
        let mut state = Vec::new();
        past.save(&mut state);
        assert_eq!(Past::restore(&state).as_ref(), Some(&past));
        walk(request, &mut |found| {
            past.take(found);
        });
    }
});
