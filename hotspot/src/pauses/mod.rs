//! Makes single pauses of counters that only add up.
//!
//! [`Tracker`] compares what was read with what was read before: count and sum of what it returns are always exact, single pauses are
//! exact as long as at most two ended between two looks. [`Join`] gives them their lines in a log, where there is one. [`Pace`] says when
//! to look next. Pure: time is the caller's.

mod join;
mod pace;
#[cfg(test)]
mod tests;
mod tracker;

pub use join::{Join, Line, Share};
pub use pace::Pace;
pub use tracker::{Pauses, Seen, Tally, Tracker};
