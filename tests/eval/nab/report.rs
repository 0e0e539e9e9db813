//! What a run is told as.

use super::corpus::File;
use super::scoring::PROFILES;
use super::{FIXED, Run, say};

/// Nominal probabilities at which the actual rate is measured.
const NOMINAL: [f64; 7] = [1e-2, 5e-3, 2e-3, 1e-3, 5e-4, 2e-4, 1e-4];

/// Every file at the corpus threshold and at the fixed probability.
pub(super) fn files(files: &[File], run: &Run) {
    let (threshold, _) = super::best_threshold(&run.scores(), PROFILES[0]);
    say(&format!(
        "{:<56} {:>6} {:>7} {:>6} | at p = {FIXED}",
        "file, standard profile", "gain", "found", "alarms"
    ));
    for ((file, score), probability) in files.iter().zip(&run.by_score).zip(&run.by_probability) {
        let best = score.at(threshold, PROFILES[0]);
        let fixed = probability.at(-FIXED.ln() as f32, PROFILES[0]);
        say(&format!(
            "{:<56} {:>6.2} {:>4} /{:>2} {:>5} | {:>6.2} {:>2} {:>4}",
            file.name,
            best.gain,
            best.found,
            score.windows,
            best.alarms,
            fixed.gain,
            fixed.found,
            fixed.alarms,
        ));
    }
}

/// The scores of all profiles.
pub(super) fn scores(run: &Run, scores: &[(f32, f64); 3]) {
    for (profile, (threshold, score)) in PROFILES.iter().zip(scores) {
        let fixed = run.fixed(*profile);
        say(&format!("{:<9} {score:>5.1} at S = {threshold:.1};  {fixed:>5.1} at p = {FIXED}", profile.name));
    }
}

/// Nominal and actual rates of false alarms.
pub(super) fn calibration(run: &Run) -> Vec<(f64, f64)> {
    let rates: Vec<_> = NOMINAL.iter().map(|nominal| (*nominal, run.alarm_rate(*nominal))).collect();
    for (nominal, actual) in &rates {
        say(&format!("p = {nominal:<7.0e} actual {actual:.2e}  {:.2} of nominal", actual / nominal));
    }
    // What the table would have to say for the actual rates to be nominal.
    let mut outside: Vec<f32> = run
        .by_score
        .iter()
        .flat_map(|file| &file.rows)
        .filter(|row| row.window.is_none())
        .map(|row| row.score)
        .collect();
    outside.sort_by(|a, b| b.total_cmp(a));
    let quantiles = NOMINAL.map(|p| outside.get((p * outside.len() as f64) as usize).copied().unwrap_or(0.0));
    say(&format!("scores at these actual rates: {quantiles:.1?}"));
    rates
}
