//! Hashing of identities: fast, and the same on every host, so that what depends on it replays.

use std::hash::{BuildHasherDefault, Hasher};

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
const FACTOR: u64 = 0xd6e8_feb8_6659_fd93;

/// Joins `value` to the hash `state`: the two halves of a 128 bit product, folded.
#[inline]
pub(crate) const fn mix(state: u64, value: u64) -> u64 {
    let product = ((state ^ value) as u128).wrapping_mul((FACTOR ^ state.rotate_left(32)) as u128);
    #[expect(clippy::cast_possible_truncation, reason = "the halves of the product")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    (low ^ high).wrapping_add(SEED)
}

/// The hash of bytes.
#[inline]
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let mut state = SEED ^ bytes.len() as u64;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        state = mix(state, u64::from_le_bytes(*word));
    }
    let last = rest.iter().fold(0, |last, &byte| last << 8 | u64::from(byte));
    mix(state, last)
}

/// A hasher for keys that are hashes already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// A map whose keys are hashes.
pub(crate) type HashedMap<V> = std::collections::HashMap<u64, V, BuildHasherDefault<Hashed>>;
