//! Requests of one hundred numbered items, as agents meet them: spans of about 460 bytes and log records of about 424
//! with ten attributes each, data points of about 240.
//!
//! A [`Template`] is encoded once; making the next request only overwrites the numbers in place, so that a generator
//! costs next to nothing. [`numbers`] reads the numbers back from decoded requests, and a [`Tally`] compares them with
//! what was sent.

mod messages;
mod numbers;
mod tally;
mod template;
#[cfg(test)]
mod tests;

pub use numbers::{log_numbers, metric_numbers, trace_numbers};
pub use tally::Tally;
pub use template::{ITEMS_PER_REQUEST, Template};
