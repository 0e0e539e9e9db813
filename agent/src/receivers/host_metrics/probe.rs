//! What only the host can tell: whether the kernel's files are where they are looked for.

use edgewatch_core::probe::{Fault, Probe, ProbeContext, readable, readable_directory};

use super::config::Config;
use edgewatch_core::kernel::Paths;

pub(super) fn probes(config: &Config, context: &ProbeContext) -> Vec<Probe> {
    const KEY: &str = "root_path";
    let paths = Paths::find(&config.root_path, context.host.as_ref());
    let foreign = paths.is_foreign();
    vec![Probe::blocking(KEY, format!("{}", paths.proc.display()), move || {
        if foreign {
            readable_directory(&paths.root).map_err(|fault| fault.error_at(KEY))?;
        }
        if readable(&paths.proc.join("stat")).is_err() {
            let fact = format!("there is no proc file system at {}", paths.proc.display());
            let help = "mount the host's / into the container and name that directory, or set HOST_PROC";
            return Err(Fault::new(fact, help).error_at(KEY));
        }
        readable_directory(&paths.sys).map_err(|fault| fault.warning_at(KEY))
    })]
}
