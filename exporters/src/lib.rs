//! Everything that sends telemetry away, and what stands around it: queue and retry.
//!
//! Exporters know nothing of receivers and processors.

use edgewatch_core::factory::ExporterFactory;

/// Every exporter in this build, in alphabetical order.
pub const EXPORTERS: &[ExporterFactory] = &[];
