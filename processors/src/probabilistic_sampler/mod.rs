//! Keeps a share of spans or log records, all of a trace or none, decided from its id: as the Collector decides, bit for bit.
//!
//! `sampler` is the decision, over what `spans` and `records` read from an item and write into it. `processor` goes through the
//! requests. With `keep_anomalies` spans that are unusual for their operation stay as well.

mod config;
mod processor;
mod records;
mod sampler;
mod spans;
mod telemetry;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use processor::ProbabilisticSampler;
