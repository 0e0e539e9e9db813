use std::io::IoSlice;

use bytes::{Buf, Bytes};
use proptest::prelude::*;

use super::Rope;

fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..6)
}

proptest! {
    #[test]
    fn a_rope_reads_as_its_joined_pieces_whatever_the_steps(pieces in pieces(), steps in prop::collection::vec(1_usize..9, 0..200)) {
        let whole = pieces.concat();
        let mut rope: Rope = pieces.into_iter().map(Bytes::from).collect();
        let mut read = Vec::new();
        for step in steps {
            let step = step.min(rope.chunk().len());
            read.extend_from_slice(&rope.chunk()[..step]);
            rope.advance(step);
            prop_assert_eq!(rope.remaining(), whole.len() - read.len());
        }
        read.extend_from_slice(&rope.copy_to_bytes(rope.remaining()));
        prop_assert_eq!(read, whole);
    }

    #[test]
    fn vectored_reading_shows_the_bytes_that_follow(pieces in pieces(), skip in 0_usize..40, slots in 0_usize..8) {
        let whole = pieces.concat();
        let mut rope: Rope = pieces.into_iter().map(Bytes::from).collect();
        let skip = skip.min(rope.remaining());
        rope.advance(skip);
        let mut slices = vec![IoSlice::new(&[]); slots];
        let count = rope.chunks_vectored(&mut slices);
        let shown: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
        prop_assert!(whole[skip..].starts_with(&shown));
        prop_assert_eq!(count == 0, slots == 0 || rope.remaining() == 0);
    }
}
