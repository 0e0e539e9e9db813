//! The agent: command line, configuration, pipelines, receivers, extensions, own telemetry.

pub mod cli;
pub mod config;
pub mod deep;
pub mod extensions;
mod page;
pub mod pipeline;
pub mod receivers;
pub mod service;
