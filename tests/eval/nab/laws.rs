//! What must hold of the scorer itself, whatever is scored.

use anyhow::ensure;

use super::corpus::File;
use super::scoring::{PROFILES, best_threshold, judge, score_at};

const ROWS: usize = 2000;

fn file() -> File {
    File {
        name: "made up".to_owned(),
        times: (0..ROWS as u64).map(|row| row * 300_000_000_000).collect(),
        values: vec![0.0; ROWS],
        windows: vec![500..=599, 1000..=1199],
    }
}

/// A detector that reports exactly these rows.
fn reporting(rows: &[usize]) -> Vec<f32> {
    (0..ROWS).map(|row| if rows.contains(&row) { 1.0 } else { 0.0 }).collect()
}

fn standard(rows: &[usize]) -> f64 {
    score_at(&[&judge(&file(), &reporting(rows))], 1.0, PROFILES[0])
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

/// Checks the scorer against what is known of the benchmark.
pub(super) fn check() -> anyhow::Result<()> {
    for profile in PROFILES {
        let silent = judge(&file(), &reporting(&[]));
        let perfect = judge(&file(), &reporting(&[500, 1000]));
        ensure!(near(score_at(&[&silent], 1.0, profile), 0.0), "{}: silence is worth 0", profile.name);
        ensure!(near(best_threshold(&[&silent], profile).1, 0.0), "{}: silence is worth 0", profile.name);
        ensure!(near(score_at(&[&perfect], 1.0, profile), 100.0), "{}: perfect is worth 100", profile.name);
        ensure!(
            near(best_threshold(&[&perfect], profile).1, 100.0),
            "{}: perfect is worth 100",
            profile.name
        );
    }
    ensure!(near(standard(&[500, 501, 599, 1000]), 100.0), "of all detections in a window the first counts");
    ensure!(standard(&[500]) > standard(&[550]) && standard(&[550]) > standard(&[599]), "earlier is better");
    // From the benchmark's definition: half way through a window, over the best there is.
    let half = 2.0 / (1.0 + (-2.5_f64).exp()) - 1.0;
    let full = 2.0 / (1.0 + (-5.0_f64).exp()) - 1.0;
    ensure!(near(standard(&[550]), 100.0 * (1.0 + half / full) / 4.0), "half way through a window");
    ensure!(
        near(standard(&[400]), -100.0 * 0.11 / 4.0),
        "a false alarm before any window has the full price"
    );
    ensure!(near(standard(&[900]), -100.0 * 0.11 / 4.0), "and so has one far behind a window");
    ensure!(
        standard(&[610]) > standard(&[650]) && standard(&[650]) > standard(&[900]),
        "near a window it is cheaper"
    );
    ensure!(near(standard(&[0, 100, 299]), 0.0), "nothing counts during probation");
    ensure!(file().probation() == 300, "probation is 15 % of a file");

    let mixed: Vec<f32> = (0..ROWS).map(|row| (row * 7919 % 1009) as f32 / 100.0).collect();
    let judged = judge(&file(), &mixed);
    for profile in PROFILES {
        let (threshold, best) = best_threshold(&[&judged], profile);
        ensure!(near(best, score_at(&[&judged], threshold, profile)), "optimum and score agree");
        let tried = mixed.iter().map(|score| score_at(&[&judged], *score, profile));
        ensure!(tried.fold(0.0, f64::max) <= best + 1e-9, "no threshold is better than the best");
    }
    Ok(())
}
