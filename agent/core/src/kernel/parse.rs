//! The few shapes that the kernel's text files are made of. Nothing here allocates or panics, whatever the
//! bytes.

use std::borrow::Cow;

/// The lines of `text`, without their ends.
pub fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (line, tail) = split_once(rest, b'\n').unwrap_or((rest, &[]));
        rest = tail;
        Some(line)
    })
}

/// The words of `line`: what stands between spaces and tabs.
pub fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty())
}

/// What stands before and after the first `separator`.
pub fn split_once(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let (before, rest) = text.split_at_checked(memchr::memchr(separator, text)?)?;
    Some((before, rest.get(1..)?))
}

/// What stands before and after the last `separator`.
pub fn rsplit_once(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let (before, rest) = text.split_at_checked(memchr::memrchr(separator, text)?)?;
    Some((before, rest.get(1..)?))
}

/// A decimal number that fills `word`. What does not fit is as good as no number.
pub fn number(word: &[u8]) -> Option<u64> {
    if word.is_empty() {
        return None;
    }
    word.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// A hexadecimal number that fills `word`.
pub fn hexadecimal(word: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()
}

/// A finite decimal number with an optional fraction that fills `word`.
pub fn decimal(word: &[u8]) -> Option<f64> {
    std::str::from_utf8(word).ok()?.parse().ok().filter(|value: &f64| value.is_finite())
}

/// The next `N` words as numbers.
pub fn numbers<'a, const N: usize>(words: &mut impl Iterator<Item = &'a [u8]>) -> Option<[u64; N]> {
    let mut values = [0; N];
    for value in &mut values {
        *value = number(words.next()?)?;
    }
    Some(values)
}

/// The pairs of a file of lines such as `MemFree:  12 kB` or `pgfault 12`.
pub fn pairs(text: &[u8]) -> impl Iterator<Item = (&[u8], u64)> {
    lines(text).filter_map(|line| {
        let mut words = words(line);
        let key = words.next()?;
        Some((key.strip_suffix(b":").unwrap_or(key), number(words.next()?)?))
    })
}

/// `bytes` as text; what is not UTF-8 is replaced.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// A path as the kernel prints it in tables: space, tab, newline, backslash and `#` stand as `\` and three
/// octal digits.
pub fn unescaped(bytes: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        if let Some((byte, after)) = octal_escape(rest) {
            plain.push(byte);
            rest = after;
        } else {
            plain.push(first);
            rest = tail;
        }
    }
    Cow::Owned(plain)
}

/// The byte that an escape at the beginning of `bytes` means, and what follows it.
fn octal_escape(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let ([b'\\', digits @ ..], rest) = bytes.split_first_chunk::<4>()? else { return None };
    let value = digits.iter().try_fold(0_u32, |value, digit| {
        matches!(digit, b'0'..=b'7').then(|| value * 8 + u32::from(digit - b'0'))
    })?;
    Some((u8::try_from(value).ok()?, rest))
}
