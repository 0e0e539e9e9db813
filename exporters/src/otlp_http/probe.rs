//! What only the host can tell: whether the destinations can be reached, and the certificates are valid.

use edgewatch_core::Signal;
use edgewatch_core::probe::{Probe, ProbeContext};
use edgewatch_core::telemetry::Telemetry;
use http::Uri;

use super::config::Config;
use super::exporter::connector;
use crate::otlp::probe::{certificates, reachable};

pub(super) fn probes(config: &Config, context: &ProbeContext) -> Vec<Probe> {
    let mut seen: Vec<Uri> = Vec::new();
    let mut probes = Vec::new();
    for signal in Signal::ALL {
        let Ok(Some(uri)) = config.url(signal) else { continue };
        let same_host = |other: &Uri| other.scheme() == uri.scheme() && other.authority() == uri.authority();
        if seen.iter().any(same_host) {
            continue;
        }
        probes.push(reachable(
            config.endpoint_key(signal),
            connector(config, &uri, &context.host, &Telemetry::default()),
        ));
        seen.push(uri);
    }
    if seen.iter().any(|uri| uri.scheme_str() == Some("https")) {
        probes.extend(certificates(&config.tls, context));
    }
    probes.extend(config.sending_queue.probe("sending_queue"));
    probes
}
