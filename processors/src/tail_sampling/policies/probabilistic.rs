//! A share of traces by a hash of their id: the Collector's, so that all who decide with the same salt decide alike.

use crate::sampling::{FNV_START, fnv1a_64};

/// The salt when none is written, as in the Collector.
const DEFAULT_SALT: &str = "default-hash-seed";

/// The traces whose hash is not above a threshold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Share {
    /// The hash of the salt.
    salted: u64,
    threshold: u64,
}

impl Share {
    pub(super) fn new(salt: &str, percentage: f64) -> Self {
        let salt = if salt.is_empty() { DEFAULT_SALT } else { salt };
        Self { salted: fnv1a_64(FNV_START, salt.as_bytes()), threshold: threshold(percentage / 100.0) }
    }

    pub(super) fn has(self, trace: u128) -> bool {
        fnv1a_64(self.salted, &trace.to_be_bytes()) <= self.threshold
    }
}

/// `ratio` of the largest hash, computed as the Collector does: with 64 bits of precision, and then cut off.
pub(super) fn threshold(ratio: f64) -> u64 {
    if ratio.is_nan() || ratio <= 0.0 {
        return 0;
    }
    if ratio >= 1.0 {
        return u64::MAX;
    }
    let (bits, exponent) = (ratio.to_bits() & ((1 << 52) - 1), ratio.to_bits() >> 52);
    // A number so small that its mantissa has no leading one is too small to make a difference.
    let Some(shift) = 1075_u64.checked_sub(exponent).filter(|_| exponent > 0) else { return 0 };
    let product = u128::from(u64::MAX) * u128::from(bits | 1 << 52);
    // Rounded to 64 significant bits, half to even.
    let excess = (128 - product.leading_zeros()).saturating_sub(64);
    let (kept, rest) = (product >> excess, product & ((1 << excess) - 1));
    let half = 1_u128 << excess.saturating_sub(1);
    let rounded = kept + u128::from(rest > half || rest == half && kept & 1 == 1);
    let Some(down) = shift.checked_sub(u64::from(excess)).and_then(|down| u32::try_from(down).ok()) else {
        return u64::MAX;
    };
    u64::try_from(rounded.checked_shr(down).unwrap_or_default()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::threshold;

    #[test]
    fn thresholds_are_those_of_the_collector() {
        assert_eq!(threshold(0.0), 0);
        assert_eq!(threshold(-1.0), 0);
        assert_eq!(threshold(f64::NAN), 0);
        assert_eq!(threshold(1.0), u64::MAX);
        assert_eq!(threshold(2.0), u64::MAX);
        assert_eq!(threshold(0.5), u64::MAX / 2);
        assert_eq!(threshold(0.25), u64::MAX / 4);
        // 0.1 is 3602879701896397 / 2^55: of the product 1844674407370955263.9, 64 bits and then the whole part.
        assert_eq!(threshold(0.1), 1_844_674_407_370_955_263);
        assert_eq!(threshold(f64::MIN_POSITIVE / 4.0), 0);
    }
}
