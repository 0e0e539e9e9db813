//! How well templates agree with the truth.

use std::collections::HashMap;
use std::fmt;

use anyhow::ensure;

/// GA, FGA, PA and FTA.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Scores {
    pub(super) values: [f64; 4],
    found: usize,
    there: usize,
}

const NAMES: [&str; 4] = ["GA", "FGA", "PA", "FTA"];

impl Scores {
    pub(super) const HEAD: &'static str = "    GA    FGA     PA    FTA   templates found / there";

    pub(super) fn mean(all: &[Self]) -> Self {
        let mut mean = Self::default();
        for scores in all {
            for (sum, value) in mean.values.iter_mut().zip(scores.values) {
                *sum += value / all.len() as f64;
            }
            mean.found += scores.found;
            mean.there += scores.there;
        }
        mean
    }

    /// What is below `least`.
    pub(super) fn missed(&self, name: &str, least: [f64; 4]) -> Vec<String> {
        NAMES
            .into_iter()
            .zip(self.values.into_iter().zip(least))
            .filter(|(_, (value, least))| value < least)
            .map(|(metric, (value, least))| format!("{name}: {metric} {value:.4} is below {least}"))
            .collect()
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for value in self.values {
            write!(f, "{value:>6.4} ")?;
        }
        write!(f, "  {} / {}", self.found, self.there)
    }
}

/// Compares the template of each line with the true one.
pub(super) fn score(truth: &[String], mined: &[String]) -> Scores {
    let mut by_truth: HashMap<&str, HashMap<&str, usize>> = HashMap::new();
    let mut by_mined: HashMap<&str, HashMap<&str, usize>> = HashMap::new();
    for (truth, mined) in truth.iter().zip(mined) {
        *by_truth.entry(truth).or_default().entry(mined).or_default() += 1;
        *by_mined.entry(mined).or_default().entry(truth).or_default() += 1;
    }
    let groups = by_truth.values().filter_map(|mined| {
        let mut mined = mined.iter();
        let (text, lines) = mined.next()?;
        (mined.next().is_none() && by_mined.get(text)?.len() == 1).then_some(*lines)
    });
    let groups: Vec<usize> = groups.collect();
    let exact = by_mined.iter().filter(|(text, truth)| truth.len() == 1 && truth.contains_key(*text)).count();
    let right = truth.iter().zip(mined).filter(|(truth, mined)| truth == mined).count();
    let lines = truth.len().max(1) as f64;
    let f1 = |right: usize| 2.0 * right as f64 / (by_truth.len() + by_mined.len()).max(1) as f64;
    Scores {
        values: [
            groups.iter().sum::<usize>() as f64 / lines,
            f1(groups.len()),
            right as f64 / lines,
            f1(exact),
        ],
        found: by_mined.len(),
        there: by_truth.len(),
    }
}

/// Checks the scorer on a case that is worked out by hand.
pub(super) fn check() -> anyhow::Result<()> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let truth = texts(&["a <*>", "a <*>", "b", "c <*>", "c <*>", "d"]);
    // `a` is one group with another text, `b` and `d` are exact, `c` fell apart, with one text right.
    let mined = texts(&["a 1", "a 1", "b", "c <*>", "c 2", "d"]);
    let scores = score(&truth, &mined);
    let expected = [4.0 / 6.0, 2.0 * 3.0 / 9.0, 3.0 / 6.0, 2.0 * 3.0 / 9.0];
    ensure!(
        scores.values.iter().zip(expected).all(|(value, expected)| (value - expected).abs() < 1e-12),
        "the scorer says {scores}"
    );
    Ok(())
}
