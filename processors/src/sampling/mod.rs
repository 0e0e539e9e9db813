//! What the samplers share: hashes, thresholds of probability sampling, the trace state, and writing what was kept.

mod bucket;
mod fnv;
mod rebuild;
mod threshold;
mod trace_state;

#[cfg(test)]
mod tests;

pub(crate) use bucket::TokenBucket;
pub(crate) use fnv::{FNV_START, fnv1a_32, fnv1a_64};
pub(crate) use rebuild::{Fate, rebuild};
pub(crate) use threshold::{Randomness, Threshold};
pub(crate) use trace_state::{TraceState, state_value};
