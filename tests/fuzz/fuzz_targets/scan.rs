//! The scan accepts what prost decodes, refuses what prost refuses, and counts the same items.

#![no_main]

use edgewatch_fuzz::{decode, signal};
use edgewatch_proto::scan::scan;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((signal, _number, request)) = signal(input) else {
        return;
    };
    let found = scan(signal, request);
    let expected = decode(signal, request).map(|(items, _encoded)| items);
    assert_eq!(found.ok().map(|scan| scan.items), expected, "{found:?}");
});
