//! Scores metric series: how unlikely is what a series does now, by what it did before?
//!
//! [`series`] finds the series in telemetry and reads numbers off their points, [`detector`] scores one series, and [`discovery`]
//! decides how unlikely a score must be among all series of a host to be an event.
//!
//! The processor holds them together: `scoring` takes each point to its series and each score to what is told of it. `table` knows
//! the series, within a limit of bytes; `rules` says how each is treated, `clock` how time passes, by the data. `ongoing` are the
//! anomalies that are on, `rates` how many series of a host or service are anomalous, `derived` writes all that as telemetry, with the words
//! of `sentence` and `quantity`, and `learned` keeps it through restarts.
//!
//! Telemetry passes byte for byte as it came. What comes out is decided by what came in, in its order, and by nothing else: only
//! that nothing comes, or nothing that is level with the clock, is noticed by the time of the host.

mod clock;
mod config;
mod derived;
pub mod detector;
pub mod discovery;
mod learned;
mod ongoing;
mod processor;
mod quantity;
mod rates;
mod rules;
mod scoring;
mod sentence;
pub mod series;
mod table;
mod telemetry;

#[cfg(test)]
mod tests;

pub(crate) use processor::AnomalyProcessor;
