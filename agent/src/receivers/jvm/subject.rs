//! One JVM: its counters, what they have shown so far, and when to look again.

use std::time::{Duration, Instant};

use edgewatch_hotspot::collector::{OldAfter, Plan};
use edgewatch_hotspot::counters::{Layout, LayoutError};
use edgewatch_hotspot::find::Process;
use edgewatch_hotspot::pauses::{Pace, Seen, Tracker};
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
    pub(super) pools: Vec<LivePool>,
    /// CPU time at the last round, and when that was.
    pub(super) cpu_before: Option<(Instant, Duration)>,
    /// Whether its log tells of its pauses.
    pub(super) tailed: bool,
    pub(super) due: Instant,
}

/// The counters of a JVM, and what they have shown.
pub(super) struct Reading {
    pub(super) source: Box<dyn Counters>,
    pub(super) plan: Plan,
    pub(super) after: OldAfter,
    trackers: Vec<Tracker>,
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
}

impl Reading {
    /// The counters of `source`, which must be readable now.
    pub(super) fn new(mut source: Box<dyn Counters>, looking: &Looking) -> Result<Self, Missing> {
        let plan = Plan::new(source.read().map_err(unreadable)?)?;
        let trackers = vec![Tracker::default(); plan.collections().len()];
        let pace = Pace::new(looking.min, looking.max);
        let (after, glance) = (OldAfter::default(), Glance::default());
        Ok(Self { source, plan, after, trackers, pace, glance })
    }

    /// The block as it is now, with its plan.
    pub(super) fn read(&mut self) -> Result<(&Plan, &OldAfter, &[u8]), Missing> {
        let block = current(&mut *self.source, &mut self.plan, &mut self.trackers)?;
        Ok((&self.plan, &self.after, block))
    }

    /// The block as it is now, with the names of its counters.
    pub(super) fn named(&mut self) -> Result<(Layout, &[u8]), Missing> {
        let block = self.source.read().map_err(unreadable)?;
        Ok((Layout::parse(block)?, block))
    }

    /// Looks at the collections: a small read, and a whole one when something has changed. Nothing is allocated unless a histogram
    /// begins. With `tailed` their log tells of them.
    fn look(
        &mut self,
        looking: &Looking,
        tailed: bool,
        series: &mut AllSeries,
        now: u64,
    ) -> Result<Shown, Missing> {
        if !self.glance.changed(&mut *self.source, &self.plan)? {
            return Ok(Shown::default());
        }
        let block = current(&mut *self.source, &mut self.plan, &mut self.trackers)?;
        let plan = &self.plan;
        let mut seen = [Seen::Nothing; MOST_KINDS];
        let mut running = false;
        for ((of, tracker), seen) in plan.collections().iter().zip(&mut self.trackers).zip(&mut seen) {
            if let Some(tally) = plan.tally(block, of) {
                running |= tally.is_running();
                *seen = tracker.look(tally);
            }
        }
        if !running {
            self.after.look(plan, block);
        }
        let mut shown = Shown::default();
        for seen in &seen {
            if let Seen::Pauses(pauses) = seen {
                shown.exact += pauses.count() - pauses.others;
                shown.averaged += pauses.others;
            }
        }
        if tailed {
            return Ok(shown);
        }
        let only = shown == Shown { exact: 1, averaged: 0 };
        for (of, seen) in plan.collections().iter().zip(seen) {
            let kind = (of.name, of.action);
            match seen {
                Seen::Pauses(pauses) => {
                    let cause = if looking.cause && only { plan.last_cause(block) } else { None };
                    let cause = cause.as_deref().filter(|cause| *cause != NO_CAUSE);
                    series.counted(kind, cause, &pauses, now);
                }
                Seen::Late(time) => series.late(kind, time, now),
                Seen::First => series.begin(of.name, of.action, now),
                Seen::Nothing | Seen::Running | Seen::Reset => {}
            }
        }
        Ok(shown)
    }
}

impl Jvm {
    /// Looks at its collections, and says when to look again. `None` when its counters cannot be read.
    pub(super) fn look(&mut self, looking: &Looking, now: Moment) -> Option<Shown> {
        let Self { counters, series, tailed, due, .. } = self;
        let reading = counters.as_mut().ok()?;
        match reading.look(looking, *tailed, series, now.unix) {
            Ok(shown) => {
                *due = now.instant + reading.pace.next(shown.exact + shown.averaged);
                Some(shown)
            }
            Err(missing) => {
                *counters = Err(missing);
                None
            }
        }
    }

    /// Adds pauses that its log tells of; how many could not be added.
    pub(super) fn logged(&mut self, pauses: Vec<LoggedPause>, cause: bool, now: u64) -> usize {
        let mut lost = 0;
        for pause in pauses {
            let LoggedPause { name, action, cause: told, nanoseconds } = pause;
            let told = told.as_deref().filter(|_| cause);
            lost += usize::from(!self.series.logged((name, action), told, nanoseconds, now));
        }
        lost
    }
}

/// Kinds of collections that a collector has.
const MOST_KINDS: usize = 3;

/// Most bytes that are kept of the last look. The counters of three kinds of collections take less than three thousand.
const LARGEST_GLANCE: usize = 8 << 10;

/// What the counter holds while a collection runs.
const NO_CAUSE: &str = "No GC";

/// Reads the block, and its plan anew when counters were added.
fn current<'s>(
    source: &'s mut dyn Counters,
    plan: &mut Plan,
    trackers: &mut Vec<Tracker>,
) -> Result<&'s [u8], Missing> {
    let block = source.read().map_err(unreadable)?;
    if !plan.is_current(block) {
        match Plan::new(block) {
            Ok(new) => {
                trackers.resize(new.collections().len(), Tracker::default());
                *plan = new;
            }
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
