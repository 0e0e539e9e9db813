//! Connectors that make one signal of another.

mod service_graph;
mod span_metrics;
