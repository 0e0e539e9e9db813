//! Faults in series that were quiet for days: found in time, and once.

use anyhow::ensure;

use super::super::say;
use super::replay::Replay;
use super::shapes::{Series, Shape};

const DAY: f64 = 86_400.0;
const SEEDS: u64 = 30;
/// History before the fault, in days.
const QUIET: f64 = 3.0;
/// Time after its start in which a fault may be reported once.
const WATCHED: f64 = 0.5 * DAY;
const EVENT_PROBABILITY: f64 = 1e-4;

/// What happens to a series.
struct Fault {
    name: &'static str,
    shape: Shape,
    cadence: f64,
    /// How long it lasts, in seconds.
    lasts: f64,
    /// The value, seconds into the fault, from what it would have been and what it was just before.
    value: fn(f64, f64, f64) -> f64,
    /// Scoring steps in which it must be found.
    steps: f64,
}

const FAULTS: [Fault; 9] = [
    Fault {
        name: "processor hog",
        shape: Shape::Cpu,
        cadence: 60.0,
        lasts: 1800.0,
        value: |_, was, _| (was + 0.5).min(1.0),
        steps: 2.0,
    },
    Fault {
        name: "processor hog, every 10 s",
        shape: Shape::Cpu,
        cadence: 10.0,
        lasts: 1800.0,
        value: |_, was, _| (was + 0.5).min(1.0),
        steps: 2.0,
    },
    Fault {
        name: "processor hog, every 5 min",
        shape: Shape::Cpu,
        cadence: 300.0,
        lasts: 5400.0,
        value: |_, was, _| (was + 0.5).min(1.0),
        steps: 2.0,
    },
    Fault {
        name: "memory leak",
        shape: Shape::Memory,
        cadence: 60.0,
        lasts: 3600.0,
        value: |into, was, _| was * (1.0 + into / 3600.0),
        steps: 40.0,
    },
    Fault {
        name: "memory level shift, for good",
        shape: Shape::Memory,
        cadence: 60.0,
        lasts: 10.0 * DAY,
        value: |_, was, _| was * 1.3,
        steps: 2.0,
    },
    Fault {
        name: "disk fills",
        shape: Shape::Disk,
        cadence: 60.0,
        lasts: 7200.0,
        value: |into, was, _| was * (1.0 + 0.3 * (into / 600.0).min(1.0)),
        steps: 10.0,
    },
    Fault {
        name: "network loss",
        shape: Shape::Network,
        cadence: 60.0,
        lasts: 1200.0,
        value: |_, _, _| 0.0,
        steps: 2.0,
    },
    Fault {
        name: "errors burst",
        shape: Shape::Errors,
        cadence: 60.0,
        lasts: 600.0,
        value: |_, was, _| was + 20.0,
        steps: 2.0,
    },
    Fault {
        name: "spike of ten seconds",
        shape: Shape::Memory,
        cadence: 10.0,
        lasts: 10.0,
        value: |_, was, _| was * 1.5,
        steps: 2.0,
    },
];

pub(super) fn run() -> anyhow::Result<()> {
    let mut missed = Vec::new();
    for fault in &FAULTS {
        let (mut found, mut events, mut delays, mut after) = (0, 0, Vec::new(), 0);
        for seed in 0..SEEDS {
            let (delay, count, later) = inject(fault, seed);
            let step = fault.cadence.max(60.0);
            found += usize::from(delay.is_some_and(|delay| delay <= fault.steps * step));
            events += count;
            after += later;
            delays.extend(delay.map(|delay| delay / step));
        }
        delays.sort_by(f64::total_cmp);
        say(&format!(
            "{:<30} found {found:>2} of {SEEDS} within {} steps, {events} events, {after} later; median delay {:.1} steps",
            fault.name,
            fault.steps,
            delays.get(delays.len() / 2).copied().unwrap_or(f64::NAN),
        ));
        if (found as f64) < 0.8 * SEEDS as f64 || events as f64 > 1.1 * SEEDS as f64 || after > 0 {
            missed.push(fault.name);
        }
    }
    ensure!(missed.is_empty(), "missed, late, or told more than once: {missed:?}");
    Ok(())
}

/// Seconds from the start of the fault to the first event, events while it is watched, and a day later.
fn inject(fault: &Fault, seed: u64) -> (Option<f64>, usize, usize) {
    let mut series = Series::new(fault.shape, seed);
    let mut replay = Replay::new(EVENT_PROBABILITY);
    // Spread over the hours of the day, and at no round time.
    let onset = (QUIET + seed as f64 / SEEDS as f64) * DAY;
    let mut before = 0.0;
    let mut second = 0.0;
    while second < onset + 3.0 * DAY {
        let usual = series.value(second);
        let into = second - onset;
        let value =
            if (0.0..fault.lasts).contains(&into) { (fault.value)(into, usual, before) } else { usual };
        if into < 0.0 {
            before = usual;
        }
        replay.feed(second, value);
        second += fault.cadence;
    }
    let starts: Vec<f64> = replay.events.iter().map(|(at, _)| at - onset).filter(|at| *at >= 0.0).collect();
    let watched = starts.iter().filter(|at| **at < WATCHED).count();
    (starts.first().copied().filter(|at| *at < WATCHED), watched, starts.len() - watched)
}
