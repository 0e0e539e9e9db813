//! Everything that brings telemetry in.

mod otlp;

use edgewatch_core::factory::ReceiverFactory;

/// Every receiver in this build, in alphabetical order.
pub const RECEIVERS: &[ReceiverFactory] = &[ReceiverFactory::of::<otlp::OtlpReceiver>()];
