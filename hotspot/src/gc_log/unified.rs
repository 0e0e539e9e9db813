//! Lines of unified logging: `[decorator][decorator] GC(97) Pause Young (Normal) (G1 Evacuation Pause) 134M->61M(161M) 2.141ms`.

use super::event::{Event, Kind, Line, Moment, Safepoint};
use super::scan::{date, decimal, group, heap, integer};

/// From this number on a time in milliseconds counts from 1970, not from the start of the JVM: 30 years.
const WALL_MILLISECONDS: u64 = 1_000_000_000_000;

/// Parts of a billion that a millisecond has when it is written as a decimal number.
const PER_MILLISECOND: u64 = 1000;

pub(super) fn parse(line: &str) -> Option<Line<'_>> {
    let (decorators, message) = split(line)?;
    if let Some(rest) = message.strip_prefix("GC(") {
        let (id, rest) = integer(rest)?;
        let event = event(rest.strip_prefix(") ")?)?;
        return Some(Line::Event(Event { id: Some(id), moment: moment(decorators), ..event }));
    }
    let safepoint = match message.strip_prefix("Safepoint \"") {
        Some(rest) => safepoint(rest)?,
        None => stopped(message)?,
    };
    Some(Line::Safepoint(Safepoint { moment: moment(decorators), ..safepoint }))
}

/// `Total time for which application threads were stopped: 0.0001 seconds, Stopping threads took: 0.00002 seconds`.
pub(super) fn stopped(message: &str) -> Option<Safepoint<'_>> {
    let rest = message.strip_prefix("Total time for which application threads were stopped: ")?;
    let (total, rest) = decimal(rest)?;
    let reaching =
        rest.strip_prefix(" seconds, Stopping threads took: ").and_then(decimal).map(|(time, _)| time);
    Some(Safepoint { operation: None, reaching, total, moment: Moment::default() })
}

/// The decorators, and what they decorate.
fn split(line: &str) -> Option<(&str, &str)> {
    let mut at = 0;
    while line.as_bytes().get(at) == Some(&b'[') {
        at += memchr::memchr(b']', line.as_bytes().get(at..)?)? + 1;
    }
    let (decorators, message) = line.split_at_checked(at)?;
    Some((decorators, message.strip_prefix(' ').unwrap_or(message)))
}

fn event(text: &str) -> Option<Event<'_>> {
    let event = |kind| Event {
        id: None,
        kind,
        cause: None,
        nanoseconds: None,
        heap: None,
        moment: Moment::default(),
    };
    let (prefix, text) = match text.split_at_checked(3) {
        Some((prefix @ ("y: " | "Y: " | "O: "), rest)) => (Some(prefix), rest),
        _ => (None, text),
    };
    if let Some(rest) = text.strip_prefix("Pause ") {
        let (kind, has_cause) = match (rest.split([' ', '(']).next()?, prefix) {
            ("Young", None) => (Kind::Young, true),
            ("Full", None) => (Kind::Full, true),
            ("Remark", None) => (Kind::Remark, false),
            ("Cleanup", None) => (Kind::Cleanup, false),
            ("Initial", None) => (Kind::InitialMark, false),
            (_, None) => (Kind::Short, false),
            (_, Some("y: ")) => (Kind::ShortMinor, false),
            (_, Some(_)) => (Kind::ShortMajor, false),
        };
        let (cause, rest) = words(rest);
        let (heap, rest) = sizes(rest);
        let (time, unit) = decimal(rest)?;
        (unit == "ms").then_some(())?;
        let cause = cause.filter(|_| has_cause);
        return Some(Event { cause, heap, nanoseconds: Some(time / PER_MILLISECOND), ..event(kind) });
    }
    let (kind, rest) = match text.split_once(" Collection ")? {
        ("Garbage", rest) => (Kind::Cycle, rest),
        ("Minor", rest) => (Kind::MinorCycle, rest),
        ("Major", rest) => (Kind::MajorCycle, rest),
        _ => return None,
    };
    let (cause, rest) = words(rest);
    // Without sizes it has only begun.
    let (heap, rest) = heap(rest)?;
    let nanoseconds = match decimal(rest.trim_start()) {
        Some((time, "s")) => Some(time),
        Some((time, "ms")) => Some(time / PER_MILLISECOND),
        _ => None,
    };
    Some(Event { cause, heap: Some(heap), nanoseconds, ..event(kind) })
}

/// The last group in parentheses in front of the first number, and what begins with that number.
fn words(text: &str) -> (Option<&str>, &str) {
    let (mut last, mut rest) = (None, text);
    loop {
        let next = if let Some((inner, behind)) = group(rest) {
            last = Some(inner);
            behind
        } else {
            match rest.as_bytes() {
                // `G1` is a word.
                [] | [b'0'..=b'9', ..] => return (last, rest),
                _ => rest.split_once(' ').map_or("", |(_, behind)| behind),
            }
        };
        rest = next.trim_start();
    }
}

fn sizes(text: &str) -> (Option<super::event::Heap>, &str) {
    match heap(text) {
        Some((heap, rest)) => (Some(heap), rest.trim_start()),
        None => (None, text),
    }
}

/// `G1CollectForAllocation", Time since last: 69 ns, Reaching safepoint: 9 ns, ... At safepoint: 28 ns, Total: 37 ns`.
fn safepoint(text: &str) -> Option<Safepoint<'_>> {
    let (operation, rest) = text.split_once('"')?;
    let field = |name: &str| {
        let mut fields = rest.split(", ").filter_map(|field| field.split_once(": "));
        let (_, value) = fields.find(|(key, _)| *key == name)?;
        integer(value).map(|(number, _)| number)
    };
    Some(Safepoint {
        operation: Some(operation),
        reaching: field("Reaching safepoint"),
        total: field("Total")?,
        moment: Moment::default(),
    })
}

/// What decorators say about time: any of time, utctime, uptime, timemillis, uptimemillis, timenanos and uptimenanos.
fn moment(decorators: &str) -> Moment {
    let mut moment = Moment::default();
    for decorator in decorators.split(['[', ']']).filter(|decorator| !decorator.is_empty()) {
        if let Some((wall, "")) = date(decorator) {
            moment.wall.get_or_insert(wall);
            continue;
        }
        let (nanoseconds, wall) = match (integer(decorator), decimal(decorator)) {
            (Some((time, "ms")), _) => (time.saturating_mul(1_000_000), time >= WALL_MILLISECONDS),
            (Some((time, "ns")), _) => (time, time / 1_000_000 >= WALL_MILLISECONDS),
            (_, Some((time, "s"))) => (time, false),
            _ => continue,
        };
        if wall {
            moment.wall.get_or_insert(nanoseconds);
        } else {
            moment.uptime.get_or_insert(nanoseconds);
        }
    }
    moment
}
