//! What only the host can tell: whether pages can be reached, and logs be read.

use std::fs;
use std::net::IpAddr;
use std::sync::Arc;

use edgewatch_core::kernel::Paths;
use edgewatch_core::probe::{Fault, Probe, ProbeContext, Trouble, readable_directory};

use super::config::{Config, Endpoint};
use super::instances::{Instance, Search};
use crate::reach;

pub(super) fn probes(config: &Config, context: &ProbeContext) -> Vec<Probe> {
    const KEY: &str = "root_path";
    let paths = Paths::find(&config.root_path, context.host.as_ref());
    let wants_logs = config.logs.access || config.logs.juli;
    // A configuration that cannot be built is told of before.
    let search = Search::new(&paths, config, &context.id);
    let tomcats = Probe::blocking(KEY, format!("the Tomcats in {}", paths.proc.display()), move || {
        if !paths.proc.join("stat").exists() {
            let fact = format!("there is no proc file system at {}", paths.proc.display());
            let help = "mount the host's / into the container and name that directory, or set HOST_PROC";
            return Err(Fault::new(fact, help).error_at(KEY));
        }
        let found = search.ok().and_then(|mut search| search.look()).unwrap_or_default();
        match wants_logs {
            true => found.iter().try_for_each(logs),
            false => Ok(()),
        }
    });
    let status = config.status.iter().map(|status| ("status", status.page()));
    let proxies = config.jmx_proxy.iter().map(|proxy| ("jmx_proxy", proxy.clone()));
    let pages = status.chain(proxies).flat_map(|(key, page)| {
        let reached = reach::probe(key, &page.endpoint, "which has the manager application of a Tomcat");
        [Some(reached), in_clear(key, &page)]
    });
    std::iter::once(tomcats).chain(pages.flatten()).collect()
}

/// Whether the logs of a Tomcat may be read.
fn logs(instance: &Arc<Instance>) -> Result<(), Trouble> {
    let directory = instance.seen(&instance.base.join("logs"));
    match fs::metadata(&directory) {
        // Some keep them elsewhere.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Ok(_) | Err(_) => {}
    }
    let help = "; without root, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH are needed";
    readable_directory(&directory).map_err(|fault| fault.and(help).warning_at("logs"))
}

/// Whether a password would cross the network for everybody to read.
fn in_clear(key: &'static str, page: &Endpoint) -> Option<Probe> {
    let uri = page.uri()?;
    let host = uri.host()?.trim_matches(['[', ']']);
    let is_local = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    if is_local || page.password.is_empty() || uri.scheme_str() == Some("https") {
        return None;
    }
    let fact = format!("the password for {} is sent in clear text", page.endpoint);
    Some(Probe::new(key, format!("the password for {}", page.endpoint), async move {
        Err(Fault::new(fact, "use https://, or an agent on the host of that Tomcat").warning_at(key))
    }))
}
