//! One host: days to learn, days that are watched, and faults at some of their minutes.

use std::collections::BTreeMap;

use super::faults::{FAULTS, Fault};
use super::host::{Effects, Host};
use super::noise::Noise;
use super::sheet::Sheet;
use super::watch::Watch;
use super::work::DAY;

/// Days before anything counts.
pub(super) const LEARNED: u32 = 4;
/// Days that are watched.
pub(super) const WATCHED: u32 = 2;
/// Times that every fault happens to a host, each time to a copy that had none before.
const TIMES: u32 = 2;
/// Minutes for which a host is watched after a fault.
const AFTER: u32 = 120;
/// A value is out of range when it is so far outside, as a share of the range.
const BEYOND: f64 = 0.1;
/// And by this share of the usual size at least.
const LEAST: f64 = 0.02;
/// A midnight, in nanoseconds.
pub(super) const START: u64 = 1_750_032_000_000_000_000;
const MINUTE: u64 = 60_000_000_000;

/// What became of a fault.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) fault: usize,
    /// Steps until a value left the range of all days before, in any series.
    pub(super) visible: Option<u32>,
    /// Steps until the first event of a series that the fault touches.
    pub(super) found: Option<u32>,
    /// Series with an event while it was on.
    pub(super) series: usize,
    /// Events after the first of a series, until some time after the fault.
    pub(super) again: usize,
    /// Series whose first event came after it was over.
    pub(super) later: usize,
}

/// What became of a host.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) series: usize,
    /// Events without a fault, by watched day.
    pub(super) quiet: [usize; WATCHED as usize],
    /// And by metric.
    pub(super) by_metric: BTreeMap<String, usize>,
    pub(super) told: Vec<Told>,
    /// Steps of watched days by minus the logarithm of their probability, if the watch tells.
    pub(super) scores: Vec<u64>,
}

impl Outcome {
    /// Steps of all series in watched days.
    pub(super) fn steps(&self) -> u64 {
        self.series as u64 * u64::from(WATCHED * DAY)
    }
}

/// The least, the greatest and the mean size that a series has had.
#[derive(Clone, Copy)]
struct Range {
    low: f64,
    high: f64,
    size: f64,
    count: f64,
}

impl Range {
    const EMPTY: Self = Self { low: f64::INFINITY, high: f64::NEG_INFINITY, size: 0.0, count: 0.0 };

    fn take(&mut self, value: f64) {
        self.low = self.low.min(value);
        self.high = self.high.max(value);
        self.count += 1.0;
        self.size += (value.abs() - self.size) / self.count;
    }

    fn is_left_by(&self, value: f64) -> bool {
        let far = (value - self.high).max(self.low - value);
        far > 0.0 && far > BEYOND * (self.high - self.low) && far > LEAST * self.size
    }
}

/// Replays the host of a seed.
pub(super) fn replay(seed: u64, mut watch: impl Watch) -> Outcome {
    let mut host = Host::new(seed);
    let mut when = Noise::new(seed ^ 0xFA17);
    let mut outcome = Outcome::default();
    let watched = WATCHED * DAY - AFTER - 240;
    let onsets: Vec<Vec<u32>> = FAULTS
        .iter()
        .map(|_| (0..TIMES).map(|_| LEARNED * DAY + when.between(0.0, f64::from(watched)) as u32).collect())
        .collect();
    let mut sheet = Sheet::default();
    let mut ranges = Vec::new();
    for minute in 0..(LEARNED + WATCHED) * DAY {
        for (index, fault) in FAULTS.iter().enumerate() {
            for _ in onsets.get(index).into_iter().flatten().filter(|onset| **onset == minute) {
                let part = when.between(0.2, 1.0);
                let copies = (host.clone(), watch.clone(), sheet.clone());
                outcome.told.push(inject((index, fault), (minute, part), copies, &ranges));
            }
        }
        host.minute(minute, Effects::NONE, &mut sheet);
        ranges.resize(sheet.values.len(), Range::EMPTY);
        ranges.iter_mut().zip(&sheet.values).for_each(|(range, value)| range.take(*value));
        let day = minute / DAY;
        watch.minute(time(minute), &sheet, &mut |index| {
            if day < LEARNED {
                return;
            }
            if let Some(count) = outcome.quiet.get_mut((day - LEARNED) as usize) {
                *count += 1;
            }
            let name = sheet
                .names
                .get(index)
                .map_or_else(String::new, |name| format!("{} {}", name.metric, name.attributes[1]));
            *outcome.by_metric.entry(name).or_default() += 1;
        });
    }
    outcome.scores = watch.scores();
    outcome.series = sheet.values.len();
    outcome
}

pub(super) fn time(minute: u32) -> u64 {
    START + u64::from(minute) * MINUTE
}

/// Lets a fault happen to a copy of a host, and compares it with a twin to which nothing happens.
fn inject(
    (index, fault): (usize, &Fault),
    (onset, part): (u32, f64),
    (mut host, mut watch, mut sheet): (Host, impl Watch, Sheet),
    ranges: &[Range],
) -> Told {
    let (mut twin, mut other) = (host.clone(), sheet.clone());
    let mut told = Told { fault: index, visible: None, found: None, series: 0, again: 0, later: 0 };
    let mut counts = vec![0_usize; ranges.len()];
    let mut touched = vec![false; ranges.len()];
    for step in 0..fault.lasts + AFTER {
        let effects =
            if step < fault.lasts { (fault.effects)(&host, f64::from(step) + part) } else { Effects::NONE };
        host.minute(onset + step, effects, &mut sheet);
        twin.minute(onset + step, Effects::NONE, &mut other);
        for (touched, (value, usual)) in touched.iter_mut().zip(sheet.values.iter().zip(&other.values)) {
            *touched |= value != usual;
        }
        let mut pairs = sheet.values.iter().zip(&other.values).zip(ranges);
        if told.visible.is_none()
            && pairs.any(|((value, usual), range)| value != usual && range.is_left_by(*value))
        {
            told.visible = Some(step);
        }
        watch.minute(time(onset + step), &sheet, &mut |series| {
            if !touched.get(series).is_some_and(|touched| *touched) {
                return;
            }
            let Some(count) = counts.get_mut(series) else { return };
            *count += 1;
            match (*count, step < fault.lasts) {
                (1, true) => {
                    told.series += 1;
                    told.found = told.found.or(Some(step));
                }
                (1, false) => told.later += 1,
                _ => told.again += 1,
            }
        });
    }
    told
}
