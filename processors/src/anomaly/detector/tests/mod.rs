//! The detector on made-up series.

mod events;
mod laws;
mod odd;
mod state;
mod steps;

use super::{Detector, Edge, Scored, Settings};

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// A midnight.
const START: u64 = 1_750_032_000 * SECOND;

/// Numbers between 0 and 1 that look random.
fn noise(at: u64) -> f64 {
    let mut mixed = at.wrapping_add(0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed ^= mixed >> 27;
    mixed = mixed.wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A hill a day with noise, as a share of a processor.
fn usual(time: u64) -> f64 {
    let hill = ((time % DAY) as f64 / DAY as f64 * std::f64::consts::TAU).sin();
    0.4 + 0.2 * hill + 0.03 * noise(time / SECOND)
}

/// Runs a series at a cadence; gives all scored steps.
fn run(
    detector: &mut Detector,
    times: std::ops::Range<u64>,
    cadence: u64,
    value: impl Fn(u64) -> f64,
) -> Vec<Scored> {
    let settings = Settings::default();
    let mut scored = Vec::new();
    let mut time = times.start;
    while time < times.end {
        scored.extend(detector.observe(&settings, time, value(time)));
        time += cadence;
    }
    scored
}

fn starts(scored: &[Scored]) -> Vec<&Scored> {
    scored.iter().filter(|step| step.event == Some(Edge::Start)).collect()
}
