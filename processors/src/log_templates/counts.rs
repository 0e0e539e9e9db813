//! How many records each template and each severity of a service has.

use std::collections::BTreeMap;
use std::time::Duration;

use edgewatch_proto::encode::Times;

use super::config::{Config, Temporality};
use super::miner::{Event, Miner, TemplateId};

/// How many intervals a silence is told in any case.
const SHORTEST: u64 = 5;

/// The interval that points are made for, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interval {
    pub(super) since: u64,
    pub(super) time: u64,
    /// Whether it ends because the process does: only what is new is told then.
    pub(super) last: bool,
}

/// A sum that is told in intervals.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Sum {
    /// What was told since `start`.
    total: u64,
    /// When counting has begun; zero: not in this process, or not since a silence that was not told of to its end.
    start: u64,
    /// The ends of the first and of the last interval in which something came; zero: never.
    pub(super) first: u64,
    pub(super) last: u64,
}

/// A template that is counted.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    sum: Sum,
    /// Lines that the miner had when it was counted last.
    told: u64,
    /// Lines that it has now.
    lines: u64,
}

/// The counts of a service.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// By id, so that what is written has an order.
    templates: BTreeMap<TemplateId, Counted>,
    severities: [(u64, Sum); SEVERITIES.len()],
}

/// The ranges of severity numbers, by their number divided by four.
pub(super) const SEVERITIES: [&str; 7] = ["unspecified", "trace", "debug", "info", "warn", "error", "fatal"];
/// The place of `error` in it.
const ERROR: usize = 5;

/// What is told of something in an interval.
pub(super) type Told = Option<(Times, u64)>;

impl Counts {
    /// Takes in a record of this severity.
    pub(super) fn note(&mut self, severity: i32) {
        let range = match severity {
            1..=24 => (severity as usize).div_ceil(4),
            _ => 0,
        };
        if let Some((records, _)) = self.severities.get_mut(range) {
            *records += 1;
        }
    }

    /// Follows what became of templates: lines that are not told yet are told of what stands for them, those that are told stay with
    /// the template that they were told of. So no sum goes back, and no line is told twice.
    pub(super) fn follow(&mut self, event: &Event) {
        match event {
            Event::New { .. } => {}
            Event::Merged { from, into } => {
                if let Some(joined) = self.templates.remove(from) {
                    let counted = self.templates.entry(*into).or_default();
                    counted.told += joined.told;
                    counted.sum.joins(joined.sum);
                }
            }
            Event::Forgotten { id } => {
                self.templates.remove(id);
            }
        }
    }

    /// Looks how many lines each template has now.
    pub(super) fn look(&mut self, miner: &Miner) {
        self.templates.values_mut().for_each(|counted| counted.lines = 0);
        for (id, _, lines) in miner.templates() {
            self.templates.entry(id).or_default().lines += lines;
        }
        self.templates.retain(|_, counted| counted.lines > 0);
    }

    /// Tells of each template, by id.
    pub(super) fn tell(
        &mut self,
        config: &Config,
        interval: Interval,
    ) -> impl Iterator<Item = (TemplateId, Times, u64)> {
        self.templates.iter_mut().filter_map(move |(id, counted)| {
            let more = counted.lines.saturating_sub(counted.told);
            counted.told = counted.lines;
            let (times, value) = counted.sum.tell(config, interval, more)?;
            Some((*id, times, value))
        })
    }

    /// Tells of each of [`SEVERITIES`]; before that, how many records came, and how many of them were errors.
    pub(super) fn tell_severities(
        &mut self,
        config: &Config,
        interval: Interval,
    ) -> ((u64, u64), [Told; SEVERITIES.len()]) {
        let all = self.severities.iter().map(|(records, _)| records).sum();
        let errors = self.severities.iter().skip(ERROR).map(|(records, _)| records).sum();
        let told = self.severities.each_mut();
        let told = told.map(|(records, sum)| sum.tell(config, interval, std::mem::take(records)));
        ((all, errors), told)
    }

    /// Begins all sums anew: what they were told under is no more.
    pub(super) fn restart(&mut self, time: u64) {
        let sums = self.templates.values_mut().map(|counted| &mut counted.sum);
        for sum in sums.chain(self.severities.iter_mut().map(|(_, sum)| sum)) {
            (sum.total, sum.start) = (0, 0);
            (sum.first, sum.last) = (sum.first.min(time), sum.last.min(time));
        }
    }

    /// The templates that were told of, with their first and last time.
    pub(super) fn seen(&self) -> impl Iterator<Item = (TemplateId, Sum)> {
        self.templates.iter().map(|(id, counted)| (*id, counted.sum)).filter(|(_, sum)| sum.first > 0)
    }

    /// Takes over a template from before a restart. What the miner counts of it by now was told then.
    pub(super) fn restore(&mut self, id: TemplateId, lines: u64, first: u64, last: u64) {
        let sum = Sum { first, last: last.max(first), ..Sum::default() };
        self.templates.insert(id, Counted { sum, told: lines, lines });
    }
}

impl Sum {
    /// The value for `interval`, in which `more` came.
    fn tell(&mut self, config: &Config, interval: Interval, more: u64) -> Told {
        if more > 0 {
            self.last = interval.time;
            self.first = if self.first == 0 { interval.time } else { self.first };
        } else if !self.silence_is_told(config, interval) {
            // What comes after a gap is another life: it came in its interval, not at some time in the gap.
            (self.total, self.start) = (0, 0);
            return None;
        } else if interval.last {
            return None;
        }
        if self.start == 0 {
            self.start = interval.since;
        }
        self.total += more;
        Some(match config.aggregation_temporality {
            Temporality::Cumulative => (Times::since(self.start, interval.time), self.total),
            Temporality::Delta => (Times::since(interval.since, interval.time), more),
        })
    }

    /// A silence is told as long as what came before, so that what came once costs little and what comes every day is missed.
    fn silence_is_told(&self, config: &Config, interval: Interval) -> bool {
        let silent = interval.time.saturating_sub(self.last);
        let shortest = SHORTEST.saturating_mul(interval.time.saturating_sub(interval.since));
        let expiration = nanos(*config.metrics_expiration);
        self.first > 0
            && silent <= self.last.saturating_sub(self.first).max(shortest)
            && (expiration == 0 || silent <= expiration)
    }

    fn joins(&mut self, other: Self) {
        self.last = self.last.max(other.last);
        let first = [self.first, other.first].into_iter().filter(|first| *first > 0).min();
        self.first = first.unwrap_or_default();
    }
}

/// Nanoseconds of a length of time.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
