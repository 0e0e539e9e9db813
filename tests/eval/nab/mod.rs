//! The Numenta Anomaly Benchmark: the released detector under the benchmark's own rules.

mod corpus;
mod jitter;
mod laws;
mod report;
mod scoring;

use std::path::PathBuf;

use anyhow::ensure;
use edgewatch_processors::anomaly::detector::{Detector, Settings};
use rustix::time::{ClockId, clock_gettime};
use serde::Deserialize;

use super::{Options, say};
use corpus::File;
use scoring::{Judged, PROFILES, best_threshold, judge, score_at};

/// The probability at which the benchmark is also scored, without any optimisation.
const FIXED: f64 = 2e-3;

/// Figures that must not be lost again, in `recorded.json`.
#[derive(Deserialize)]
struct Recorded {
    /// Least score with the corpus threshold, per profile.
    minimum: [f64; 3],
    /// Least score at the fixed probability, standard profile.
    minimum_fixed: f64,
    /// Least mean over jittered constants, standard profile.
    minimum_jittered: f64,
    /// Actual and nominal rates of false alarms may differ by this factor.
    calibration_factor: f64,
    /// Most nanoseconds a point may take, in an optimised build.
    nanoseconds: f64,
}

/// Checks the scorer itself; needs no data.
pub(super) fn check_scorer(_: &Options) -> anyhow::Result<()> {
    laws::check()
}

/// The corpus after one run of a detector.
struct Run {
    /// By reported score.
    by_score: Vec<Judged>,
    /// By minus the logarithm of the reported probability.
    by_probability: Vec<Judged>,
}

impl Run {
    fn new(files: &[File], settings: &Settings) -> Self {
        let (mut by_score, mut by_probability) = (Vec::new(), Vec::new());
        for file in files {
            let (scores, probabilities) = detect(file, settings);
            by_score.push(judge(file, &scores));
            by_probability.push(judge(file, &probabilities));
        }
        Self { by_score, by_probability }
    }

    fn scores(&self) -> Vec<&Judged> {
        self.by_score.iter().collect()
    }

    fn fixed(&self, profile: scoring::Profile) -> f64 {
        score_at(&self.by_probability.iter().collect::<Vec<_>>(), -FIXED.ln() as f32, profile)
    }

    /// The rate of rows outside windows that are reported with `probability` or less.
    fn alarm_rate(&self, probability: f64) -> f64 {
        let rows =
            || self.by_probability.iter().flat_map(|file| &file.rows).filter(|row| row.window.is_none());
        let alarms = rows().filter(|row| row.score >= -probability.ln() as f32).count();
        alarms as f64 / rows().count() as f64
    }
}

/// Reported score and minus the logarithm of the probability, for every row.
fn detect(file: &File, settings: &Settings) -> (Vec<f32>, Vec<f32>) {
    let mut detector = Detector::default();
    let rows = file.times.iter().zip(&file.values);
    rows.map(|(time, value)| match detector.observe(settings, *time, *value) {
        Some(scored) => (scored.score, -scored.ln_probability),
        None => (0.0, 0.0),
    })
    .unzip()
}

/// Runs the benchmark where its data is.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let Some(folder) = std::env::var_os("EDGEWATCH_EVAL_DATA").map(|data| PathBuf::from(data).join("nab"))
    else {
        say("skipped: EDGEWATCH_EVAL_DATA is not set; it names the folder that holds nab/");
        return Ok(());
    };
    if !folder.exists() {
        say(&format!("skipped: there is no {}", folder.display()));
        return Ok(());
    }
    let files = corpus::read(&folder)?;
    let settings = Settings::default();
    let recorded: Recorded = serde_json::from_str(include_str!("recorded.json"))?;

    let run = Run::new(&files, &settings);
    report::files(&files, &run);
    let scores = PROFILES.map(|profile| best_threshold(&run.scores(), profile));
    report::scores(&run, &scores);
    let rates = report::calibration(&run);
    let nanoseconds = cost(&files, &settings);
    say(&format!("{nanoseconds:.0} ns per point, {} bytes per series", Detector::BYTES));
    if options.jitter > 0 {
        let mean = jitter::run(&files, options.jitter);
        ensure!(mean >= recorded.minimum_jittered, "mean over jittered constants: {mean:.1} is too low");
    }

    for ((profile, (_, score)), minimum) in PROFILES.iter().zip(scores).zip(recorded.minimum) {
        ensure!(score >= minimum, "{}: {score:.1} is below the recorded minimum {minimum}", profile.name);
    }
    let fixed = run.fixed(PROFILES[0]);
    ensure!(fixed >= recorded.minimum_fixed, "p = {FIXED}: {fixed:.1} is below {}", recorded.minimum_fixed);
    for (nominal, actual) in rates {
        let factor = (actual / nominal).max(nominal / actual);
        ensure!(factor <= recorded.calibration_factor, "p = {nominal}: the actual rate is {actual:.1e}");
    }
    let slow = !cfg!(debug_assertions) && nanoseconds > recorded.nanoseconds;
    ensure!(!slow, "{nanoseconds:.0} ns per point");
    Ok(())
}

/// Nanoseconds of processor time per point, the best of several rounds: what else the machine does only adds.
fn cost(files: &[File], settings: &Settings) -> f64 {
    let points: usize = files.iter().map(|file| file.times.len()).sum();
    let round = || {
        let start = processor_time();
        for file in files {
            std::hint::black_box(detect(file, settings));
        }
        (processor_time() - start) / points as f64
    };
    (0..5).map(|_| round()).fold(f64::INFINITY, f64::min)
}

/// Processor time of this thread, in nanoseconds.
fn processor_time() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}
