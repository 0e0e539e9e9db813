//! Consistent probability sampling: 56 bits of randomness against a threshold, as OpenTelemetry specifies it
//! ("TraceState: Probability Sampling", and W3C Trace Context Level 2 for the randomness of trace ids).

use std::fmt::{self, Display};

/// Hexadecimal digits of 56 bits.
const DIGITS: usize = 14;
/// Above the largest randomness.
const END: u64 = 1 << 56;

/// 56 random bits of an item: the same for all items of a trace.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Randomness(u64);

/// The least [`Randomness`] that is kept. Zero keeps all.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Threshold(u64);

impl Randomness {
    /// Kept at every probability.
    pub(crate) const MOST: Self = Self(END - 1);

    /// The lower 56 bits of `bits`.
    pub(crate) const fn of_bits(bits: u64) -> Self {
        Self(bits & (END - 1))
    }

    /// That of a trace id: its last seven bytes.
    pub(crate) fn of_trace_id(id: &[u8; 16]) -> Self {
        let [.., a, b, c, d, e, f, g, h] = *id;
        Self::of_bits(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }

    /// What `text`, the value of `rv`, says: exactly 14 hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        (text.len() == DIGITS).then(|| hexadecimal(text)).flatten().map(Self)
    }
}

/// All 14 digits.
impl Display for Randomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:014x}", self.0)
    }
}

impl Threshold {
    /// Keeps everything.
    pub(crate) const ALWAYS: Self = Self(0);
    /// Keeps nothing.
    pub(crate) const NEVER: Self = Self(END);

    /// One that rejects this many of 2^56.
    pub(crate) const fn rejecting(many: u64) -> Self {
        Self(if many > END { END } else { many })
    }

    /// The threshold that keeps with this probability, rounded to so many hexadecimal digits; `None` if it is not within 2^-56 and 1.
    ///
    /// Where the probability or its complement begins with zeros, so many digits more are used, as the Collector does.
    pub(crate) fn of_probability(probability: f64, precision: u32) -> Option<Self> {
        let end = END as f64;
        if !(1.0 / end..=1.0).contains(&probability) {
            return None;
        }
        if probability >= 1.0 {
            return Some(Self::ALWAYS);
        }
        let zeros = leading_zeros(probability).max(leading_zeros(1.0 - probability));
        let digits = u64::from(precision + zeros).min(DIGITS as u64);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 2^56")]
        let mut threshold = END - (probability * end).round() as u64;
        let shift = 4 * (DIGITS as u64 - digits);
        if shift > 0 {
            threshold = (threshold + (1 << (shift - 1))) >> shift << shift;
        }
        Some(Self(threshold))
    }

    /// What `text`, the value of `th`, says: 1 to 14 hexadecimal digits, of which zeros at the end are left out.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let missing = DIGITS.checked_sub(text.len()).filter(|missing| *missing < DIGITS)?;
        Some(Self(hexadecimal(text)? << (4 * missing)))
    }

    /// Whether an item with this randomness is kept.
    pub(crate) const fn keeps(self, randomness: Randomness) -> bool {
        randomness.0 >= self.0
    }

    /// The probability with which it keeps.
    pub(crate) fn probability(self) -> f64 {
        (END - self.0) as f64 / END as f64
    }
}

/// Without zeros at the end; empty for the one that keeps nothing, which cannot be written.
impl Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("0"),
            END => Ok(()),
            threshold => f.write_str(format!("{threshold:014x}").trim_end_matches('0')),
        }
    }
}

/// How many hexadecimal zeros a number between 0 and 1 begins with.
fn leading_zeros(number: f64) -> u32 {
    // The exponent of a number that is written as 0.1... in binary.
    let biased = u32::try_from(number.to_bits() >> 52 & 0x7ff).unwrap_or_default();
    1022_u32.saturating_sub(biased) / 4
}

/// A hexadecimal number, without sign.
fn hexadecimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits.then(|| u64::from_str_radix(text, 16).ok()).flatten()
}
