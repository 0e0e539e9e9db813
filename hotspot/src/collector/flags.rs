//! Flags in the arguments of a JVM, as its counters hold them.

/// Where a boolean flag such as `UseG1GC` was set; the last one counts.
pub(super) fn flag(arguments: &str, name: &str) -> Option<bool> {
    options(arguments).rev().find_map(|option| {
        let (on, rest) = match option.as_bytes().first()? {
            b'+' => (true, option.get(1..)?),
            b'-' => (false, option.get(1..)?),
            _ => return None,
        };
        (rest == name).then_some(on)
    })
}

/// The value of an option such as `MaxMetaspaceSize`; the last one counts.
pub(super) fn option<'a>(arguments: &'a str, name: &str) -> Option<&'a str> {
    options(arguments).rev().find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
}

/// A size as HotSpot reads it: `64m`, `1G`, `65536`.
pub(super) fn size(text: &str) -> Option<u64> {
    let (digits, shift) = match text.as_bytes().last()? {
        b'k' | b'K' => (text.get(..text.len() - 1)?, 10),
        b'm' | b'M' => (text.get(..text.len() - 1)?, 20),
        b'g' | b'G' => (text.get(..text.len() - 1)?, 30),
        b't' | b'T' => (text.get(..text.len() - 1)?, 40),
        _ => (text, 0),
    };
    let number = match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?,
        None => digits.parse::<u64>().ok()?,
    };
    number.checked_mul(1 << shift)
}

/// What stands behind each `-XX:`.
fn options(arguments: &str) -> impl DoubleEndedIterator<Item = &str> {
    arguments.split(' ').filter_map(|word| word.strip_prefix("-XX:"))
}
