//! Finds the templates behind log lines, tells each record which one it is of, and thins out what repeats.
//!
//! [`miner`] does the finding and knows nothing of telemetry. `services` keeps a miner for each service (`identity`), `processor` walks
//! the records and writes what was found beside them. `surprise` says how unlikely a record is by its template, `sampling` which of
//! many like records stay. `counts` counts records by template and severity, `metrics` emits that for other pipelines, with the time
//! that `aggregation::Pace` takes from records. `learned` is what outlives a restart.
//!
//! Bursts and silences of templates are not looked for here: the counts are series, and those are scored by the `anomaly` processor.
//!
//! Records whose body is no text, and everything else about all records, pass byte for byte as they came.

mod config;
mod counts;
mod identity;
mod learned;
mod metrics;
pub mod miner;
mod processor;
mod sampling;
mod services;
mod surprise;
mod telemetry;

#[cfg(test)]
mod tests;

pub(crate) use processor::LogTemplates;
