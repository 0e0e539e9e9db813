//! From a reported score to a probability: one fixed table for all series.

/// Reported scores, and the logarithm of the probability of as much or more in a step without an anomaly.
///
/// Fitted on the points of the development half of the Numenta Anomaly Benchmark that lie outside labelled windows,
/// over 64 runs with all constants varied. The table errs to the safe side: a score has the probability that was
/// measured times 1.3 to 1.4. Below 3e-5 it goes on as it came.
const TABLE: [(f32, f32); 11] = [
    (0.0, 0.0),
    (12.0, -3.912_0),
    (15.8, -4.605_2),
    (19.1, -5.298_3),
    (23.4, -6.214_6),
    (26.7, -6.907_8),
    (30.0, -7.600_9),
    (34.9, -8.517_2),
    (38.3, -9.210_3),
    (44.4, -10.414_3),
    (360.0, LEAST),
];

/// No score is less likely than this: all channels at their limit.
const LEAST: f32 = -60.0;

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
