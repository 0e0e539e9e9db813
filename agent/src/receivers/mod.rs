//! Everything that brings telemetry in.

mod file_log;
mod host_metrics;
mod jvm;
mod otlp;
mod tomcat;

use edgewatch_core::factory::ReceiverFactory;
#[cfg(feature = "fuzzing")]
pub(crate) use tomcat::fuzzing;

/// Every receiver in this build, in alphabetical order.
pub const RECEIVERS: &[ReceiverFactory] = &[
    ReceiverFactory::of::<file_log::FileLog>(),
    ReceiverFactory::of::<host_metrics::HostMetrics>(),
    ReceiverFactory::of::<jvm::Jvm>(),
    ReceiverFactory::of::<otlp::OtlpReceiver>(),
    ReceiverFactory::of::<tomcat::Tomcat>(),
];
