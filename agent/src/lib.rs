//! The agent: command line, configuration, pipelines, receivers, routing connectors, extensions, own telemetry.

pub mod cli;
pub mod config;
pub mod connectors;
pub mod deep;
pub mod extensions;
pub mod jvm;
mod measuring;
mod page;
pub mod pipeline;
pub mod queue;
mod reach;
pub mod receivers;
pub mod service;
mod table;
#[allow(dead_code, unused_imports, reason = "an engine offers more than one receiver uses")]
mod tailing;
