//! The benchmark's own rules.
//!
//! A row inside a window is worth the more the earlier it comes; of all detections in a window the best one
//! counts, and a window without any costs a miss. A detection outside costs the more the further behind the last
//! window it comes, and the full price before the first. One threshold serves all files.

use super::corpus::File;

/// What hits, false alarms and misses weigh.
#[derive(Clone, Copy)]
pub(super) struct Profile {
    pub(super) name: &'static str,
    hit: f64,
    alarm: f64,
    miss: f64,
}

/// The three profiles of the benchmark.
pub(super) const PROFILES: [Profile; 3] = [
    Profile { name: "standard", hit: 1.0, alarm: 0.11, miss: 1.0 },
    Profile { name: "low_FP", hit: 1.0, alarm: 0.22, miss: 1.0 },
    Profile { name: "low_FN", hit: 1.0, alarm: 0.11, miss: 2.0 },
];

/// A scored row, and what a detection there is worth before weighting.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) score: f32,
    pub(super) window: Option<usize>,
    worth: f64,
}

/// A file ready to be judged at any threshold.
pub(super) struct Judged {
    pub(super) rows: Vec<Row>,
    pub(super) windows: usize,
}

/// What a file comes to at a threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Outcome {
    /// Above that of a detector which never reports.
    pub(super) gain: f64,
    pub(super) found: usize,
    pub(super) alarms: usize,
}

/// The weight of a position relative to a window: -1 at its left edge, 0 at its right, positive behind it.
fn sigmoid(position: f64) -> f64 {
    if position >= 3.0 { -1.0 } else { 2.0 / (1.0 + (5.0 * position).exp()) - 1.0 }
}

/// Weighs every row of a file after its probation. `scores` has one entry per row.
pub(super) fn judge(file: &File, scores: &[f32]) -> Judged {
    let best = sigmoid(-1.0);
    let mut behind: Option<(usize, f64)> = None;
    let mut windows = file.windows.iter().enumerate().peekable();
    let mut rows = Vec::new();
    for (at, score) in scores.iter().enumerate() {
        let inside = windows.peek().filter(|(_, window)| window.contains(&at)).copied();
        let worth = match (inside, behind) {
            (Some((_, window)), _) => {
                let width = (window.end() - window.start() + 1) as f64;
                sigmoid(-((window.end() - at + 1) as f64) / width) / best
            }
            (None, Some((end, width))) => sigmoid((at - end) as f64 / (width - 1.0)),
            (None, None) => -1.0,
        };
        if at >= file.probation() {
            rows.push(Row { score: *score, window: inside.map(|(index, _)| index), worth });
        }
        if let Some((_, window)) = inside.filter(|(_, window)| *window.end() == at) {
            behind = Some((at, (window.end() - window.start() + 1) as f64));
            windows.next();
        }
    }
    Judged { rows, windows: file.windows.len() }
}

impl Judged {
    /// What the file comes to when every row with at least `threshold` is a detection.
    pub(super) fn at(&self, threshold: f32, profile: Profile) -> Outcome {
        let mut outcome = Outcome::default();
        let mut best: Vec<Option<f64>> = vec![None; self.windows];
        for row in self.rows.iter().filter(|row| row.score >= threshold) {
            match row.window.and_then(|index| best.get_mut(index)) {
                Some(best) => *best = Some(best.map_or(row.worth, |known| known.max(row.worth))),
                None => {
                    outcome.gain += row.worth * profile.alarm;
                    outcome.alarms += 1;
                }
            }
        }
        for worth in best.into_iter().flatten() {
            outcome.gain += profile.miss + worth * profile.hit;
            outcome.found += 1;
        }
        outcome
    }
}

/// The score of a corpus: 0 for a detector that never reports, 100 for one that reports every window at its start.
pub(super) fn normalised(gain: f64, files: &[&Judged], profile: Profile) -> f64 {
    let windows: usize = files.iter().map(|file| file.windows).sum();
    100.0 * gain / (windows as f64 * (profile.hit + profile.miss))
}

/// The score of a corpus at a threshold.
pub(super) fn score_at(files: &[&Judged], threshold: f32, profile: Profile) -> f64 {
    normalised(files.iter().map(|file| file.at(threshold, profile).gain).sum(), files, profile)
}

/// The threshold at which the corpus scores best, and that score: the benchmark's optimisation over all distinct
/// scores, from the highest down.
pub(super) fn best_threshold(files: &[&Judged], profile: Profile) -> (f32, f64) {
    let mut order: Vec<(f32, usize, Row)> = Vec::new();
    for (index, file) in files.iter().enumerate() {
        order.extend(file.rows.iter().filter(|row| row.score > 0.0).map(|row| (row.score, index, *row)));
    }
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut found: Vec<Vec<Option<f64>>> = files.iter().map(|file| vec![None; file.windows]).collect();
    let (mut gain, mut best) = (0.0, (f32::INFINITY, 0.0));
    for (at, (score, file, row)) in order.iter().enumerate() {
        match row.window.and_then(|window| found.get_mut(*file)?.get_mut(window)) {
            None => gain += row.worth * profile.alarm,
            Some(known) => {
                let worth = known.map_or(row.worth, |known| known.max(row.worth));
                gain +=
                    known.map_or(profile.miss + worth * profile.hit, |known| (worth - known) * profile.hit);
                *known = Some(worth);
            }
        }
        let last_of_score = order.get(at + 1).is_none_or(|next| next.0 < *score);
        if last_of_score && gain > best.1 {
            best = (*score, gain);
        }
    }
    (best.0, normalised(best.1, files, profile))
}
