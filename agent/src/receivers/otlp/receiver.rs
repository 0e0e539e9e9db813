//! The receiver: built from its settings, opened, run.

use std::sync::Arc;

use async_trait::async_trait;
use edgewatch_core::Signal;
use edgewatch_core::budget::Budget;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ReceiverSpec};
use edgewatch_core::receiver::{Outlets, ReceiveError, Receiver};
use edgewatch_core::telemetry::Telemetry;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::config::{Config, GrpcConfig, HttpConfig, Place};
use super::grpc;
use super::intake::Intake;
use super::server::{Limits, Listener, Server, Tls};
use super::telemetry::ReceiverTelemetry;

/// Takes OTLP over gRPC and HTTP.
pub(crate) struct OtlpReceiver {
    id: String,
    budget: Budget,
    telemetry: Telemetry,
    pub(super) grpc: Option<Port<GrpcConfig>>,
}

/// One protocol: its settings and its socket.
pub(super) struct Port<C> {
    config: C,
    tls: Option<Arc<Tls>>,
    pub(super) listener: Option<Listener>,
}

impl ReceiverSpec for OtlpReceiver {
    const NAME: &'static str = "otlp";
    const SIGNALS: &'static [Signal] = &Signal::ALL;
    const ABOUT: &'static str = "Takes OTLP from SDKs, agents and collectors over gRPC and HTTP";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        todo!()
    }
}
