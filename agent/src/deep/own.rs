//! What the agent itself needs: the ports of its own metrics, and where they are sent.

use edgewatch_core::probe::{Probe, ProbeContext};

use crate::config::telemetry::Telemetry;
use crate::page;
use crate::reach;
use crate::service::metrics::push;

/// Where the settings stand.
pub(super) const PATH: &str = "service.telemetry";

const READERS: &str = "metrics.readers";

pub(super) fn probes(telemetry: &Telemetry, context: &ProbeContext) -> Vec<Probe> {
    let key = if telemetry.metrics.address.is_some() { "metrics.address" } else { READERS };
    let listeners = telemetry.metrics.listeners().into_iter();
    let mut probes: Vec<Probe> = listeners
        .map(|(host, port)| {
            page::probe(key, &page::address(&host, port), port, format!("{PATH}.{key}"), context)
        })
        .collect();
    probes.extend(
        push::settings(telemetry)
            .into_iter()
            .map(|settings| reach::probe(READERS, &settings.endpoint, "where own metrics are sent")),
    );
    probes
}
