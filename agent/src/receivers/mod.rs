//! Everything that brings telemetry in.

mod host_metrics;

use edgewatch_core::factory::ReceiverFactory;

/// Every receiver in this build, in alphabetical order.
pub const RECEIVERS: &[ReceiverFactory] = &[ReceiverFactory::of::<host_metrics::HostMetrics>()];
