//! The agent: command line, configuration, pipelines, receivers, routing connectors, extensions, own telemetry.

pub mod cli;
pub mod config;
pub mod connectors;
pub mod deep;
pub mod extensions;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod jvm;
mod measuring;
mod page;
pub mod pipeline;
pub mod queue;
mod reach;
pub mod receivers;
pub mod score;
pub mod service;
mod state;
mod table;
mod tailing;
pub mod templates;
mod text_file;
