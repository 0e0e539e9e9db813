//! Edits of a well-formed request are well-formed, undone edits give back the same bytes, and removals count right.

#![no_main]

use bytes::Bytes;
use edgewatch_fuzz::{decode, signal};
use edgewatch_proto::scan::scan;
use edgewatch_proto::splice::{Located, Write, items, resources, retain};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((signal, pattern, request)) = signal(input) else {
        return;
    };
    let request = Bytes::copy_from_slice(request);
    let found = scan(signal, &request).ok();

    let edited = resources(signal, &request, &mut |_resource, attributes| {
        attributes.upsert("added", "x");
        attributes.remove("a");
    });
    let edited = edited.expect("so small a request stays small");
    if let (Some(_), Some(edited)) = (found, &edited) {
        assert_eq!(scan(signal, edited).ok(), found);
    }

    let mut turn = u32::from(pattern);
    let edited = items(signal, &request, &mut |_item, attributes| {
        turn = turn.rotate_left(1);
        match turn % 4 {
            0 => attributes.upsert("added", i64::from(turn)),
            1 => attributes.retain(|attribute| attribute.key_bytes().len() > 1),
            2 => {
                attributes.copy(Write::Upsert, "added", "a");
            }
            _ => {}
        }
    });
    let edited = edited.expect("so small a request stays small");
    if let (Some(found), Some(edited)) = (found, &edited) {
        // Points that a later kind of data hides come to light in neither.
        assert_eq!(scan(signal, edited).ok(), Some(found));
    }

    if found.is_some() {
        let there = items(signal, &request, &mut |_item, attributes| {
            attributes.insert("a key that no one would think of", true);
        });
        if let Some(there) = there.expect("so small a request stays small") {
            let back = items(signal, &there, &mut |_item, attributes| {
                attributes.remove("a key that no one would think of");
            });
            let back = back.expect("a smaller request").expect("an edit");
            assert_eq!(decode(signal, &back), decode(signal, &request));
        }
    }

    let mut turn = u32::from(pattern) | 0x100;
    let retained = retain(signal, &request, &mut |_item: &Located<'_>| {
        turn = turn.rotate_left(5);
        turn & 1 == 1
    });
    assert_eq!(retained.removed > 0, retained.request.is_some());
    if let (Some(_), Some(left)) = (found, &retained.request) {
        assert!(scan(signal, left).is_ok());
    }
});
