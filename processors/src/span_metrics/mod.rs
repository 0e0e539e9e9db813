//! Counts spans: how often each operation of each service is called, how long it takes, and how often it fails, through whose fault.
//!
//! `connector` takes batches and knows when metrics are due, `measuring` walks the spans, `families` says which metrics there are and
//! what tells their series apart, `series` holds the numbers within bounds, `writing` makes OTLP of them. `outcome` reads
//! what a span says about its end.

mod config;
mod connector;
mod families;
mod measuring;
mod outcome;
mod series;
mod telemetry;
mod writing;

#[cfg(test)]
mod tests;

pub(crate) use connector::SpanMetrics;
