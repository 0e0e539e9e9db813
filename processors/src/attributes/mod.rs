//! Changes the attributes of spans, log records and data points, of all of them or of those that match.

mod config;
mod match_config;
mod matcher;
mod names;
mod processor;

#[cfg(test)]
mod tests;

pub(crate) use processor::AttributesProcessor;
