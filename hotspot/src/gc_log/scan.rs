//! Small readers of what lines are made of. Each returns what it read and what follows.

use super::event::Heap;

/// A number such as `12`.
pub(super) fn integer(text: &str) -> Option<(u64, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

/// A number such as `2.141`, in billionths. Some languages write a comma.
pub(super) fn decimal(text: &str) -> Option<(u64, &str)> {
    let (whole, rest) = integer(text)?;
    let whole = whole.checked_mul(1_000_000_000)?;
    let Some(behind) = rest.strip_prefix(['.', ',']) else { return Some((whole, rest)) };
    let end = behind.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(behind.len());
    if end == 0 {
        return Some((whole, rest));
    }
    let (digits, rest) = behind.split_at_checked(end)?;
    let places = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
    let part = places.fold(0, |sum, digit| sum * 10 + u64::from(digit.wrapping_sub(b'0')));
    Some((whole.checked_add(part)?, rest))
}

/// A size such as `61M`, `1024K` or `0B`, in bytes.
fn size(text: &str) -> Option<(u64, &str)> {
    let (number, rest) = decimal(text)?;
    let (unit, rest) = match rest.split_at_checked(1)? {
        ("B", rest) => (1_u64, rest),
        ("K", rest) => (1 << 10, rest),
        ("M", rest) => (1 << 20, rest),
        ("G", rest) => (1 << 30, rest),
        ("T", rest) => (1 << 40, rest),
        _ => return None,
    };
    let bytes = u128::from(number) * u128::from(unit) / 1_000_000_000;
    Some((u64::try_from(bytes).ok()?, rest))
}

/// `134M->61M(161M)`, or `132M(52%)->48M(19%)`.
pub(super) fn heap(text: &str) -> Option<(Heap, &str)> {
    let (before, rest) = size(text)?;
    let (_, rest) = group(rest).unwrap_or(("", rest));
    let (after, rest) = size(rest.strip_prefix("->")?)?;
    let (total, rest) = match group(rest) {
        Some((total, rest)) => {
            (size(total).filter(|(_, left)| left.is_empty()).map(|(bytes, _)| bytes), rest)
        }
        None => (None, rest),
    };
    Some((Heap { before, after, total }, rest))
}

/// What stands in the parentheses at the beginning, which may hold others: `(System.gc())`.
pub(super) fn group(text: &str) -> Option<(&str, &str)> {
    if !text.starts_with('(') {
        return None;
    }
    let mut depth = 0_u32;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((text.get(1..at)?, text.get(at + 1..)?));
        }
    }
    None
}

/// `2026-11-20T15:28:02.919+0000`, in nanoseconds since 1970.
pub(super) fn date(text: &str) -> Option<(u64, &str)> {
    let number = |from: usize, length: usize, behind: Option<char>| {
        let digits = text
            .get(from..from + length)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        let follows = text.get(from + length..)?;
        behind.is_none_or(|sign| follows.starts_with(sign)).then_some(())?;
        digits.parse::<i64>().ok()
    };
    let (year, month, day) = (number(0, 4, Some('-'))?, number(5, 2, Some('-'))?, number(8, 2, Some('T'))?);
    let (hour, minute) = (number(11, 2, Some(':'))?, number(14, 2, Some(':'))?);
    let (second, rest) = decimal(text.get(17..)?)?;
    let sign = match rest.split_at_checked(1)?.0 {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let at = text.len() - rest.len() + 1;
    let zone = (number(at, 2, None)? * 3600 + number(at + 2, 2, None)? * 60) * sign;
    let seconds = days(year, month, day)? * 86_400 + hour * 3600 + minute * 60 - zone;
    let nanoseconds = u64::try_from(seconds).ok()?.checked_mul(1_000_000_000)?.checked_add(second)?;
    Some((nanoseconds, text.get(at + 4..)?))
}

/// Days since 1970 in the Gregorian calendar: years begin in March, so that leap days are their last ones.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    Some(year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1 - 719_468)
}
