//! The hashes that the Collector's samplers use: FNV-1a (Fowler, Noll, Vo).

/// What a 64 bit hash begins with.
pub(crate) const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

/// The 32 bit hash of `parts`, one after the other.
pub(crate) fn fnv1a_32(parts: [&[u8]; 2]) -> u32 {
    let bytes = parts.into_iter().flatten();
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// The 64 bit hash of what `state` is the hash of, with `bytes` behind it.
#[inline]
pub(crate) fn fnv1a_64(state: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(state, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
