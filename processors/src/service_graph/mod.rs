//! Draws the graph of services from spans: who calls whom, how often, how long that takes, how often it fails, and how many calls one
//! request needs.
//!
//! `connector` takes batches and knows when something is due, `reading` makes sides of calls out of spans, `graph` lets them
//! meet, `store` keeps them until then, `edges` counts calls within bounds, `calls` counts them by trace, and `writing` makes OTLP of it. `table` holds
//! series, `telemetry` what the connector says about itself.

mod calls;
mod config;
mod connector;
mod edges;
mod graph;
mod reading;
mod store;
mod table;
mod telemetry;
mod writing;

#[cfg(test)]
mod tests;

pub(crate) use connector::ServiceGraph;
