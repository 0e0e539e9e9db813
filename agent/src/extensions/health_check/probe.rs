//! What only the host can tell: whether the port is free.

use edgewatch_core::probe::{Probe, ProbeContext};

use super::config::Config;
use crate::page;

pub(super) fn probes(config: &Config, context: &ProbeContext) -> Vec<Probe> {
    let port = config.endpoint.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or_default();
    vec![page::probe("endpoint", &config.endpoint, port, format!("extensions.{}", context.id), context)]
}
