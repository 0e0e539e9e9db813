//! Everything that can stand between a receiver and an exporter.
//!
//! Processors and connectors are state machines: data and time come in as arguments, data goes out through
//! the emitter. No I/O, no clock and no tasks here.

mod actions;
mod aggregation;
pub mod anomaly;
mod attributes;
mod batch;
mod forward;
pub mod log_templates;
mod memory_limiter;
mod operations;
mod probabilistic_sampler;
mod resource;
mod resource_detection;
mod sampling;
mod service_graph;
mod span_metrics;
mod stats;
mod tail_sampling;
#[cfg(test)]
mod testing;

#[cfg(test)]
mod derived_tests;
#[cfg(test)]
mod registry_tests;

use edgewatch_core::factory::{ConnectorFactory, ProcessorFactory};

/// Every processor in this build, in alphabetical order.
pub const PROCESSORS: &[ProcessorFactory] = &[
    ProcessorFactory::of::<anomaly::AnomalyProcessor>(),
    ProcessorFactory::of::<attributes::AttributesProcessor>(),
    ProcessorFactory::of::<batch::Batcher>(),
    ProcessorFactory::of::<log_templates::LogTemplates>(),
    ProcessorFactory::of::<memory_limiter::MemoryLimiter>(),
    ProcessorFactory::of::<probabilistic_sampler::ProbabilisticSampler>(),
    ProcessorFactory::of::<resource::ResourceProcessor>(),
    ProcessorFactory::of::<resource_detection::ResourceDetector>(),
    ProcessorFactory::of::<tail_sampling::TailSampling>(),
];

/// Every connector in this build, in alphabetical order.
pub const CONNECTORS: &[ConnectorFactory] = &[
    ConnectorFactory::of::<forward::Forward>(),
    ConnectorFactory::of::<service_graph::ServiceGraph>(),
    ConnectorFactory::of::<span_metrics::SpanMetrics>(),
];
