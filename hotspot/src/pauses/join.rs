//! Joins the pauses that counters tell of with the lines of a log that tell of the same ones.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::tracker::Pauses;

/// Lines that wait for their pauses at most: more than there can be between two looks. The oldest are forgotten first.
const MOST_LINES: usize = 256;

/// How long a line waits for its pause: longer than it is between two looks, also on a host that is busy.
const LIFETIME: Duration = Duration::from_secs(10);

/// What a log says of a pause.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line<C> {
    /// The middle of the pause, in nanoseconds since the JVM started. The middle, because the ends in a log and in counters differ by what
    /// it takes to write a line and by how it is rounded; the middle is on the right side of the end of another pause all the same.
    pub middle: u64,
    /// How long it took, in nanoseconds.
    pub nanoseconds: u64,
    /// Why.
    pub cause: C,
}

/// Pauses that are told at last.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Share<C> {
    /// How long each took, in nanoseconds: exactly, or as their mean.
    pub each: u64,
    /// How many they are.
    pub times: u64,
    /// How long they took together, in nanoseconds: exactly.
    pub sum: u64,
    /// Why, when a line says so.
    pub cause: Option<C>,
}

/// Joins pauses of one kind with their lines.
///
/// Counters are the truth: what comes out has the count and the sum of what [`counted`](Self::counted) was given, whatever lines there are
/// or are missing. Lines only say how these pauses divide: why each was, and how long when counters know only several together. They are
/// believed when there are as many of them as there were pauses, within the time that the counters give for these.
#[derive(Clone, Debug)]
pub struct Join<C> {
    awaiting: VecDeque<Awaiting>,
    lines: VecDeque<(Instant, Line<C>)>,
}

/// Pauses that wait for their lines.
#[derive(Clone, Copy, Debug)]
struct Awaiting {
    /// When the pause before them ended, and when the last of them did, in nanoseconds since the JVM started.
    time: (u64, u64),
    pauses: Pauses,
    since: Instant,
}

impl<C> Default for Join<C> {
    fn default() -> Self {
        Self { awaiting: VecDeque::new(), lines: VecDeque::new() }
    }
}

impl<C> Join<C> {
    /// Counters tell of `pauses`, which ended after the first and until the second of `time`. They are told by [`settle`](Self::settle).
    pub fn counted(&mut self, pauses: Pauses, time: (u64, u64), now: Instant) {
        self.awaiting.push_back(Awaiting { time, pauses, since: now });
    }

    /// The last pause that still waits took longer than it was said. False when none waits.
    pub fn late(&mut self, nanoseconds: u64) -> bool {
        self.awaiting.back_mut().map(|awaiting| awaiting.pauses.lengthen(nanoseconds)).is_some()
    }

    /// A log tells of a pause. What is older than the line before is of another JVM, or of an earlier life of this one.
    pub fn logged(&mut self, line: Line<C>, now: Instant) {
        if self.lines.back().is_some_and(|(_, before)| line.middle < before.middle) {
            return;
        }
        if self.lines.len() >= MOST_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back((now, line));
    }

    /// Whether there are pauses that wait for their lines.
    #[must_use]
    pub fn is_awaiting(&self) -> bool {
        !self.awaiting.is_empty()
    }

    /// Tells what has its lines, and what has waited for `patience`.
    pub fn settle(&mut self, now: Instant, patience: Duration, mut tell: impl FnMut(Share<C>)) {
        while let Some(Awaiting { time: (after, until), pauses, since }) = self.awaiting.front().copied() {
            self.forget(|line| line.middle <= after);
            let found = self.lines.iter().take_while(|(_, line)| line.middle <= until).count();
            let count = usize::try_from(pauses.count()).unwrap_or(usize::MAX);
            let is_behind = found == self.lines.len();
            if found < count && is_behind && now.saturating_duration_since(since) < patience {
                break;
            }
            self.awaiting.pop_front();
            let lines = self.lines.drain(..found).map(|(_, line)| line);
            if found == count {
                divide(&pauses, lines, &mut tell);
            } else {
                drop(lines);
                pauses.shares(|each, times, sum| tell(Share { each, times, sum, cause: None }));
            }
        }
        while self.lines.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > LIFETIME) {
            self.lines.pop_front();
        }
    }

    fn forget(&mut self, of: impl Fn(&Line<C>) -> bool) {
        while self.lines.front().is_some_and(|(_, line)| of(line)) {
            self.lines.pop_front();
        }
    }
}

/// Gives each pause its line. Those of which counters know only the sum get what their lines say, stretched so that it adds up to it.
fn divide<C>(
    pauses: &Pauses,
    lines: impl ExactSizeIterator<Item = Line<C>>,
    tell: &mut impl FnMut(Share<C>),
) {
    let count = lines.len();
    let lines: Vec<Line<C>> = lines.collect();
    let logged: u64 =
        lines.iter().take(count.saturating_sub(1)).fold(0, |sum, line| sum.saturating_add(line.nanoseconds));
    let (mut so_far, mut told) = (0_u64, 0_u64);
    for (at, line) in lines.into_iter().enumerate() {
        let nanoseconds = if at + 1 == count {
            pauses.last
        } else if let Some(first) = pauses.first {
            first
        } else {
            so_far = so_far.saturating_add(line.nanoseconds);
            let end = portion(pauses.others_time, (so_far, at as u64 + 1), (logged, pauses.others));
            end.saturating_sub(std::mem::replace(&mut told, end))
        };
        tell(Share { each: nanoseconds, times: 1, sum: nanoseconds, cause: Some(line.cause) });
    }
}

/// The part of `sum` that is `of` the `whole`, by time; when no time is known, by number.
fn portion(sum: u64, of: (u64, u64), whole: (u64, u64)) -> u64 {
    let (of, whole) = if whole.0 > 0 { (of.0, whole.0) } else { (of.1, whole.1.max(1)) };
    u64::try_from(u128::from(sum) * u128::from(of.min(whole)) / u128::from(whole)).unwrap_or(sum)
}
