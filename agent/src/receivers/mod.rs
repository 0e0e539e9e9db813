//! Everything that brings telemetry in.

use edgewatch_core::factory::ReceiverFactory;

/// Every receiver in this build, in alphabetical order.
pub const RECEIVERS: &[ReceiverFactory] = &[];
