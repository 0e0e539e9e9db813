//! Finds the templates behind log lines, tells each record which one it is of, and thins out what repeats.
//!
//! [`miner`] does the finding and knows nothing of telemetry. `services` keeps a miner for each service, `sampling` decides which
//! repeated records stay, `processor` walks the records and writes what was found beside them.
//!
//! Records whose body is no text, and everything else about all records, pass byte for byte as they came.

mod config;
pub mod miner;
mod processor;
mod sampling;
mod services;
mod telemetry;

#[cfg(test)]
mod tests;

pub(crate) use processor::LogTemplates;
