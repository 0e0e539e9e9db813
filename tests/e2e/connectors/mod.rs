//! Connectors that make one signal of another.

mod span_metrics;
