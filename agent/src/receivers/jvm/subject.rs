//! One JVM: its counters, what they have shown so far, and when to look again.
//!
//! Where both counters and a log tell of a pause, counters give its number and its time, exactly, and the log only says why it was and
//! divides what counters know together ([`Join`]). So nothing can be told twice or lost when a log is opened, switched off, deleted or read
//! too slowly: there is no change of source. The price: while a log is tailed, a pause whose cause is wanted and not in the counters
//! waits for its line, [`PATIENCE`] at most. What counters do not count, the log alone tells.

use std::time::{Duration, Instant};

use edgewatch_hotspot::collector::{Collections, OldAfter, Plan};
use edgewatch_hotspot::counters::{Layout, LayoutError};
use edgewatch_hotspot::find::Process;
use edgewatch_hotspot::pauses::{Join, Line, Pace, Pauses, Seen, Tracker};
use edgewatch_hotspot::source::Missing;

use super::neighbours::{LivePool, LoggedPause};
use super::resource::Identity;
use super::series::AllSeries;
use super::world::Counters;

/// A JVM that is measured.
pub(super) struct Jvm {
    pub(super) process: Process,
    pub(super) identity: Identity,
    pub(super) counters: Result<Reading, Missing>,
    pub(super) series: AllSeries,
    /// What was seen of its collections, by kind; it outlives counters that cannot be read for a while.
    pub(super) observed: Vec<Observed>,
    pub(super) pools: Vec<LivePool>,
    /// CPU time at the last round, and when that was.
    pub(super) cpu_before: Option<(Instant, Duration)>,
    /// Since when its log is tailed, in nanoseconds since 1970.
    pub(super) tailed: Option<u64>,
    pub(super) due: Instant,
}

/// The counters of a JVM, and what they have shown.
pub(super) struct Reading {
    pub(super) source: Box<dyn Counters>,
    pub(super) plan: Plan,
    pub(super) after: OldAfter,
    pace: Pace,
    glance: Glance,
}

/// The counters of collections as the last look saw them.
#[derive(Debug, Default)]
struct Glance {
    from: usize,
    seen: Vec<u8>,
    now: Vec<u8>,
}

impl Glance {
    /// Whether collections have begun or ended since this was last asked: one small read.
    fn changed(&mut self, source: &mut dyn Counters, plan: &Plan) -> Result<bool, Missing> {
        let watched = plan.watched();
        if watched.is_empty() {
            return Ok(false);
        }
        // No JVM has its counters that far apart.
        if watched.len() > LARGEST_GLANCE {
            return Ok(true);
        }
        let is_new = self.from != watched.start || self.seen.len() != watched.len();
        self.from = watched.start;
        self.now.resize(watched.len(), 0);
        source.peek(self.from, &mut self.now).map_err(unreadable)?;
        if !is_new && self.now == self.seen {
            return Ok(false);
        }
        std::mem::swap(&mut self.seen, &mut self.now);
        Ok(true)
    }
}

/// What was seen of collections of one kind.
#[derive(Debug)]
pub(super) struct Observed {
    name: &'static str,
    action: &'static str,
    has_cause: bool,
    tracker: Tracker,
    join: Join<Option<String>>,
}

/// How the receiver looks at pauses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looking {
    pub(super) enabled: bool,
    pub(super) cause: bool,
    pub(super) min: Duration,
    pub(super) max: Duration,
}

/// A moment, by both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) instant: Instant,
    /// Nanoseconds since 1970.
    pub(super) unix: u64,
}

/// Pauses that a look has shown, for the receiver's own numbers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Shown {
    pub(super) exact: u64,
    pub(super) averaged: u64,
    /// Some wait for their lines in a log.
    pub(super) wants_lines: bool,
}

impl Reading {
    /// The counters of `source`, which must be readable now.
    pub(super) fn new(mut source: Box<dyn Counters>, looking: &Looking) -> Result<Self, Missing> {
        let plan = Plan::new(source.read().map_err(unreadable)?)?;
        let pace = Pace::new(looking.min, looking.max);
        let (after, glance) = (OldAfter::default(), Glance::default());
        Ok(Self { source, plan, after, pace, glance })
    }

    /// The block as it is now, with its plan.
    pub(super) fn read(&mut self) -> Result<(&Plan, &OldAfter, &[u8]), Missing> {
        let block = current(&mut *self.source, &mut self.plan)?;
        Ok((&self.plan, &self.after, block))
    }

    /// The block as it is now, with the names of its counters.
    pub(super) fn named(&mut self) -> Result<(Layout, &[u8]), Missing> {
        let block = self.source.read().map_err(unreadable)?;
        Ok((Layout::parse(block)?, block))
    }

    /// Looks at the collections: a small read, and a whole one when something has changed. Nothing is allocated unless a histogram
    /// begins.
    fn look(&mut self, to: Target<'_>, looking: &Looking, now: Moment) -> Result<Shown, Missing> {
        if !self.glance.changed(&mut *self.source, &self.plan)? {
            return Ok(Shown::default());
        }
        let Target { observed, series, tailed } = to;
        let block = current(&mut *self.source, &mut self.plan)?;
        let plan = &self.plan;
        for of in plan.collections().iter().skip(observed.len()) {
            observed.push(Observed::new(of));
        }
        let mut seen = [(Seen::Nothing, (0, 0)); MOST_KINDS];
        let mut running = false;
        for ((of, observed), (seen, time)) in plan.collections().iter().zip(&mut *observed).zip(&mut seen) {
            if let Some(tally) = plan.tally(block, of) {
                running |= tally.is_running();
                *time = (observed.tracker.exit().unwrap_or(0), tally.exit);
                *seen = observed.tracker.look(tally);
            }
        }
        if !running {
            self.after.look(plan, block);
        }
        let mut shown = Shown::default();
        for (seen, _) in &seen {
            if let Seen::Pauses(pauses) = seen {
                shown.exact += pauses.count() - pauses.others;
                shown.averaged += pauses.others;
            }
        }
        let only = shown.exact == 1 && shown.averaged == 0;
        for (observed, (seen, time)) in observed.iter_mut().zip(seen) {
            let kind = (observed.name, observed.action);
            match seen {
                Seen::Pauses(pauses) => {
                    let wants_cause = looking.cause && observed.has_cause;
                    let cause = if wants_cause && only { plan.last_cause(block) } else { None };
                    let cause = cause.as_deref().filter(|cause| *cause != NO_CAUSE);
                    if tailed && ((wants_cause && cause.is_none()) || pauses.others > 0) {
                        observed.join.counted(pauses, time, now.instant);
                    } else {
                        count(series, kind, cause, &pauses, now.unix);
                    }
                }
                Seen::Late(time) if observed.join.late(time) => {}
                Seen::Late(time) => series.late(kind, time),
                Seen::First => series.begin(observed.name, observed.action, now.unix),
                Seen::Nothing | Seen::Running | Seen::Reset => {}
            }
        }
        Ok(shown)
    }
}

/// Where what a look shows goes.
struct Target<'a> {
    observed: &'a mut Vec<Observed>,
    series: &'a mut AllSeries,
    tailed: bool,
}

impl Observed {
    fn new(of: &Collections) -> Self {
        let Collections { name, action, has_cause, .. } = *of;
        Self { name, action, has_cause, tracker: Tracker::default(), join: Join::default() }
    }

    /// Tells pauses whose lines have come, or do not come.
    fn settle(&mut self, series: &mut AllSeries, wants_cause: bool, patience: Duration, now: Moment) {
        let kind = (self.name, self.action);
        self.join.settle(now.instant, patience, |share| {
            let cause = share.cause.flatten().filter(|_| wants_cause);
            series.counted(kind, cause.as_deref(), (share.each, share.times, share.sum), now.unix);
        });
    }
}

fn count(
    series: &mut AllSeries,
    kind: (&'static str, &'static str),
    cause: Option<&str>,
    of: &Pauses,
    now: u64,
) {
    of.shares(|each, times, sum| series.counted(kind, cause, (each, times, sum), now));
}

impl Jvm {
    /// Looks at its collections, and says when to look again. `None` when its counters cannot be read.
    pub(super) fn look(&mut self, looking: &Looking, now: Moment) -> Option<Shown> {
        let Self { counters, series, observed, tailed, due, .. } = self;
        let reading = counters.as_mut().ok()?;
        let to = Target { observed, series, tailed: tailed.is_some() };
        let shown = reading.look(to, looking, now);
        if let Ok(shown) = &shown {
            *due = now.instant + reading.pace.next(shown.exact + shown.averaged);
        }
        match shown {
            Ok(shown) => Some(Shown { wants_lines: self.settle(looking, now), ..shown }),
            Err(missing) => {
                *counters = Err(missing);
                self.settle_within(Duration::ZERO, looking, now);
                None
            }
        }
    }

    /// Tells pauses whose lines have come, or do not come; whether others still wait.
    fn settle(&mut self, looking: &Looking, now: Moment) -> bool {
        let patience = if self.tailed.is_some() { PATIENCE } else { Duration::ZERO };
        self.settle_within(patience, looking, now)
    }

    fn settle_within(&mut self, patience: Duration, looking: &Looking, now: Moment) -> bool {
        let mut wants_lines = false;
        for observed in &mut self.observed {
            observed.settle(&mut self.series, looking.cause, patience, now);
            wants_lines |= observed.join.is_awaiting();
        }
        wants_lines
    }

    /// Its log is tailed, or no longer.
    pub(super) fn tailing(&mut self, tailed: bool, looking: &Looking, now: Moment) {
        self.tailed = tailed.then(|| self.tailed.unwrap_or(now.unix));
        self.settle(looking, now);
    }

    /// Takes pauses that its log tells of; how many could not be counted.
    pub(super) fn logged(&mut self, pauses: Vec<LoggedPause>, looking: &Looking, now: Moment) -> usize {
        let since = self.tailed.unwrap_or(now.unix);
        let mut lost = 0;
        for pause in pauses {
            let LoggedPause { name, action, cause, nanoseconds, middle } = pause;
            let mut observed = self.observed.iter_mut();
            match (observed.find(|of| of.name == name && of.action == action), middle) {
                (Some(observed), Some(middle)) => {
                    observed.join.logged(Line { middle, nanoseconds, cause }, now.instant);
                }
                // Counters tell it, and which one it is cannot be said.
                (Some(_), None) => {}
                (None, _) => {
                    let cause = cause.as_deref().filter(|_| looking.cause);
                    lost += usize::from(!self.series.logged((name, action), cause, nanoseconds, since));
                }
            }
        }
        self.settle(looking, now);
        lost
    }
}

/// Kinds of collections that a collector has.
const MOST_KINDS: usize = 3;

/// How long a pause waits for its line in a log: a log is looked at every second at least.
const PATIENCE: Duration = Duration::from_secs(2);

/// Most bytes that are kept of the last look. The counters of three kinds of collections take less than three thousand.
const LARGEST_GLANCE: usize = 8 << 10;

/// What the counter holds while a collection runs.
const NO_CAUSE: &str = "No GC";

/// Reads the block, and its plan anew when counters were added.
fn current<'s>(source: &'s mut dyn Counters, plan: &mut Plan) -> Result<&'s [u8], Missing> {
    let block = source.read().map_err(unreadable)?;
    if !plan.is_current(block) {
        match Plan::new(block) {
            Ok(new) => *plan = new,
            // Counters are being added at this very moment.
            Err(LayoutError::Unfinished) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(block)
}

fn unreadable(source: std::io::Error) -> Missing {
    Missing::Io { what: "the counters".to_owned(), source }
}
