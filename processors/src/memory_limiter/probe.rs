//! What only the host can tell: whether there is as much memory as the limit says.

use edgewatch_core::memory;
use edgewatch_core::probe::{Fault, Probe, ProbeContext};

use super::config::Config;

pub(super) fn probes(config: &Config, context: &ProbeContext) -> Vec<Probe> {
    let (key, relative) = match config.is_relative() {
        true => ("limit_percentage", true),
        false => ("limit_mib", false),
    };
    let (config, host) = (config.clone(), context.host.clone());
    vec![Probe::blocking(key, "the memory of this host", move || match memory::total(host.as_ref()) {
        None if relative => {
            let fact = "the memory of this host cannot be read from /proc/meminfo";
            Err(Fault::new(fact, "set limit_mib instead").error_at(key))
        }
        Some(total) if config.limits(total).hard > total => {
            let fact = format!("this is more than the {} MiB that the agent may use here", total >> 20);
            let help =
                "lower it, or raise the limit of the control group; limit_percentage follows that by itself";
            Err(Fault::new(fact, help).warning_at(key))
        }
        Some(_) | None => Ok(()),
    })]
}
