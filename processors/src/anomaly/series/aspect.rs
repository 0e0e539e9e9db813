//! What of a data point is scored.

/// A number that a data point of a series gives. Each aspect of a series is scored on its own.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Aspect {
    /// The value of a gauge, or of a sum that also falls.
    Value,
    /// Increase per second of a monotonic sum.
    Rate,
    /// Measurements per second, of a histogram or summary.
    Count,
    /// Median of the measurements since the point before.
    Median,
    /// 99th percentile of the measurements since the point before.
    High,
}

/// One number to be scored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// What of the series it is.
    pub aspect: Aspect,
    /// Nanoseconds since 1970.
    pub time: u64,
    /// The number. Finite.
    pub value: f64,
}
