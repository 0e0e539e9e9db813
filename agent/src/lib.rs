//! The agent: command line, configuration, pipelines, receivers, extensions, own telemetry.

pub mod extensions;
pub mod receivers;
