//! Histograms whose bounds are powers of a base: fine as long as values are alike, coarser when they are not.

/// The finest resolution, at which every histogram begins; that of the OpenTelemetry SDKs.
const FINEST: i32 = 20;
/// The coarsest one, which has room for all numbers in two buckets.
const COARSEST: i32 = -10;

/// Counts of positive values, by the power of the base that they reach, and of zeros.
#[derive(Debug)]
pub(super) struct Exponential {
    scale: i32,
    /// Index of the first bucket at this scale.
    offset: i32,
    counts: Vec<u64>,
    zeros: u64,
}

impl Default for Exponential {
    fn default() -> Self {
        Self { scale: FINEST, offset: 0, counts: Vec::new(), zeros: 0 }
    }
}

impl Exponential {
    /// Adds `value` so many times. Buckets are joined when they would be more than `max_size`, which is two at least.
    #[inline]
    pub(super) fn add(&mut self, value: f64, times: u64, max_size: usize) {
        if value <= 0.0 {
            self.zeros = self.zeros.saturating_add(times);
            return;
        }
        let finest = index(value);
        if self.counts.is_empty() {
            self.counts.reserve_exact(max_size);
            self.offset = finest >> (FINEST - self.scale);
            self.counts.push(times);
            return;
        }
        let mut at = finest >> (FINEST - self.scale);
        let coarser = self.excess(at, max_size);
        if coarser > 0 {
            self.coarsen(coarser);
            at >>= coarser;
        }
        if at < self.offset {
            let missing = usize::try_from(self.offset - at).unwrap_or(0);
            self.counts.splice(..0, std::iter::repeat_n(0, missing));
            self.offset = at;
        }
        let place = usize::try_from(at - self.offset).unwrap_or(0);
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(place) {
            *count = count.saturating_add(times);
        }
    }

    /// By how many steps buckets must be joined before there is one for `at` and no more than `max_size` in all.
    #[inline]
    fn excess(&self, at: i32, max_size: usize) -> i32 {
        let last = self.offset + i32::try_from(self.counts.len()).unwrap_or(i32::MAX) - 1;
        let (mut low, mut high) = (self.offset.min(at), self.offset.max(last).max(at));
        let mut steps = 0;
        // Not below the coarsest scale, where two buckets are enough.
        while usize::try_from(i64::from(high) - i64::from(low)).unwrap_or(0) >= max_size
            && self.scale - steps > COARSEST
        {
            (low, high, steps) = (low >> 1, high >> 1, steps + 1);
        }
        steps
    }

    /// Joins every 2 to the power of `steps` buckets.
    fn coarsen(&mut self, steps: i32) {
        let offset = self.offset >> steps;
        let mut length = 0;
        for place in 0..self.counts.len() {
            let Some(count) = self.counts.get_mut(place).map(std::mem::take) else { continue };
            let index = (self.offset + i32::try_from(place).unwrap_or(i32::MAX)) >> steps;
            let to = usize::try_from(index - offset).unwrap_or(0);
            if let Some(joined) = self.counts.get_mut(to) {
                *joined = joined.saturating_add(count);
            }
            length = to + 1;
        }
        self.counts.truncate(length);
        self.offset = offset;
        self.scale -= steps;
    }

    pub(super) fn clear(&mut self) {
        (self.scale, self.offset, self.zeros) = (FINEST, 0, 0);
        self.counts.clear();
    }

    pub(super) const fn scale(&self) -> i32 {
        self.scale
    }

    pub(super) const fn offset(&self) -> i32 {
        self.offset
    }

    pub(super) const fn zeros(&self) -> u64 {
        self.zeros
    }

    pub(super) fn counts(&self) -> &[u64] {
        &self.counts
    }
}

/// The bucket of a positive normal number at the finest scale. A bucket includes its upper bound, so a power of two belongs to the
/// bucket before the one that it begins; no other bound is a number that a computer can hold.
fn index(value: f64) -> i32 {
    const MANTISSA: u64 = (1 << 52) - 1;
    let bits = value.to_bits();
    // Eleven bits.
    let exponent = i32::try_from(bits >> 52 & 0x7ff).unwrap_or(0) - 1023;
    let mantissa = bits & MANTISSA;
    if mantissa == 0 {
        return (exponent << FINEST) - 1;
    }
    let fraction = log2(f64::from_bits(1023 << 52 | mantissa));
    #[expect(
        clippy::cast_possible_truncation,
        reason = "between 0 and 2^20, which the bound below makes sure"
    )]
    let within = (fraction * f64::from(1 << FINEST)) as i32;
    (exponent << FINEST) + within.clamp(0, (1 << FINEST) - 1)
}

/// The logarithm of a number between 1 and 2, with the same bits on every machine: the series of the inverse hyperbolic tangent,
/// twelve terms of which settle between the square roots of one half and of two.
fn log2(x: f64) -> f64 {
    let (x, halved) = if x > std::f64::consts::SQRT_2 { (x / 2.0, 1.0) } else { (x, 0.0) };
    let s = (x - 1.0) / (x + 1.0);
    let q = s * s;
    let mut series = 0.0;
    let mut divisor = 23.0;
    while divisor > 0.0 {
        series = series * q + 1.0 / divisor;
        divisor -= 2.0;
    }
    halved + 2.0 * s * series * std::f64::consts::LOG2_E
}
