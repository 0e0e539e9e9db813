//! Lines of JDK 8: `2026-11-20T08:00:00.123+0000: 1.234: [GC (Allocation Failure)  65536K->20000K(251392K), 0.0123 secs]`.

use super::event::{Event, Heap, Kind, Line, Moment, Safepoint};
use super::scan::{date, decimal, group, heap};
use super::unified::stopped;

/// Whether `text` begins with a message, not with a decorator.
pub(super) fn is_message(text: &str) -> bool {
    text.starts_with("[GC ") || text.starts_with("[Full GC")
}

pub(super) fn parse(line: &str) -> Option<Line<'_>> {
    let (moment, message) = stamps(line);
    if message.starts_with("Total") {
        return Some(Line::Safepoint(Safepoint { moment, ..stopped(message)? }));
    }
    let (full, rest) = match message.strip_prefix("[Full GC") {
        Some(rest) => (true, rest),
        None => (false, message.strip_prefix("[GC ")?),
    };
    let rest = rest.trim_start();
    if rest.starts_with("concurrent") {
        return None;
    }
    // What the user and the system took stands behind the pause.
    let whole = rest.split_once(" [Times:").map_or(rest, |(before, _)| before).trim_end();
    let (before, time) = whole.strip_suffix(" secs]")?.rsplit_once(", ")?;
    let (nanoseconds, "") = decimal(time)? else { return None };
    let cause = group(rest.strip_prefix("pause ").unwrap_or(rest)).map(|(cause, _)| cause);
    let kind = match cause {
        _ if full => Kind::Full,
        Some("CMS Initial Mark") => Kind::InitialMark,
        Some("CMS Final Remark") => Kind::Remark,
        _ if rest.starts_with("remark") => Kind::Remark,
        _ if rest.starts_with("cleanup") => Kind::Cleanup,
        _ => Kind::Young,
    };
    let cause = cause.filter(|_| matches!(kind, Kind::Young | Kind::Full));
    // The line was begun when the pause did.
    let end = |begin: u64| begin.saturating_add(nanoseconds);
    let moment = Moment { wall: moment.wall.map(end), uptime: moment.uptime.map(end) };
    let (nanoseconds, heap) = (Some(nanoseconds), outermost(before));
    Some(Line::Event(Event { id: None, kind, cause, nanoseconds, heap, moment }))
}

/// The date and the uptime in front of a message, either of which may be missing.
fn stamps(line: &str) -> (Moment, &str) {
    let mut moment = Moment::default();
    let mut rest = line;
    if let Some((wall, behind)) = date(rest)
        && let Some(behind) = behind.strip_prefix(": ")
    {
        moment.wall = Some(wall);
        rest = behind;
    }
    if let Some((uptime, behind)) = decimal(rest)
        && let Some(behind) = behind.strip_prefix(": ")
    {
        moment.uptime = Some(uptime);
        rest = behind;
    }
    (moment, rest)
}

/// The sizes that are not those of a part of the heap, which stand in brackets.
fn outermost(text: &str) -> Option<Heap> {
    let mut depth = 0_i32;
    let mut word = true;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth -= 1,
            b'0'..=b'9' if word && depth == 0 => {
                if let Some((heap, _)) = text.get(at..).and_then(heap) {
                    return Some(heap);
                }
            }
            _ => {}
        }
        word = matches!(byte, b' ' | b']');
    }
    None
}
