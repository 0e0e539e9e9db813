//! What only the host can tell: whether each destination can be reached, and the certificates are valid.

use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Fault, Probe, ProbeContext};

use super::config::{Config, Dns, with_port};
use crate::otlp_grpc;

pub(super) fn probes(config: &Config, context: &ProbeContext) -> Vec<Probe> {
    let fixed = config.resolver.fixed.iter().flat_map(|fixed| fixed.hostnames.iter().enumerate());
    let destination = |(index, host): (usize, &String)| {
        let key = format!("resolver.static.hostnames.{index}");
        otlp_grpc::reachable(key, &config.exporter(&with_port(host)), context)
    };
    let mut probes: Vec<Probe> = fixed.map(destination).collect();
    // The certificates are the same for all.
    let of_one = config.exporter("localhost:4317").probes(context).into_iter();
    let certificates = of_one.filter(|probe| probe.key().starts_with("tls"));
    probes.extend(certificates.map(|probe| probe.under("protocol.otlp")));
    let queue = match &config.sending_queue {
        Some(_) => "sending_queue",
        None => "protocol.otlp.sending_queue",
    };
    probes.extend(config.delivery().queue.probe(queue));
    probes.extend(config.resolver.dns.as_ref().map(resolved));
    probes
}

fn resolved(dns: &Dns) -> Probe {
    const KEY: &str = "resolver.dns.hostname";
    let (name, port) = (dns.hostname.clone(), dns.port().unwrap_or_default());
    Probe::new(KEY, format!("the addresses of {name}"), async move {
        let wrong =
            |fact: String| Err(Fault::new(fact, "check the name, and the DNS of this host").error_at(KEY));
        match tokio::net::lookup_host((name.as_str(), port)).await {
            Ok(addresses) => match addresses.count() {
                0 => wrong(format!("{name} has no addresses")),
                _ => Ok(()),
            },
            Err(error) => wrong(format!("{name} cannot be looked up: {error}")),
        }
    })
}
