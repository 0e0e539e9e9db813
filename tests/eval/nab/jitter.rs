//! Scores with all constants varied: what they say no matter how the constants happen to be chosen.
//!
//! A run multiplies each constant by its own factor from 0.85 to 1.15 and leaves out some rows at the start of every
//! file, since where a file happens to start moves a score by two points as well.

use edgewatch_processors::anomaly::detector::{Settings, Span};

use super::corpus::File;
use super::scoring::{Judged, PROFILES, best_threshold};
use super::{Run, say};

const AMOUNT: f64 = 0.15;
const ROWS_LEFT_OUT: usize = 32;
const RESAMPLES: usize = 1000;

/// Runs the benchmark so many times; gives the mean standard score.
pub(super) fn run(files: &[File], runs: usize) -> f64 {
    let mut best = Vec::new();
    let mut fixed = Vec::new();
    let mut low_alarms = Vec::new();
    let mut boot = Vec::new();
    for seed in 0..runs {
        let (settings, shortened) = case(files, seed);
        let run = Run::new(&shortened, &settings);
        best.push(best_threshold(&run.scores(), PROFILES[0]).1);
        low_alarms.push(best_threshold(&run.scores(), PROFILES[1]).1);
        fixed.push(run.fixed(PROFILES[0]));
        let mut random = fastrand::Rng::with_seed(seed as u64);
        for _ in 0..RESAMPLES / runs.max(1) {
            let all = run.scores();
            let sample: Vec<&Judged> =
                (0..all.len()).filter_map(|_| random.choice(all.iter().copied())).collect();
            boot.push(best_threshold(&sample, PROFILES[0]).1);
        }
    }
    say(&format!(
        "{runs} runs with constants varied by {:.0} %, mean and standard deviation:",
        100.0 * AMOUNT
    ));
    for (name, scores) in [
        ("standard", &best),
        ("low_FP", &low_alarms),
        ("standard at the fixed p", &fixed),
        ("files resampled", &boot),
    ] {
        let (mean, deviation) = moments(scores);
        say(&format!("  {name:<24} {mean:.1} ± {deviation:.1}"));
    }
    moments(&best).0
}

/// The constants and the files of a run.
fn case(files: &[File], seed: usize) -> (Settings, Vec<File>) {
    let mut random = fastrand::Rng::with_seed(seed as u64);
    let skip = random.usize(..ROWS_LEFT_OUT);
    (vary(&mut random), files.iter().map(|file| shorten(file, skip)).collect())
}

/// A file without its first rows. Its windows keep their rows, and probation what is left of it.
fn shorten(file: &File, skip: usize) -> File {
    File {
        name: file.name.clone(),
        times: file.times.iter().skip(skip).copied().collect(),
        values: file.values.iter().skip(skip).copied().collect(),
        windows: file.windows.iter().map(|window| window.start() - skip..=window.end() - skip).collect(),
    }
}

fn vary(random: &mut fastrand::Rng) -> Settings {
    let mut settings = Settings::default();
    let mut factor = || 1.0 + AMOUNT as f32 * (2.0 * random.f32() - 1.0);
    let constants = &mut settings.constants;
    let tail = &mut constants.tail;
    for span in [
        &mut constants.day,
        &mut constants.long,
        &mut constants.short,
        &mut constants.drift,
        &mut tail.spread,
        &mut tail.threshold,
        &mut tail.excess,
    ] {
        *span = Span::of(span.beats() * factor());
    }
    for number in [
        &mut constants.knee,
        &mut constants.least,
        &mut constants.learning_limit,
        &mut constants.acceptance,
        &mut constants.youth,
        &mut constants.reach,
        &mut constants.outlier,
        &mut constants.refractory,
        &mut constants.margin,
        &mut constants.memorable,
        &mut constants.habituation,
        &mut tail.warm_up,
        &mut tail.excess_limit,
        &mut tail.heaviness,
        &mut tail.floor,
        &mut tail.limit,
    ] {
        *number *= factor();
    }
    settings
}

fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    (mean, variance.sqrt())
}
