//! What the agent itself needs: the ports of its own metrics, and where they are sent.

use edgewatch_core::probe::{Fault, Probe, ProbeContext};
use http::Uri;
use tokio::net::TcpStream;

use crate::config::telemetry::Telemetry;
use crate::page;
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
    probes.extend(push::settings(telemetry).into_iter().map(|settings| reachable(settings.endpoint)));
    probes
}

/// Whether somebody listens where metrics are sent to.
fn reachable(endpoint: String) -> Probe {
    Probe::new(READERS, format!("the connection to {endpoint}"), async move {
        let wrong = |fact: String, help: &str| Err(Fault::new(fact, help).error_at(READERS));
        let Ok(uri) = endpoint.parse::<Uri>() else {
            return wrong(format!("{endpoint} is not a URL"), "write it as http://host:port");
        };
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        match TcpStream::connect((host, port)).await {
            Ok(_) => Ok(()),
            Err(error) => wrong(
                format!("cannot connect to {host}:{port}, where own metrics are sent: {error}"),
                "check host and port, and whether the destination runs",
            ),
        }
    })
}
