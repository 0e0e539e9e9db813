//! What only the host can tell: whether there is as much memory as the limit says.

use edgewatch_core::host::Host;
use edgewatch_core::memory;
use edgewatch_core::probe::{Fault, Probe, ProbeContext, Trouble};

use super::config::Config;

pub(super) fn probes(config: &Config, context: &ProbeContext) -> Vec<Probe> {
    let (key, config, host) = (key(config), config.clone(), context.host.clone());
    vec![Probe::blocking(key, "the memory of this host", move || look(&config, host.as_ref()))]
}

fn key(config: &Config) -> &'static str {
    if config.is_relative() { "limit_percentage" } else { "limit_mib" }
}

pub(super) fn look(config: &Config, host: &dyn Host) -> Result<(), Trouble> {
    match memory::total(host) {
        None if config.is_relative() => {
            let fact = "the memory of this host cannot be read from /proc/meminfo";
            Err(Fault::new(fact, "set limit_mib instead").error_at(key(config)))
        }
        Some(total) if config.limits(total).hard > total => {
            let fact = format!("this is more than the {} MiB that the agent may use here", total >> 20);
            let help =
                "lower it, or raise the limit of the control group; limit_percentage follows that by itself";
            Err(Fault::new(fact, help).warning_at(key(config)))
        }
        Some(_) | None => Ok(()),
    }
}
