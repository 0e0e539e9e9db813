//! What comes in over the years: gaps, resets, nonsense, clocks. No false event, no panic.

use std::f64::consts::TAU;

use anyhow::ensure;
use edgewatch_processors::anomaly::detector::Channel;

use super::super::say;
use super::replay::Replay;
use super::shapes::{Series, Shape};

const DAY: f64 = 86_400.0;
const MINUTE: f64 = 60.0;
const EVENT_PROBABILITY: f64 = 1e-4;
const SEEDS: u64 = 10;
/// Minus the logarithm of 1e-3.
const STILL: f32 = 6.9;

/// An oddity, the events of a series with a seed, and how many there may be in all seeds together.
type Oddity = (&'static str, fn(u64) -> usize, usize);

const ODDITIES: [Oddity; 10] = [
    ("gaps of hours", gaps, 0),
    ("not a number, infinities", nonsense, 0),
    ("late and doubled timestamps", disorder, 0),
    ("the sender's clock is set back", clock_set_back, 0),
    ("never changes", |_| constant(), 0),
    ("zero at first, then at work", starts_at_zero, 0),
    ("one point a day, for years", once_a_day, 0),
    ("cadence from 10 s to 5 min and back", cadence_changes, 0),
    ("daylight saving: all an hour earlier", daylight_saving, 1),
    ("gauge falls to zero with a restart, once", restart, SEEDS as usize),
];

pub(super) fn run() -> anyhow::Result<()> {
    let mut failed = Vec::new();
    for (name, events, allowed) in ODDITIES {
        let count: usize = (0..SEEDS).map(events).sum();
        say(&format!("{name:<42} {count} events in {SEEDS} series, {allowed} allowed"));
        if count > allowed {
            failed.push(name);
        }
    }
    ensure!(failed.is_empty(), "false events: {failed:?}");
    flat_line()
}

fn minutes(days: f64) -> impl Iterator<Item = f64> {
    (0..(days * DAY / MINUTE) as u32).map(|minute| f64::from(minute) * MINUTE)
}

fn gaps(seed: u64) -> usize {
    let mut series = Series::new(Shape::Memory, seed);
    let mut replay = Replay::new(EVENT_PROBABILITY);
    for second in minutes(6.0) {
        let value = series.value(second);
        let lost = (second / 3600.0) as u64 % 17 < 3 && second > DAY;
        if !lost {
            replay.feed(second, value);
        }
    }
    replay.events.len()
}

fn nonsense(seed: u64) -> usize {
    let mut series = Series::new(Shape::Memory, seed);
    let mut replay = Replay::new(EVENT_PROBABILITY);
    for (at, second) in minutes(4.0).enumerate() {
        let value = match at % 50 {
            7 => f64::NAN,
            19 => f64::INFINITY,
            31 => f64::NEG_INFINITY,
            _ => series.value(second),
        };
        replay.feed(second, value);
    }
    replay.events.len()
}

fn disorder(seed: u64) -> usize {
    let mut series = Series::new(Shape::Memory, seed);
    let mut replay = Replay::new(EVENT_PROBABILITY);
    for (at, second) in minutes(4.0).enumerate() {
        replay.feed(second, series.value(second));
        if at % 20 == 3 {
            replay.feed(second, 1e12);
        }
        if at % 30 == 5 && second > 600.0 {
            replay.feed(second - 600.0, -1e12);
        }
    }
    replay.events.len()
}

fn clock_set_back(seed: u64) -> usize {
    let mut series = Series::new(Shape::Memory, seed);
    let mut replay = Replay::new(EVENT_PROBABILITY);
    for second in minutes(4.0) {
        let value = series.value(second);
        replay.feed(if second < 2.0 * DAY { second + 10.0 * DAY } else { second }, value);
    }
    let scored_after = replay.steps > 2 * 1440;
    replay.events.len() + usize::from(!scored_after)
}

fn constant() -> usize {
    let mut replay = Replay::new(EVENT_PROBABILITY);
    minutes(10.0).for_each(|second| replay.feed(second, 42.0));
    replay.events.len()
}

fn starts_at_zero(seed: u64) -> usize {
    let mut series = Series::new(Shape::Memory, seed);
    let mut replay = Replay::new(EVENT_PROBABILITY);
    let begins = (1.0 + 2.0 * seed as f64) * 3600.0;
    for second in minutes(3.0) {
        let value = series.value(second);
        replay.feed(second, if second < begins { 0.0 } else { value });
    }
    replay.events.len()
}

fn once_a_day(seed: u64) -> usize {
    let mut series = Series::new(Shape::Memory, seed);
    let mut replay = Replay::new(EVENT_PROBABILITY);
    for day in 0..1500 {
        let second = f64::from(day) * DAY;
        replay.feed(second, series.value(second));
    }
    replay.events.len()
}

fn cadence_changes(seed: u64) -> usize {
    let mut series = Series::new(Shape::Memory, seed);
    let mut replay = Replay::new(EVENT_PROBABILITY);
    let mut second = 0.0;
    while second < 8.0 * DAY {
        replay.feed(second, series.value(second));
        second += if (second / DAY) as u64 % 4 < 2 { 10.0 } else { 300.0 };
    }
    replay.events.len()
}

/// The hill of the day comes an hour earlier from the tenth day on.
fn daylight_saving(seed: u64) -> usize {
    let mut noise = Series::new(Shape::Memory, seed);
    let mut replay = Replay::new(EVENT_PROBABILITY);
    for second in minutes(14.0) {
        let local = if second < 10.0 * DAY { second } else { second + 3600.0 };
        let hill = 0.5 + 0.5 * (TAU * (local / DAY + seed as f64 / SEEDS as f64)).sin();
        let jitter = noise.relative(second);
        replay.feed(second, 20.0 + 60.0 * hill + 120.0 * jitter);
    }
    replay.events.iter().filter(|(second, _)| *second > 9.5 * DAY).count()
}

/// Falls to zero and grows back in an hour, as a cache does: one event at most.
fn restart(seed: u64) -> usize {
    let mut series = Series::new(Shape::Memory, seed);
    let mut replay = Replay::new(EVENT_PROBABILITY);
    let onset = (4.0 + seed as f64 / SEEDS as f64) * DAY;
    for second in minutes(7.0) {
        let grown = if second < onset { 1.0 } else { ((second - onset) / 3600.0).min(1.0) };
        replay.feed(second, series.value(second) * grown);
    }
    replay.events.len()
}

/// A series that freezes is still by its own measure before long.
fn flat_line() -> anyhow::Result<()> {
    let still = (0..SEEDS).filter(|seed| stillness_of_frozen(*seed) >= STILL).count();
    say(&format!("frozen: {still} of {SEEDS} still at less than 1e-3 within half a day"));
    ensure!(still as u64 * 10 >= SEEDS * 8, "frozen series go unnoticed");
    Ok(())
}

fn stillness_of_frozen(seed: u64) -> f32 {
    let mut series = Series::new(Shape::Network, seed);
    let mut replay = Replay::new(EVENT_PROBABILITY);
    let (mut last, mut most) = (0.0, 0.0_f32);
    for second in minutes(4.0) {
        let value = series.value(second);
        let frozen = second > 3.5 * DAY;
        last = if frozen { last } else { value };
        replay.feed(second, last);
        let surprises = replay
            .newest
            .iter()
            .filter(|_| frozen)
            .flat_map(|scored| Channel::ALL.iter().zip(scored.channels));
        most = surprises
            .filter(|(channel, _)| **channel == Channel::Stillness)
            .fold(most, |most, (_, s)| most.max(s));
    }
    most
}
