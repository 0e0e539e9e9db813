//! Everything that sends telemetry away, and what stands around it: queue and retry.
//!
//! Exporters know nothing of receivers and processors.

pub mod journal;
pub mod queue;
pub mod web;

mod calendar;
#[cfg(test)]
mod config_tests;
mod debug;
mod file;
mod load_balancing;
mod otlp;
mod otlp_grpc;
mod otlp_http;
mod retry;
mod start;
mod tls;

#[cfg(test)]
mod registry_tests;

pub use start::start;

use edgewatch_core::factory::ExporterFactory;

/// Every exporter in this build, in alphabetical order.
pub const EXPORTERS: &[ExporterFactory] = &[
    ExporterFactory::of::<debug::DebugExporter>(),
    ExporterFactory::of::<file::FileExporter>(),
    ExporterFactory::group::<load_balancing::LoadBalancing>(),
    ExporterFactory::of::<otlp_grpc::OtlpGrpc>(),
    ExporterFactory::of::<otlp_http::OtlpHttp>(),
];
