//! What only the host can tell: whether the destination can be reached, and the certificates are valid.

use edgewatch_core::probe::{Probe, ProbeContext};
use edgewatch_core::telemetry::Telemetry;

use super::config::Config;
use super::exporter::connector;
use crate::otlp::endpoint::GrpcEndpoint;
use crate::otlp::probe::{self, certificates};

pub(super) fn probes(config: &Config, context: &ProbeContext) -> Vec<Probe> {
    let mut probes = match GrpcEndpoint::parse(&config.endpoint) {
        Ok(endpoint) if config.uses_tls(&endpoint) => certificates(&config.tls, context),
        // `validate` has said what is wrong with it.
        Ok(_) | Err(_) => Vec::new(),
    };
    probes.push(reachable("endpoint", config, context));
    probes.extend(config.sending_queue.probe("sending_queue"));
    probes
}

/// Connects to the destination that `key` names.
pub(crate) fn reachable(key: impl Into<String>, config: &Config, context: &ProbeContext) -> Probe {
    probe::reachable(key, connector(config, &context.host, &Telemetry::default()))
}
