//! The few shapes that answers are made of.

use edgewatch_core::kernel::{decimal, hexadecimal, number, split_once};

/// What stands after the first `word` in `line`.
pub(super) fn after<'a>(line: &'a [u8], word: &str) -> Option<&'a [u8]> {
    let at = memchr::memmem::find(line, word.as_bytes())?;
    line.get(at + word.len()..)
}

/// What stands before the first `word` in `line`.
pub(super) fn before<'a>(line: &'a [u8], word: &str) -> Option<&'a [u8]> {
    line.get(..memchr::memmem::find(line, word.as_bytes())?)
}

/// The size at the beginning of `text`, such as `33280K`, `128M` or `12Kb`.
pub(super) fn size(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii_start();
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, unit) = text.split_at_checked(digits)?;
    number(digits)?.checked_mul(factor(*unit.first()?)?)
}

/// The size at the beginning of `line` after `word`.
pub(super) fn size_after(line: &[u8], word: &str) -> Option<u64> {
    size(after(line, word)?)
}

/// The size at the end of `text`, such as `5.31 MB` or `0 bytes`. What two decimals do not tell is lost.
pub(super) fn rough_size(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii_end();
    let (unit_at, amount_at) = last_two_words(text)?;
    let unit = text.get(unit_at..)?;
    let factor = if unit == b"bytes" { 1 } else { factor(*unit.first()?)? };
    let bytes = decimal(text.get(amount_at..unit_at)?.trim_ascii())? * factor as f64;
    // More than any address space is nonsense, not a number.
    (0.0..9e18).contains(&bytes).then_some(bytes as u64)
}

/// Where the last two words of `text` begin, the last one first.
fn last_two_words(text: &[u8]) -> Option<(usize, usize)> {
    let unit = memchr::memrchr(b' ', text)? + 1;
    let rest = text.get(..unit)?.trim_ascii_end();
    Some((unit, memchr::memrchr(b' ', rest).map_or(0, |at| at + 1)))
}

const fn factor(unit: u8) -> Option<u64> {
    match unit {
        b'B' => Some(1),
        b'K' => Some(1 << 10),
        b'M' => Some(1 << 20),
        b'G' => Some(1 << 30),
        b'T' => Some(1 << 40),
        _ => None,
    }
}

/// The addresses of `[0x1, 0x2, 0x3)` in `line`: the first, the second and the last.
pub(super) fn addresses(line: &[u8]) -> Option<(u64, u64, u64)> {
    let (_, rest) = split_once(line, b'[')?;
    let inner = rest.get(..memchr::memchr2(b')', b']', rest)?)?;
    let mut all = inner.split(|byte| *byte == b',').map(|word| {
        let word = word.trim_ascii();
        hexadecimal(word.strip_prefix(b"0x")?)
    });
    let (first, second) = (all.next()??, all.next()??);
    let last = all.try_fold(second, |_, address| address)?;
    (first <= second && second <= last).then_some((first, second, last))
}
