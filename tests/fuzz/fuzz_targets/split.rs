//! Cutting a request ends, respects the limits, and loses no item of a well-formed one.

#![no_main]

use std::num::NonZeroUsize;

use bytes::Bytes;
use edgewatch_fuzz::signal;
use edgewatch_proto::scan::scan;
use edgewatch_proto::split::{Limits, Pieces};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((signal, number, request)) = signal(input) else {
        return;
    };
    let request = Bytes::copy_from_slice(request);
    let well_formed = scan(signal, &request).ok();
    let limits = Limits {
        items: NonZeroUsize::MIN.saturating_add(usize::from(number % 8)),
        bytes: match number / 8 % 4 {
            0 => usize::MAX,
            1 => 0,
            2 => 100,
            _ => 1000,
        },
    };
    let mut pieces = Pieces::new(signal, &request);
    let (mut count, mut total) = (0, 0);
    while let Some(piece) = pieces.next(limits) {
        count += 1;
        total += piece.items;
        assert!(count <= request.len(), "no end");
        assert!(piece.items <= limits.items.get());
        if well_formed.is_some() {
            assert_eq!(
                scan(signal, &piece.request).map(|scan| scan.items),
                Ok(piece.items)
            );
        }
    }
    if let Some(expected) = well_formed {
        assert_eq!(total, expected.items);
    }
});
