//! Round numbers and times for axes.

use jiff::Timestamp;
use jiff::tz::TimeZone;

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Distances between times on an axis. Weeks and more are counted in days, so months and years have their marks where they fall.
const STEPS: [u64; 25] = [
    SECOND / 1000,
    SECOND / 100,
    SECOND / 10,
    SECOND,
    5 * SECOND,
    10 * SECOND,
    30 * SECOND,
    MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    4 * DAY,
    7 * DAY,
    14 * DAY,
    30 * DAY,
    91 * DAY,
    365 * DAY,
    3650 * DAY,
];

/// At most `most` times from `from` to `to`, with their labels.
pub(super) fn times(from: u64, to: u64, most: u64) -> Vec<(u64, String)> {
    let span = to.saturating_sub(from);
    let Some(step) = STEPS.into_iter().find(|step| span / step < most) else { return Vec::new() };
    let first = from.div_ceil(step).saturating_mul(step);
    let times =
        (0..).map_while(|n: u64| first.checked_add(n.checked_mul(step)?)).take_while(|time| *time <= to);
    times.map(|time| (time, moment(time, step))).collect()
}

/// A time to the precision that a distance of `step` asks for.
pub(super) fn moment(time: u64, step: u64) -> String {
    let Ok(timestamp) = Timestamp::from_nanosecond(i128::from(time)) else { return String::new() };
    let at = timestamp.to_zoned(TimeZone::UTC).datetime();
    let (day, clock) = (at.date(), at.time());
    let (month, of_month) = (day.month(), day.day());
    let (hour, minute, second) = (clock.hour(), clock.minute(), clock.second());
    if step.is_multiple_of(DAY) {
        day.to_string()
    } else if step.is_multiple_of(MINUTE) {
        format!("{month:02}-{of_month:02} {hour:02}:{minute:02}")
    } else if step.is_multiple_of(SECOND) {
        format!("{hour:02}:{minute:02}:{second:02}")
    } else {
        format!("{hour:02}:{minute:02}:{second:02}.{:03}", clock.millisecond())
    }
}

/// About `count` round numbers from `low` to `high`, with their labels.
pub(super) fn numbers(low: f64, high: f64, count: f64) -> Vec<(f64, String)> {
    let rough = (high - low) / count;
    if !rough.is_finite() || rough <= 0.0 {
        return Vec::new();
    }
    let unit = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * unit).into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(rough);
    let first = (low / step).ceil();
    let last = (high / step).floor();
    // Numbers so large that a step does not change them have no marks.
    if !(last - first).is_finite() || last - first > 4.0 * count || first + 1.0 <= first {
        return Vec::new();
    }
    let count = (last - first) as u32;
    (0..=count).map(|n| (first + f64::from(n)) * step).map(|value| (value, number(value, step))).collect()
}

/// A number, told from others that are `step` away.
pub(super) fn number(value: f64, step: f64) -> String {
    const UNITS: [(f64, &str); 5] = [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let size = value.abs();
    if size < step / 1e6 {
        return "0".to_owned();
    }
    if !(1e-6..1e18).contains(&size) {
        return format!("{value:.1e}");
    }
    let unit = UNITS.into_iter().find(|(unit, _)| size >= *unit && size >= 1e4);
    let (unit, name) = unit.unwrap_or((1.0, ""));
    let places = (-(step / unit).log10().floor()).clamp(0.0, 9.0) as usize;
    let text = format!("{:.places$}", value / unit);
    let text = if places > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{name}")
}
