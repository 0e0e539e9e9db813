//! Points in time as dates and times of day.

use std::fmt;
use std::time::{Duration, SystemTime};

/// A date and time of day, to the nanosecond.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct DateTime {
    pub(crate) year: i64,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    pub(crate) nanosecond: u32,
}

impl DateTime {
    /// A time in UTC, given in nanoseconds since 1970.
    pub(crate) fn from_unix_nano(nanos: u64) -> Self {
        Self::utc(SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos))
    }

    /// A time in UTC.
    pub(crate) fn utc(time: SystemTime) -> Self {
        let (seconds, nanosecond) = since_epoch(time);
        let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        let part = |divisor: i64, modulus: i64| u32::try_from(rest / divisor % modulus).unwrap_or_default();
        Self { year, month, day, hour: part(3600, 24), minute: part(60, 60), second: part(1, 60), nanosecond }
    }

    /// The same time as clocks on this host's walls show it.
    pub(crate) fn local(time: SystemTime) -> Self {
        let (seconds, nanosecond) = since_epoch(time);
        let Some(tm) = localtime(seconds) else { return Self::utc(time) };
        let part = |value: i32| u32::try_from(value).unwrap_or_default();
        Self {
            year: i64::from(tm.tm_year) + 1900,
            month: part(tm.tm_mon + 1),
            day: part(tm.tm_mday),
            hour: part(tm.tm_hour),
            minute: part(tm.tm_min),
            second: part(tm.tm_sec),
            nanosecond,
        }
    }
}

impl fmt::Display for DateTime {
    /// The form of Go's `time.Time` in UTC: `2023-11-11 04:49:03.50937117 +0000 UTC`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second, nanosecond } = self;
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")?;
        if *nanosecond > 0 {
            write!(f, ".{}", format!("{nanosecond:09}").trim_end_matches('0'))?;
        }
        f.write_str(" +0000 UTC")
    }
}

fn since_epoch(time: SystemTime) -> (i64, u32) {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => (i64::try_from(after.as_secs()).unwrap_or(i64::MAX), after.subsec_nanos()),
        Err(_before) => (0, 0),
    }
}

/// The date so many days after 1970-01-01, by Howard Hinnant's `civil_from_days`.
fn civil(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, u32::try_from(month).unwrap_or_default(), u32::try_from(day).unwrap_or_default())
}

#[expect(
    unsafe_code,
    reason = "the C library alone knows the host's time zone; localtime_r is its thread-safe door"
)]
fn localtime(seconds: i64) -> Option<libc::tm> {
    let mut tm = std::mem::MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are valid for the call, and `tm` is written whole when the result is not null;
    // all-zero bytes are a valid `tm` in any case.
    unsafe {
        let result = libc::localtime_r(&raw const seconds, tm.as_mut_ptr());
        (!result.is_null()).then(|| tm.assume_init())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_times_as_go_does() {
        let text = |nanos: u64| DateTime::from_unix_nano(nanos).to_string();

        assert_eq!(text(0), "1970-01-01 00:00:00 +0000 UTC");
        assert_eq!(text(1_699_678_143_509_371_170), "2023-11-11 04:49:03.50937117 +0000 UTC");
        assert_eq!(text(951_782_400_000_000_000), "2000-02-29 00:00:00 +0000 UTC");
        assert_eq!(text(4_107_542_399_000_000_000), "2100-02-28 23:59:59 +0000 UTC");
        assert_eq!(text(u64::MAX), "2554-07-21 23:34:33.709551615 +0000 UTC");
    }

    #[test]
    fn local_time_differs_from_utc_by_whole_minutes() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_699_678_143_250);

        let (local, utc) = (DateTime::local(time), DateTime::utc(time));

        assert_eq!((local.second, local.nanosecond), (utc.second, utc.nanosecond));
        assert_eq!((local.year - utc.year, local.month), (0, utc.month));
    }
}
