//! Days, hours and seconds.

/// Nanoseconds of a second.
pub(in super::super) const SECOND: i64 = 1_000_000_000;

const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// What a text says about a moment; what it does not say has its neutral value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) struct Moment {
    pub(in super::super) year: i64,
    pub(in super::super) month: i64,
    pub(in super::super) day: i64,
    pub(in super::super) hour: i64,
    pub(in super::super) minute: i64,
    pub(in super::super) second: i64,
    pub(in super::super) nanos: i64,
    /// In the afternoon, for hours of half a day.
    pub(in super::super) afternoon: Option<bool>,
    /// Seconds east of Greenwich, when the text says so.
    pub(in super::super) offset: Option<i64>,
    /// Seconds since 1970, when the text says so.
    pub(in super::super) epoch: Option<i64>,
    /// Whether there is a day: times of day alone say nothing.
    pub(in super::super) dated: bool,
}

impl Default for Moment {
    fn default() -> Self {
        Self {
            year: 1970,
            month: 1,
            day: 1,
            hour: 0,
            minute: 0,
            second: 0,
            nanos: 0,
            afternoon: None,
            offset: None,
            epoch: None,
            dated: false,
        }
    }
}

impl Moment {
    /// Seconds since 1970 as if the zone were Greenwich's; `None` for days and times that no calendar has.
    pub(in super::super) fn local(&self) -> Option<i64> {
        let hour = match self.afternoon {
            Some(afternoon) => self.hour % 12 + if afternoon { 12 } else { 0 },
            None => self.hour,
        };
        let exists = (1..=12).contains(&self.month)
            && (1..=31).contains(&self.day)
            && (0..=24).contains(&hour)
            && (0..60).contains(&self.minute)
            && (0..=60).contains(&self.second)
            && (1..=9999).contains(&self.year);
        exists.then(|| {
            days(self.year, self.month, self.day) * 86_400 + hour * 3600 + self.minute * 60 + self.second
        })
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar. Counts years from March, so that the leap day is the last one.
pub(in super::super) const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    era * 146_097 + of_era - 719_468
}

/// The month that three English letters name.
pub(in super::super) fn month(name: &[u8]) -> Option<i64> {
    let at = MONTHS.iter().position(|month| name.eq_ignore_ascii_case(*month))?;
    i64::try_from(at + 1).ok()
}

/// The number that `digits` are, all of them.
pub(in super::super) fn digits(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0_i64, |number, &digit| {
        digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
    })
}

/// Seconds east of Greenwich that `+0100`, `+01:00` or `-01` says.
pub(in super::super) fn offset(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text {
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest {
        [a, b, b':', c, d] | [a, b, c, d] => (digits(&[*a, *b])?, digits(&[*c, *d])?),
        [a, b] => (digits(&[*a, *b])?, 0),
        _ => return None,
    };
    (hours <= 18 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Nanoseconds since 1970 of seconds and nanoseconds; `None` before that.
pub(in super::super) fn nanoseconds(seconds: i64, nanos: i64) -> Option<u64> {
    u64::try_from(seconds.checked_mul(SECOND)?.checked_add(nanos)?).ok()
}
