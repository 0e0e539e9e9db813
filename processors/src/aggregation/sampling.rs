//! How many spans a span stands for, when others like it were sampled away.

use super::hash::mix;

/// The number of different random values of a trace, of which a threshold cuts off a part.
const ALL: u64 = 1 << 56;

/// What the `tracestate` of a span says: the field `th` of the entry `ot` is the threshold below which spans were dropped, in
/// hexadecimal digits without the zeros at the end. `None`: nothing that can be read.
///
/// A share that is no whole number is rounded up or down by the hash of the span's id, so that many spans together are right, and
/// the same ones each time.
#[inline]
pub(crate) fn adjusted_count(trace_state: &str, span_id: &[u8]) -> Option<u64> {
    if trace_state.is_empty() {
        return None;
    }
    let threshold = threshold(trace_state)?;
    let kept = ALL - threshold;
    let (whole, rest) = (ALL / kept, ALL % kept);
    let id = span_id.first_chunk().map_or(0, |id| u64::from_le_bytes(*id));
    let up = (u128::from(mix(id, ALL)) * u128::from(kept)) >> 64 < u128::from(rest);
    Some(whole + u64::from(up))
}

fn threshold(trace_state: &str) -> Option<u64> {
    let entry = trace_state.split(',').find_map(|entry| entry.trim().strip_prefix("ot="))?;
    let digits = entry.split(';').find_map(|field| field.strip_prefix("th:"))?;
    if !(1..=14).contains(&digits.len()) || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let missing = u32::try_from(14 - digits.len()).ok()?;
    u64::from_str_radix(digits, 16).ok().map(|threshold| threshold << (4 * missing))
}
