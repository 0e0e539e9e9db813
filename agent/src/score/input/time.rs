//! Timestamps as people write them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// What to write instead of what cannot be read.
pub(super) const ACCEPTED: &str = "2026-03-01T12:00:00Z, 2026-03-01 12:00:00 (taken for UTC) or digits since 1970 (10: seconds, 13: ms, 16: us, 19: ns)";

/// Nanoseconds since 1970.
///
/// # Errors
///
/// Why `text` is not taken for a time.
pub(in super::super) fn parse(text: &[u8]) -> Result<u64, &'static str> {
    const UNREADABLE: &str = "the timestamp cannot be read";
    let text = text.trim_ascii();
    if text.is_empty() {
        return Err("there is no timestamp");
    }
    let text = std::str::from_utf8(text).map_err(|_| UNREADABLE)?;
    if let Some(time) = digits(text) {
        return Ok(time);
    }
    // Behind the date, only a zone has these.
    let zoned = text.bytes().skip("2026-03-01".len()).any(|byte| matches!(byte, b'Z' | b'z' | b'+' | b'-'));
    let timestamp = if zoned {
        text.parse::<Timestamp>().ok()
    } else {
        text.parse::<DateTime>().ok().and_then(|time| Offset::UTC.to_timestamp(time).ok())
    };
    let nanos = timestamp.ok_or(UNREADABLE)?.as_nanosecond();
    u64::try_from(nanos).map_err(|_| "the timestamp is before 1970 or after 2554")
}

/// Time since 1970. The number of digits tells the unit: each has its own from September 2001 to 2286.
fn digits(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let places = match whole.len() {
        10 => 9,
        13 => 6,
        16 => 3,
        19 => 0,
        _ => return None,
    };
    let fraction: String = fraction.chars().chain("000000000".chars()).take(places).collect();
    format!("{whole}{fraction}").parse().ok()
}
