//! Scores with all thresholds varied at once: what depends on their exact values would not hold on other logs.

use edgewatch_processors::log_templates::miner::Thresholds;

use super::score::Scores;
use super::{Set, say};

/// Scores `runs` sets of thresholds, each varied by a quarter at most, and by one at least where that is less; returns where the mean is
/// below `least`.
pub(super) fn run(sets: &[Set], runs: usize, least: [f64; 4]) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(5);
    let means: Vec<Scores> = (0..runs)
        .map(|_| {
            let thresholds = varied(&mut random);
            Scores::mean(&sets.iter().map(|set| set.scores(thresholds)).collect::<Vec<_>>())
        })
        .collect();
    let extreme = |pick: fn(f64, f64) -> f64, start: f64| {
        let mut values = [start; 4];
        for scores in &means {
            for (value, other) in values.iter_mut().zip(scores.values) {
                *value = pick(*value, other);
            }
        }
        values
    };
    let mean = Scores::mean(&means);
    say(&format!("{runs} times with other thresholds, mean of means: {:.4?}", mean.values));
    say(&format!("  least {:.4?}, most {:.4?}", extreme(f64::min, 1.0), extreme(f64::max, 0.0)));
    mean.missed("with other thresholds", least)
}

fn varied(random: &mut fastrand::Rng) -> Thresholds {
    let mut thresholds = Thresholds::default();
    for threshold in thresholds.each() {
        let by = (*threshold / 4).max(1);
        *threshold = random.usize(threshold.saturating_sub(by)..=*threshold + by).max(1);
    }
    thresholds
}
