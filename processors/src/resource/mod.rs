//! Changes the attributes of resources: what produced the telemetry. The spans, points and records below them
//! are not looked at.

mod config;
mod processor;

#[cfg(test)]
mod tests;

pub(crate) use processor::ResourceProcessor;
