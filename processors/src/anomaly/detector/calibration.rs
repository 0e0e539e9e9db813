//! From a reported score to a probability: one fixed table for all series.

/// Reported scores, and the logarithm of the probability of as much or more in a step without an anomaly.
///
/// Down to 1e-4 fitted on the points of the development half of the Numenta Anomaly Benchmark that lie outside labelled windows. The 9 million
/// steps of replayed hosts (`tests/eval/replay`) gave the same scores within one at each of these probabilities, so from there to 3e-7, where
/// the benchmark has no points, the table follows the replay. It goes on as it came. The table errs to the safe side: a score has 1.35 times the
/// probability that was measured.
const TABLE: [(f32, f32); 15] = [
    (0.0, 0.0),
    (15.0, -3.810),
    (17.5, -4.305),
    (21.0, -4.998),
    (25.9, -5.914),
    (29.6, -6.608),
    (32.8, -7.301),
    (37.4, -8.217),
    (40.6, -8.910),
    (51.0, -10.114),
    (62.0, -11.213),
    (74.0, -12.417),
    (93.0, -13.516),
    (113.0, -14.720),
    (450.0, LEAST),
];

/// No score is less likely than this: all channels at their limit.
const LEAST: f32 = -35.0;

/// The logarithm of the probability of a reported score: linear between the entries of the table.
pub(super) fn ln_probability(score: f32) -> f32 {
    TABLE
        .windows(2)
        .find_map(|pair| match pair {
            [(low, from), (high, to)] if score < *high => {
                Some(from + (to - from) * ((score - low) / (high - low)).max(0.0))
            }
            _ => None,
        })
        .unwrap_or(LEAST)
}
