//! Local times, made moments by the rules of the time zone that the JVM lives in.

use std::path::{Component, Path};

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::super::files::Files;
use super::civil::{self, Moment};

/// Largest file of rules that is read; real ones have a few kilobytes.
const LARGEST_FILE: u64 = 256 * 1024;

/// How far lines of different threads may be out of order, in seconds.
const DISORDER: i64 = 60;

/// Where a local time was found to be, so that the next one of the same minute needs no look at the rules.
#[derive(Clone, Copy, Debug)]
struct Known {
    minute: i64,
    offset: i64,
}

/// Makes moments of local times, for one log.
#[derive(Clone, Debug)]
pub(in super::super) struct Clock {
    zone: TimeZone,
    known: Option<Known>,
    /// The latest moment so far, in seconds since 1970.
    last: i64,
}

impl Clock {
    /// A clock of `zone`.
    pub(in super::super) const fn new(zone: TimeZone) -> Self {
        Self { zone, known: None, last: i64::MIN }
    }

    /// Nanoseconds since 1970 of `moment`. A local time that comes twice, when summer time ends, is the first of the two
    /// unless that would be before what the log said already; one that never comes counts as if summer time had begun
    /// later.
    pub(in super::super) fn resolve(&mut self, moment: &Moment) -> Option<u64> {
        if let Some(epoch) = moment.epoch {
            return civil::nanoseconds(epoch, moment.nanos);
        }
        if !moment.dated {
            return None;
        }
        let local = moment.local()?;
        let offset = match moment.offset {
            Some(offset) => offset,
            None => self.offset(local)?,
        };
        let seconds = local - offset;
        self.last = self.last.max(seconds);
        civil::nanoseconds(seconds, moment.nanos)
    }

    fn offset(&mut self, local: i64) -> Option<i64> {
        let minute = local.div_euclid(60);
        if let Some(known) = self.known
            && known.minute == minute
        {
            return Some(known.offset);
        }
        let found = match self.zone.to_ambiguous_timestamp(datetime(local)?).offset() {
            AmbiguousOffset::Unambiguous { offset } => {
                let offset = i64::from(offset.seconds());
                self.known = Some(Known { minute, offset });
                return Some(offset);
            }
            AmbiguousOffset::Gap { before, .. } => before,
            AmbiguousOffset::Fold { before, after } => {
                let first = local - i64::from(before.seconds());
                if first.saturating_add(DISORDER) >= self.last { before } else { after }
            }
        };
        Some(i64::from(found.seconds()))
    }
}

fn datetime(local: i64) -> Option<DateTime> {
    let timestamp = jiff::Timestamp::from_second(local).ok()?;
    Some(TimeZone::UTC.to_datetime(timestamp))
}

/// What decides about the zone of a JVM.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Signs<'s> {
    /// Its property `user.timezone`.
    pub(in super::super) property: Option<&'s str>,
    /// Its environment variable `TZ`.
    pub(in super::super) variable: Option<&'s str>,
}

/// The zone that a JVM with these files lives in: what `-Duser.timezone` says, else `TZ`, else `/etc/localtime`.
/// Rules are read there, or, where its image has none, on the agent's own host; the JVM brings its own.
///
/// # Errors
///
/// Says what could not be understood; then it is as good as UTC.
pub(in super::super) fn find(files: &Files, signs: Signs<'_>) -> Result<TimeZone, String> {
    let named = [signs.property, signs.variable].into_iter().flatten().find(|name| !name.trim().is_empty());
    if let Some(name) = named {
        return by_name(files, name.trim()).ok_or_else(|| {
            format!("there are no rules for its time zone {name:?}; install tzdata or set -Duser.timezone to a known zone")
        });
    }
    // A container without the file runs in UTC.
    let Ok(bytes) = files.read(Path::new("/etc/localtime"), LARGEST_FILE) else {
        return Ok(TimeZone::UTC);
    };
    TimeZone::tzif("localtime", &bytes).map_err(|error| format!("its /etc/localtime cannot be read: {error}"))
}

fn by_name(files: &Files, name: &str) -> Option<TimeZone> {
    let name = name.strip_prefix(':').unwrap_or(name);
    match name {
        "UTC" | "GMT" | "Z" | "Etc/UTC" | "Etc/GMT" | "UCT" | "Zulu" | "Universal" => {
            return Some(TimeZone::UTC);
        }
        _ => {}
    }
    if let Some(offset) = name.strip_prefix("GMT").or_else(|| name.strip_prefix("UTC"))
        && let Some(seconds) = custom(offset)
    {
        return jiff::tz::Offset::from_seconds(seconds).ok().map(TimeZone::fixed);
    }
    let relative = Path::new(name.strip_prefix("/usr/share/zoneinfo/").unwrap_or(name));
    // A name leads nowhere but into the folder of rules.
    if relative.components().all(|part| matches!(part, Component::Normal(_))) {
        let file = Path::new("/usr/share/zoneinfo").join(relative);
        let host = || Files::new(Path::new("/")).read(&file, LARGEST_FILE);
        let bytes = files.read(&file, LARGEST_FILE).or_else(|_| host());
        if let Some(zone) = bytes.ok().and_then(|bytes| TimeZone::tzif(name, &bytes).ok()) {
            return Some(zone);
        }
    }
    TimeZone::posix(name).ok()
}

/// `+1`, `+01`, `+0100` and `+01:00`, as Java's custom zones are written: east is positive.
fn custom(text: &str) -> Option<i32> {
    let padded = match text.as_bytes() {
        [sign, hour] => vec![*sign, b'0', *hour],
        [sign, hour, b':', rest @ ..] => [&[*sign, b'0', *hour, b':'], rest].concat(),
        whole => whole.to_vec(),
    };
    i32::try_from(civil::offset(&padded)?).ok()
}
